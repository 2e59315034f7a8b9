//! Streams that are passed on.

use super::*;

#[tokio::test]
async fn a_stream_is_passed_on_as_it_arrives() {
    let slow = Reply::chunks(&[
        delta(json!({"role": "assistant", "content": ""})),
        delta(json!({"content": "Hel"})),
    ])
    .then(Piece::Wait(Duration::from_millis(300)))
    .then(Piece::Data(format!("data: {}\n\nda", delta(json!({"content": "lo"})))))
    .then(Piece::Data(format!("ta: {}\n\ndata: {}\n\n", finish("stop"), counted())))
    .done();
    let openai = OpenAi::start(vec![slow]).await;
    let (_stub, client) = forwarding(&openai.url, Some("llama")).await;

    let started = Instant::now();
    let call = client.converse_stream().model_id(MODEL).messages(user("hi"));
    let mut stream = call.send().await.unwrap().stream;
    let mut said = Vec::new();
    let mut tail = Vec::new();
    while let Some(event) = stream.recv().await.unwrap() {
        match event {
            ConverseStreamOutput::ContentBlockDelta(delta) => {
                said.push((delta.delta().unwrap().as_text().unwrap().clone(), started.elapsed()));
            }
            ConverseStreamOutput::MessageStop(stop) => tail.push(stop.stop_reason().as_str().to_owned()),
            ConverseStreamOutput::Metadata(metadata) => {
                tail.push(format!("{} in", metadata.usage().unwrap().input_tokens()));
            }
            _ => {}
        }
    }
    assert_eq!(said.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>(), ["Hel", "lo"]);
    assert!(said[0].1 < Duration::from_millis(250), "the first delta was held back: {said:?}");
    assert!(said[1].1 >= Duration::from_millis(300));
    assert_eq!(tail, ["end_turn", "12 in"]);
    let (_, asked) = &openai.asked()[0];
    assert_eq!((&asked["stream"], &asked["stream_options"]), (&json!(true), &json!({"include_usage": true})));
}

/// Tool names, joined inputs by block, and the stop reason of a stream.
async fn tools_of(client: &Client, config: ToolConfiguration) -> (Vec<String>, Vec<String>, String) {
    let call = client.converse_stream().model_id(MODEL).messages(user("hi")).tool_config(config);
    let mut stream = call.send().await.unwrap().stream;
    let (mut names, mut inputs, mut reason) = (Vec::new(), Vec::new(), String::new());
    while let Some(event) = stream.recv().await.unwrap() {
        match event {
            ConverseStreamOutput::ContentBlockStart(start) => match start.start().unwrap() {
                ContentBlockStart::ToolUse(tool) => {
                    assert_eq!(usize::try_from(start.content_block_index()).unwrap(), names.len());
                    names.push(tool.name().to_owned());
                    inputs.push(String::new());
                }
                other => panic!("unexpected {other:?}"),
            },
            ConverseStreamOutput::ContentBlockDelta(delta) => match delta.delta().unwrap() {
                ContentBlockDelta::ToolUse(tool) => {
                    inputs[usize::try_from(delta.content_block_index()).unwrap()].push_str(tool.input());
                }
                other => panic!("unexpected {other:?}"),
            },
            ConverseStreamOutput::MessageStop(stop) => reason = stop.stop_reason().as_str().to_owned(),
            _ => {}
        }
    }
    (names, inputs, reason)
}

#[tokio::test]
async fn streamed_tool_calls_become_blocks() {
    let first =
        json!({"index": 0, "id": "a", "type": "function", "function": {"name": "score", "arguments": ""}});
    let second = json!({"index": 1, "id": "b", "function": {"name": "score", "arguments": "{}"}});
    let arguments = |text: &str| json!({"index": 0, "function": {"arguments": text}});
    let chunks = [
        delta(json!({"tool_calls": [first]})),
        delta(json!({"tool_calls": [arguments("{\"sco")]})),
        delta(json!({"tool_calls": [arguments("re\": 1}")]})),
        delta(json!({"tool_calls": [second]})),
        // Some servers send `stop` here.
        finish("stop"),
        counted(),
    ];
    let openai = OpenAi::start(vec![Reply::chunks(&chunks).done()]).await;
    let (_stub, client) = forwarding(&openai.url, Some("llama")).await;
    let any = tools(ToolChoice::Any(AnyToolChoice::builder().build()));
    let (names, inputs, reason) = tools_of(&client, any).await;
    assert_eq!(names, ["score", "score"]);
    assert_eq!(inputs, ["{\"score\": 1}", "{}"]);
    assert_eq!(reason, "tool_use");
}

#[tokio::test]
async fn a_streamed_forced_tool_comes_from_the_text() {
    let chunks = [
        delta(json!({"content": "{\"score\""})),
        delta(json!({"content": ": 1}"})),
        finish("stop"),
        counted(),
    ];
    let openai = OpenAi::start(vec![Reply::chunks(&chunks).done()]).await;
    let (_stub, client) = forwarding(&openai.url, Some("llama")).await;
    let (names, inputs, reason) = tools_of(&client, forced()).await;
    assert_eq!((names, inputs), (vec!["score".to_owned()], vec!["{\"score\": 1}".to_owned()]));
    assert_eq!(reason, "tool_use");
}

#[tokio::test]
async fn a_stream_that_breaks_ends_with_an_exception() {
    let hello = || Reply::chunks(&[delta(json!({"content": "Hel"}))]);
    let failed = json!({"error": {"message": "out of memory"}});
    let replies = vec![
        hello().then(Piece::Wait(Duration::from_millis(20))).then(Piece::Break),
        hello(),
        hello().then(Piece::Data(format!("data: {failed}\n\n"))),
        hello().then(Piece::Data("data: {{{\n\n".to_owned())),
        hello().then(Piece::Wait(Duration::from_secs(3))),
    ];
    let original_statuses = [502, 502, 500, 502, 408];
    let openai = OpenAi::start(replies).await;
    let (_stub, client) = forwarding(&openai.url, Some("llama")).await;
    for original_status in original_statuses {
        let call = client.converse_stream().model_id(MODEL).messages(user("hi"));
        let mut stream = call.send().await.unwrap().stream;
        let mut said = String::new();
        let error = loop {
            match stream.recv().await {
                Ok(Some(ConverseStreamOutput::ContentBlockDelta(delta))) => {
                    said.push_str(delta.delta().unwrap().as_text().unwrap());
                }
                Ok(Some(ConverseStreamOutput::MessageStart(_))) => {}
                Ok(other) => panic!("unexpected {other:?}"),
                Err(error) => break error.into_service_error(),
            }
        };
        assert_eq!(said, "Hel");
        let ConverseStreamOutputError::ModelStreamErrorException(error) = error else {
            panic!("unexpected {error:?}");
        };
        assert_eq!(error.original_status_code(), Some(original_status));
    }
}
