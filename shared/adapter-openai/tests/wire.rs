//! The gateway against the model server and against hand-made answers: requests, ends of answers, failures.

use crate::support;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{
    KEY, answer, call, embedding, events, everything_said, gateway, key, read, server, settings,
};
use adapter_openai::{
    InputTypeNames, OpenAiGateway, OpenAiProviders, OpenAiSettings, ProviderFailure, TokenLimit,
};
use futures_util::StreamExt;
use model_stub::{Step, Stub};
use ports::{
    Delta, EmbeddingCall, EmbeddingGateway, Guardrail, InputType, Message, ModelCall, ModelError,
    ModelGateway, Role, StopReason, StreamingModelGateway, Usage,
};
use serde_json::{Value, json};

async fn stub(steps: Vec<Step>) -> (Stub, OpenAiGateway) {
    let stub = Stub::start().await.unwrap();
    stub.script(steps).unwrap();
    let gateway = gateway(stub.url());
    (stub, gateway)
}

#[tokio::test]
async fn sends_everything_the_call_holds() {
    let (stub, gateway) = stub(vec![Step::tool_input(json!({"score": 81}))]).await;
    let schema = json!({"type": "object", "properties": {"score": {"type": "integer", "maximum": 100}}});
    let call = ModelCall {
        messages: vec![
            Message::text(Role::User, "one".to_owned()),
            Message::text(Role::Assistant, "two".to_owned()),
            Message::text(Role::User, "three".to_owned()),
        ],
        output_schema: Some(schema.clone()),
        top_p: Some(0.9),
        stop: vec!["END".to_owned()],
        ..call()
    };
    let answer = gateway.converse(&call).await.unwrap();
    assert_eq!(serde_json::from_str::<Value>(&answer.text).unwrap(), json!({"score": 81}));
    assert_eq!(answer.stop, StopReason::EndTurn);
    let sent = &stub.calls()[0];
    assert_eq!((sent.model_id.as_str(), sent.operation), ("gpt-4.1", "chat/completions"));
    assert_eq!(
        sent.body,
        json!({
            "model": "gpt-4.1",
            "messages": [
                {"role": "system", "content": "You score leads."},
                {"role": "user", "content": "one"},
                {"role": "assistant", "content": "two"},
                {"role": "user", "content": "three"},
            ],
            "max_tokens": 300,
            "temperature": 0.2,
            "top_p": 0.9,
            "stop": ["END"],
            "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}},
        })
    );
}

#[tokio::test]
async fn some_json_object_has_a_format_of_its_own() {
    let (stub, gateway) = stub(vec![Step::text(r#"{"bird": "wren"}"#)]).await;
    let call = ModelCall { output_schema: Some(json!({"type": "object"})), ..call() };
    gateway.converse(&call).await.unwrap();
    assert_eq!(stub.calls()[0].body["response_format"], json!({"type": "json_object"}));
}

#[tokio::test]
async fn sends_nothing_the_call_does_not_hold() {
    let (stub, gateway) = stub(vec![Step::text("fine")]).await;
    let bare = ModelCall { system: String::new(), temperature: None, ..call() };
    gateway.converse(&bare).await.unwrap();
    assert_eq!(
        stub.calls()[0].body,
        json!({
            "model": "gpt-4.1",
            "messages": [{"role": "user", "content": "the secret prompt"}],
            "max_tokens": 300,
        })
    );
}

#[tokio::test]
async fn the_limit_has_the_name_the_server_knows() {
    let stub = Stub::start().await.unwrap();
    stub.script(vec![Step::text("fine")]).unwrap();
    let settings = OpenAiSettings {
        base_url: format!("{}/v1/", stub.url()),
        key: None,
        token_limit: Some(TokenLimit::MaxCompletionTokens),
        input_types: None,
    };
    OpenAiGateway::new(settings).unwrap().converse(&call()).await.unwrap();
    let body = &stub.calls()[0].body;
    assert_eq!(body["max_completion_tokens"], 300);
    assert!(body.get("max_tokens").is_none() && body.get("stream").is_none(), "{body}");
}

#[tokio::test]
async fn a_guardrail_is_refused_and_not_left_out() {
    let (stub, gateway) = stub(vec![]).await;
    let guardrail = Guardrail { id: "gr-1".to_owned(), version: "1".to_owned() };
    let call = ModelCall { guardrail: Some(guardrail), ..call() };
    assert!(matches!(gateway.converse(&call).await, Err(ModelError::Refused(_))));
    assert!(matches!(gateway.converse_stream(&call).await.map(|_| ()), Err(ModelError::Refused(_))));
    assert!(stub.calls().is_empty());
}

#[tokio::test]
async fn the_key_is_sent_and_never_said() {
    let body = include_str!("fixtures/chat-text.json");
    let echo = json!({"error": {"message": KEY, "type": KEY, "code": "bad_key"}}).to_string();
    let answers = vec![support::json(body), answer(400, &[], &echo)];
    let (url, sent) = server(answers);
    let gateway = gateway(&url);
    gateway.converse(&call()).await.unwrap();
    let error = gateway.converse(&call()).await.unwrap_err();
    let request = sent.recv().unwrap().to_lowercase();
    assert!(request.starts_with("post /v1/chat/completions http/1.1\r\n"), "{request}");
    assert!(request.contains(&format!("\r\nauthorization: bearer {KEY}\r\n")), "{request}");
    let said = everything_said(&error);
    assert!(said.contains("bad_key") && !said.contains(KEY), "{said}");
    assert!(!format!("{gateway:?}").contains(KEY));
    // The second request came over the connection of the first.
    assert!(sent.recv().is_ok());
}

#[tokio::test]
async fn a_key_that_can_not_be_had_or_sent_is_no_call() {
    let stub = Stub::start().await.unwrap();
    let with = |key| {
        let settings = OpenAiSettings { key: Some(key), ..settings(stub.url()) };
        OpenAiGateway::new(settings).unwrap()
    };
    let error =
        with(Arc::new(|| Box::pin(async { Err("no access".into()) }))).converse(&call()).await.unwrap_err();
    let ModelError::Unavailable(source) = error else { panic!("{error:?}") };
    assert!(matches!(source.downcast_ref(), Some(ProviderFailure::Key(_))));
    let error = with(Arc::new(|| Box::pin(async { Ok("two\nlines".to_owned()) })))
        .converse(&call())
        .await
        .unwrap_err();
    assert!(matches!(error, ModelError::Refused(_)) && !everything_said(&error).contains("lines"));
    // The time for the key is part of the call's time.
    let slow = with(Arc::new(|| {
        Box::pin(async {
            tokio::time::sleep(Duration::from_secs(5)).await;
            Ok(KEY.to_owned())
        })
    }));
    let short = ModelCall { time_left: Duration::from_millis(80), ..call() };
    assert!(matches!(slow.converse(&short).await, Err(ModelError::TimedOut)));
    assert!(stub.calls().is_empty());
}

#[tokio::test]
async fn text_arrives_before_the_answer_is_whole() {
    let (stub, gateway) = stub(vec![Step::text("one two three").with_chunks(3, 120)]).await;
    let started = Instant::now();
    let mut stream = gateway.converse_stream(&call()).await.unwrap();
    let first = stream.next().await.unwrap().unwrap();
    let first_after = started.elapsed();
    let (said, end) = read(stream).await;
    assert_eq!(first, Delta::Text("one t".to_owned()));
    assert_eq!(said, ["wo th", "ree"]);
    assert_eq!(end.unwrap().0, StopReason::EndTurn);
    assert!(started.elapsed() - first_after >= Duration::from_millis(500), "the first text was held back");
    let body = &stub.calls()[0].body;
    assert_eq!((&body["stream"], &body["stream_options"]), (&json!(true), &json!({"include_usage": true})));
}

#[tokio::test]
async fn every_token_is_counted_once() {
    let usage = model_stub::Usage {
        input_tokens: 100,
        output_tokens: 20,
        cache_read_input_tokens: 900,
        cache_write_input_tokens: 0,
    };
    let expected = Usage { input_tokens: 100, output_tokens: 20, cache_read_tokens: 900, ..Usage::default() };
    let step = || Step::text("cut").with_usage(usage).with_stop_reason("max_tokens");
    let (_stub, gateway) = stub(vec![step(), step()]).await;
    let answer = gateway.converse(&call()).await.unwrap();
    assert_eq!((answer.stop, answer.usage), (StopReason::MaxTokens, Some(expected)));
    let (_, end) = read(gateway.converse_stream(&call()).await.unwrap()).await;
    assert_eq!(end.unwrap(), (StopReason::MaxTokens, Some(expected)));
}

#[tokio::test]
async fn a_cut_answer_is_a_failure() {
    let cut = |bytes| Step::text("a".repeat(200)).with_cut_after_bytes(bytes);
    let (stub, gateway) = stub(vec![cut(100), cut(0), cut(700)]).await;
    for _ in 0..2 {
        let error = gateway.converse(&call()).await.unwrap_err();
        assert!(matches!(error, ModelError::Lost(_)), "{error:?}");
    }
    let (said, end) = read(gateway.converse_stream(&call()).await.unwrap()).await;
    assert!(!said.is_empty());
    assert!(matches!(end, Err(ModelError::Lost(_))), "{end:?}");
    assert_eq!(stub.calls().len(), 3, "the application decides about retries");

    // The body ends well, but in the middle of the answer.
    let whole = include_str!("fixtures/stream-text.sse");
    let (before, _) = whole.split_once("data: {\"id\":\"chatcmpl-CVFjOTBIgA3kuQLnIXXxtg7Ge7hbs\",\"object\":\"chat.completion.chunk\",\"created\":1761564674,\"model\":\"gpt-4o-mini-2024-07-18\",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_560af6e559\",\"choices\":[{\"index\":0,\"delta\":{},").unwrap();
    let (url, _) = server(vec![events(before)]);
    let (said, end) = read(support::gateway(&url).converse_stream(&call()).await.unwrap()).await;
    assert_eq!(said.len(), 2);
    assert!(matches!(end, Err(ModelError::Lost(_))));
}

#[tokio::test]
async fn a_whole_answer_needs_no_farewell() {
    // The body has neither `[DONE]` nor an end.
    let whole = include_str!("fixtures/stream-text.sse");
    let (url, _) = server(vec![events(whole.strip_suffix("data: [DONE]\n\n").unwrap())]);
    read(gateway(&url).converse_stream(&call()).await.unwrap()).await.1.unwrap();
    let open = format!("HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n{whole}");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        assert!(connection.read(&mut [0; 64 * 1024]).unwrap() > 0);
        connection.write_all(open.as_bytes()).unwrap();
        thread::sleep(Duration::from_secs(5));
    });
    let started = Instant::now();
    read(gateway(&url).converse_stream(&call()).await.unwrap()).await.1.unwrap();
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn an_error_in_a_stream_ends_it() {
    let first = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"some\"}}]}\n\n";
    for (event, means) in [
        (
            json!({"error": {"message": "the secret prompt", "type": "server_error", "code": null}}),
            "Unavailable",
        ),
        (json!({"error": {"message": "the secret prompt", "code": "rate_limit_exceeded"}}), "Throttled"),
        (
            json!({"error": {"message": "the secret prompt", "type": "BadRequestError", "code": 400}}),
            "Refused",
        ),
        (json!("the secret prompt"), "Lost"),
    ] {
        let (url, _) = server(vec![events(&format!("{first}data: {event}\n\n"))]);
        let (said, end) = read(gateway(&url).converse_stream(&call()).await.unwrap()).await;
        assert_eq!(said, ["some"]);
        let error = end.unwrap_err();
        assert_eq!(support::name(&error), means, "{error:?}");
        assert!(!everything_said(&error).contains("secret"));
    }
}

#[tokio::test]
async fn time_left_covers_everything() {
    let short = ModelCall { time_left: Duration::from_millis(250), ..call() };
    let late = || Step::text("late").with_delay_ms(5_000);
    let (_stub, gateway) = stub(vec![late(), late(), Step::text("one two three").with_chunks(3, 100)]).await;
    let started = Instant::now();
    assert!(matches!(gateway.converse(&short).await, Err(ModelError::TimedOut)));
    assert!(matches!(gateway.converse_stream(&short).await.map(|_| ()), Err(ModelError::TimedOut)));
    let (said, end) = read(gateway.converse_stream(&short).await.unwrap()).await;
    assert!(!said.is_empty());
    assert!(matches!(end, Err(ModelError::TimedOut)), "{end:?}");
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn dropping_the_stream_ends_the_call() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (closed, was_closed) = mpsc::channel();
    thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        let mut request = [0; 64 * 1024];
        assert!(connection.read(&mut request).unwrap() > 0);
        let first = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"some\"}}]}\n\n";
        write!(connection, "HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{first}").unwrap();
        while connection.read(&mut request).is_ok_and(|read| read > 0) {}
        closed.send(()).unwrap();
    });
    let mut stream = gateway(&url).converse_stream(&call()).await.unwrap();
    assert!(matches!(stream.next().await, Some(Ok(Delta::Text(_)))));
    drop(stream);
    for _ in 0..200 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        if was_closed.try_recv().is_ok() {
            return;
        }
    }
    panic!("the connection is still open");
}

#[tokio::test]
async fn nobody_there_is_unavailability() {
    let stub = Stub::start().await.unwrap();
    let gateway = gateway(stub.url());
    drop(stub);
    let error = gateway.converse(&call()).await.unwrap_err();
    let ModelError::Unavailable(source) = error else { panic!("{error:?}") };
    assert!(matches!(source.downcast_ref(), Some(ProviderFailure::Connection(_))), "{source:?}");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (elsewhere, sent) = server(vec![support::json(include_str!("fixtures/chat-text.json"))]);
    let (url, _) =
        server(vec![answer(307, &[("Location", &format!("{elsewhere}/v1/chat/completions"))], "")]);
    assert!(matches!(gateway(&url).converse(&call()).await, Err(ModelError::Unavailable(_))));
    assert!(sent.try_recv().is_err(), "the key went to somebody else");
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_not_spoken_to_in_plain_text() {
    let (url, sent) = server(vec![support::json(include_str!("fixtures/chat-text.json"))]);
    let base_url = url.replace("http://", "https://");
    let settings = OpenAiSettings { base_url, key: Some(key()), token_limit: None, input_types: None };
    let error = OpenAiGateway::new(settings)
        .unwrap()
        .converse(&ModelCall { time_left: Duration::from_secs(1), ..call() })
        .await;
    assert!(matches!(error, Err(ModelError::Unavailable(_) | ModelError::TimedOut)), "{error:?}");
    assert!(sent.try_recv().is_err());
}

#[tokio::test]
async fn texts_become_vectors_in_their_order() {
    let (stub, gateway) = stub(vec![Step::embedding().with_delay_ms(100)]).await;
    // Two requests: the first one is answered last.
    let asked = embedding(2_100, Some(8));
    let got = gateway.embed(&asked).await.unwrap();
    assert_eq!(got.vectors.len(), 2_100);
    for number in [0, 2_047, 2_048, 2_099] {
        let one = EmbeddingCall { texts: vec![asked.texts[number].clone()], ..asked.clone() };
        assert_eq!(gateway.embed(&one).await.unwrap().vectors[0], got.vectors[number]);
    }
    let sizes =
        stub.calls().into_iter().map(|call| (call.body["input"].as_array().unwrap().len(), call.body));
    let (_, mut sent) = sizes.into_iter().find(|(texts, _)| *texts == 52).unwrap();
    sent["input"] = json!(null);
    assert_eq!(
        sent,
        json!({"model": "text-embedding-3-small", "input": null, "encoding_format": "float", "dimensions": 8})
    );
    // Each text has 20 to 23 bytes, four to a token.
    assert_eq!(got.input_tokens, Some(10 * 5 + 2_090 * 6));
    stub.clear();
    assert!(gateway.embed(&embedding(0, None)).await.unwrap().vectors.is_empty());
    assert!(stub.calls().is_empty());
}

#[tokio::test]
async fn a_server_that_takes_it_is_told_the_purpose_of_texts_in_its_own_words() {
    let names = InputTypeNames { document: "passage".to_owned(), query: "retrieval.query".to_owned() };
    for (input_types, purpose, told) in [
        (Some(names.clone()), InputType::Document, json!("passage")),
        (Some(names), InputType::Query, json!("retrieval.query")),
        (None, InputType::Query, json!(null)),
    ] {
        let vector = support::json(r#"{"data": [{"index": 0, "embedding": [1.0]}]}"#);
        let (url, sent) = server(vec![vector]);
        let gateway = OpenAiGateway::new(OpenAiSettings { input_types, ..settings(&url) }).unwrap();
        gateway.embed(&EmbeddingCall { input_type: purpose, ..embedding(1, None) }).await.unwrap();
        let request = sent.recv().unwrap();
        let body: Value = serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap();
        assert_eq!((&body["input_type"], body.get("input_type").is_some()), (&told, told != json!(null)));
    }
}

#[tokio::test]
async fn vectors_that_were_made_are_kept_when_others_fail() {
    // Two requests, of which one is answered.
    let (stub, gateway) = stub(vec![Step::status(503).for_embeddings()]).await;
    let failure = gateway.embed(&embedding(2_100, Some(8))).await.unwrap_err();
    assert!(matches!(failure.error, ModelError::Unavailable(_)));
    let made = failure.vectors.iter().flatten().count();
    assert_eq!(failure.vectors.len(), 2_100);
    assert!([52, 2_048].contains(&made), "{made}");
    assert!(failure.input_tokens.unwrap() > 0 && stub.calls().len() == 2);
}

#[tokio::test]
async fn vectors_fail_as_answers_do() {
    let steps =
        vec![Step::status(429).with_retry_after(3).for_embeddings(), Step::embedding().with_delay_ms(5_000)];
    let (_stub, gateway) = stub(steps).await;
    let throttled = gateway.embed(&embedding(2, None)).await.unwrap_err().error;
    assert!(matches!(throttled, ModelError::Throttled { retry_after: Some(wait) } if wait.as_secs() == 3));
    let short = EmbeddingCall { time_left: Duration::from_millis(80), ..embedding(1, None) };
    assert!(matches!(gateway.embed(&short).await.unwrap_err().error, ModelError::TimedOut));
}

#[tokio::test]
async fn each_server_is_asked_for_its_own_models_and_no_other() {
    let (one, first) = stub(vec![Step::text("one")]).await;
    let (two, second) = stub(vec![Step::text("two")]).await;
    let mut providers = OpenAiProviders::default();
    providers.add(first, &["gpt-4.1".to_owned()]);
    providers.add(second, &["local".to_owned()]);
    let asked = |model: &str| ModelCall { model: model.to_owned(), ..call() };
    assert_eq!(providers.converse(&asked("local")).await.unwrap().text, "two");
    assert_eq!((one.calls().len(), two.calls().len()), (0, 1));
    assert_eq!(providers.converse(&asked("gpt-4.1")).await.unwrap().text, "one");
    assert_eq!((one.calls().len(), two.calls().len()), (1, 1));
    assert!(matches!(providers.converse(&asked("other")).await, Err(ModelError::NoSuchModel)));
    assert!(matches!(providers.converse_stream(&asked("other")).await, Err(ModelError::NoSuchModel)));
    let vectors = EmbeddingCall { model: "other".to_owned(), ..embedding(2, None) };
    let failure = providers.embed(&vectors).await.unwrap_err();
    assert!(matches!(failure.error, ModelError::NoSuchModel) && failure.vectors == [None, None]);
}
