//! OpenAI's wire format, vectors, and forwarding of both.

use std::time::{Duration, Instant};

use crate::support::http::post;
use crate::support::openai::{OpenAi, Piece, Reply};
use model_stub::{ForwardTarget, Options, Step, Stub, Usage};
use serde_json::{Value, json};

async fn scripted(steps: Vec<Step>) -> Stub {
    let stub = Stub::start().await.unwrap();
    stub.script(steps).unwrap();
    stub
}

async fn forwarding(upstream: &OpenAi, embedding_model: Option<&str>) -> Stub {
    let target = ForwardTarget::new(&upstream.url, Some("llama".to_owned()), Duration::from_secs(1)).unwrap();
    let target = target.with_embedding_model(embedding_model.map(str::to_owned));
    Stub::start_with(Options { forward: Some(target), ..Options::default() }).await.unwrap()
}

fn chat() -> Value {
    json!({"model": "gpt-4.1", "messages": [{"role": "user", "content": "hello"}]})
}

fn streamed() -> Value {
    let mut body = chat();
    body["stream"] = json!(true);
    body["stream_options"] = json!({"include_usage": true});
    body
}

#[tokio::test]
async fn a_scripted_answer_is_a_completion() {
    let usage = Usage {
        input_tokens: 5,
        output_tokens: 7,
        cache_read_input_tokens: 11,
        cache_write_input_tokens: 13,
    };
    let stub = scripted(vec![
        Step::text("hi").with_usage(usage).with_stop_reason("max_tokens"),
        Step::tool_input(json!({"a": 1})),
    ])
    .await;
    let answer = post(&stub, "/v1/chat/completions", &chat()).await.json();
    assert_eq!(answer["choices"][0]["message"]["content"], "hi");
    assert_eq!(answer["choices"][0]["finish_reason"], "length");
    assert_eq!(
        answer["usage"],
        json!({"prompt_tokens": 29, "completion_tokens": 7, "total_tokens": 36,
               "prompt_tokens_details": {"cached_tokens": 11}})
    );
    let mut body = chat();
    body["response_format"] = json!({"type": "json_schema", "json_schema": {"name": "answer", "schema": {}}});
    let answer = post(&stub, "/v1/chat/completions", &body).await.json();
    assert_eq!(answer["choices"][0]["message"]["content"], "{\"a\":1}");
    let calls = stub.calls();
    assert_eq!((calls[0].model_id.as_str(), calls[0].operation), ("gpt-4.1", "chat/completions"));
    assert_eq!(calls[1].body, body);
}

#[tokio::test]
async fn a_stream_comes_in_its_pieces_with_its_counts() {
    let stub = scripted(vec![Step::text("one two three").with_chunks(3, 80), Step::text("x")]).await;
    let answer = post(&stub, "/v1/chat/completions", &streamed()).await;
    assert!(answer.head["content-type"].to_str().unwrap().starts_with("text/event-stream"));
    let events = answer.events();
    let chunks: Vec<Value> = events[..6].iter().map(|event| serde_json::from_str(event).unwrap()).collect();
    let deltas: Vec<&Value> = chunks[..5].iter().map(|chunk| &chunk["choices"][0]["delta"]).collect();
    assert_eq!(
        deltas,
        [
            &json!({"role": "assistant", "content": ""}),
            &json!({"content": "one t"}),
            &json!({"content": "wo th"}),
            &json!({"content": "ree"}),
            &json!({}),
        ]
    );
    assert_eq!(chunks[4]["choices"][0]["finish_reason"], "stop");
    assert_eq!((&chunks[5]["choices"], &chunks[5]["usage"]["completion_tokens"]), (&json!([]), &json!(4)));
    assert_eq!(events[6], "[DONE]");
    let waited = answer.pieces[6].0 - answer.pieces[1].0;
    assert!(waited >= Duration::from_millis(390), "{waited:?}");

    // Counts are sent only when they are asked for.
    let mut body = streamed();
    body["stream_options"] = json!({});
    let events = post(&stub, "/v1/chat/completions", &body).await.events();
    assert!(events.iter().all(|event| !event.contains("prompt_tokens")), "{events:?}");
}

#[tokio::test]
async fn failures_have_openais_shape() {
    let long = Step::status(400).with_message("This model's maximum context length is 3 tokens.");
    let stub =
        scripted(vec![Step::status(429).with_retry_after(7), Step::status(500), long, Step::status(404)])
            .await;
    for (status, kind, code) in [
        (429, "requests", json!("rate_limit_exceeded")),
        (500, "server_error", json!(null)),
        (400, "invalid_request_error", json!("context_length_exceeded")),
        (404, "invalid_request_error", json!("model_not_found")),
        // No step is scripted, and there is no model to forward to.
        (503, "server_error", json!(null)),
    ] {
        let answer = post(&stub, "/v1/chat/completions", &chat()).await;
        assert_eq!(answer.status.as_u16(), status);
        assert_eq!(answer.head.get("retry-after").is_some(), status == 429);
        let error = &answer.json()["error"];
        assert_eq!((&error["type"], &error["code"], &error["param"]), (&json!(kind), &code, &json!(null)));
    }
    // A request that OpenAI would refuse uses no step.
    stub.script(vec![Step::text("unused")]).unwrap();
    let refused = post(&stub, "/v1/chat/completions", &json!({"model": "m", "messages": []})).await;
    assert_eq!((refused.status.as_u16(), stub.steps_left()), (400, 1));
}

#[tokio::test]
async fn answers_are_delayed_and_cut() {
    let stub = scripted(vec![
        Step::text("late").with_delay_ms(120),
        Step::text("a".repeat(300)).with_cut_after_bytes(200),
        Step::text("a".repeat(300)).with_cut_after_bytes(400),
    ])
    .await;
    let before = Instant::now();
    assert!(post(&stub, "/v1/chat/completions", &chat()).await.whole);
    assert!(before.elapsed() >= Duration::from_millis(120));
    assert!(!post(&stub, "/v1/chat/completions", &chat()).await.whole);
    let cut = post(&stub, "/v1/chat/completions", &streamed()).await;
    assert!(!cut.whole && cut.text().len() == 400);
}

#[tokio::test]
async fn vectors_are_the_same_on_both_wires() {
    let stub = scripted(vec![]).await;
    let texts = ["Acme wants a demo", "no budget"];
    let list = post(
        &stub,
        "/v1/embeddings",
        &json!({"model": "text-embedding-3-small", "input": texts, "dimensions": 256}),
    )
    .await
    .json();
    assert_eq!(list["data"].as_array().unwrap().len(), 2);
    assert_eq!((&list["data"][1]["index"], &list["usage"]["prompt_tokens"]), (&json!(1), &json!(8)));
    let titan = "/model/amazon.titan-embed-text-v2%3A0/invoke";
    let one = post(&stub, titan, &json!({"inputText": texts[1], "dimensions": 256, "normalize": true})).await;
    assert_eq!(one.head["x-amzn-bedrock-input-token-count"], "3");
    assert_eq!(one.json()["embedding"], list["data"][1]["embedding"]);
    assert_eq!(one.json()["inputTextTokenCount"], 3);
    let cohere = json!({"texts": texts, "input_type": "search_document", "embedding_types": ["float"], "output_dimension": 256});
    let both = post(&stub, "/model/cohere.embed-v4:0/invoke", &cohere).await.json();
    assert_eq!(both["embeddings"]["float"][0], list["data"][0]["embedding"]);
    let length: f64 =
        one.json()["embedding"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap().powi(2)).sum();
    assert!((length - 1.0).abs() < 1e-4, "{length}");
    assert_eq!(
        stub.calls().iter().map(|call| call.operation).collect::<Vec<_>>(),
        ["embeddings", "invoke", "invoke"]
    );
    assert_eq!(stub.calls()[1].model_id, "amazon.titan-embed-text-v2:0");
}

#[tokio::test]
async fn calls_for_vectors_take_steps_of_their_own() {
    let usage = Usage { input_tokens: 77, ..Usage::default() };
    let stub = scripted(vec![
        Step::text("for the chat"),
        Step::embedding().with_usage(usage),
        Step::status(429).for_embeddings(),
    ])
    .await;
    let body = json!({"model": "m", "input": "one"});
    assert_eq!(post(&stub, "/v1/embeddings", &body).await.json()["usage"]["prompt_tokens"], 77);
    assert_eq!(post(&stub, "/v1/embeddings", &body).await.status.as_u16(), 429);
    assert_eq!(post(&stub, "/v1/embeddings", &body).await.status.as_u16(), 200);
    assert_eq!(stub.steps_left(), 1);
    for wrong in [
        Step::text("x").for_embeddings(),
        Step::embedding().with_chunks(2, 1),
        Step::status(500).with_chunks(2, 1),
        Step::text("x").with_chunks(0, 1),
    ] {
        assert!(stub.script(vec![wrong.clone()]).is_err(), "{wrong:?}");
    }
}

#[tokio::test]
async fn what_a_model_would_refuse_is_refused() {
    let stub = scripted(vec![]).await;
    for (path, body) in [
        ("/v1/embeddings", json!({"model": "m", "input": ""})),
        ("/v1/embeddings", json!({"model": "m", "input": ["a"], "encoding_format": "base64"})),
        ("/model/amazon.titan-embed-text-v2:0/invoke", json!({"inputText": "a", "dimensions": 100})),
        ("/model/cohere.embed-v4:0/invoke", json!({"texts": ["a"]})),
        ("/model/cohere.embed-v4:0/invoke", json!({"texts": vec!["a"; 97], "input_type": "search_query"})),
        ("/model/amazon.nova-pro-v1:0/invoke", json!({})),
    ] {
        assert_eq!(post(&stub, path, &body).await.status.as_u16(), 400, "{path} {body}");
    }
}

#[tokio::test]
async fn a_chat_is_passed_on_with_the_models_own_name() {
    let chunk = json!({"id": "c", "choices": [{"index": 0, "delta": {"content": "hi"}}]});
    let slow =
        Reply::chunks(std::slice::from_ref(&chunk)).then(Piece::Wait(Duration::from_millis(200))).done();
    let message = Reply::message(&json!({"role": "assistant", "content": "hi"}), "stop");
    // The wait lets the first chunk leave before the connection breaks.
    let broken = Reply::chunks(std::slice::from_ref(&chunk))
        .then(Piece::Wait(Duration::from_millis(50)))
        .then(Piece::Break);
    let throttled = Reply::json(429, &json!({"error": {"message": "no"}}));
    let upstream = OpenAi::start(vec![message, slow, broken, throttled]).await;
    let stub = forwarding(&upstream, None).await;
    let answer = post(&stub, "/v1/chat/completions", &chat()).await;
    assert_eq!(answer.json()["choices"][0]["message"]["content"], "hi");
    let answer = post(&stub, "/v1/chat/completions", &streamed()).await;
    assert_eq!(answer.events(), [chunk.to_string(), "[DONE]".to_owned()]);
    assert!(answer.pieces[0].0 < Duration::from_millis(180), "the first piece was held back");
    assert!(!post(&stub, "/v1/chat/completions", &streamed()).await.whole, "a broken stream ended well");
    assert_eq!(post(&stub, "/v1/chat/completions", &chat()).await.status.as_u16(), 429);
    let (path, body) = &upstream.asked()[1];
    assert_eq!(
        (path.as_str(), &body["model"], &body["stream"]),
        ("POST /v1/chat/completions", &json!("llama"), &json!(true))
    );
}

#[tokio::test]
async fn vectors_are_forwarded_to_the_model_that_is_named_for_them() {
    let entry = |index: usize| json!({"object": "embedding", "index": index, "embedding": [index, 0.5]});
    let list = json!({"data": [entry(1), entry(0)], "usage": {"prompt_tokens": 9, "total_tokens": 9}});
    let upstream = OpenAi::start(vec![Reply::json(200, &list), Reply::json(200, &list)]).await;
    let stub = forwarding(&upstream, Some("nomic")).await;
    let body = json!({"model": "text-embedding-3-small", "input": ["a", "b"], "dimensions": 2});
    let got = post(&stub, "/v1/embeddings", &body).await.json();
    assert_eq!(got["data"][0]["embedding"], json!([0, 0.5]));
    assert_eq!(got["usage"]["prompt_tokens"], 9);
    // Two vectors for one text are an error.
    let titan = post(&stub, "/model/amazon.titan-embed-text-v2:0/invoke", &json!({"inputText": "a"})).await;
    assert_eq!(titan.status.as_u16(), 424);
    assert_eq!(upstream.asked()[0].1, json!({"model": "nomic", "input": ["a", "b"], "dimensions": 2}));

    // A chat model makes no vectors: without the name of an embedding model they are computed.
    let stub = forwarding(&upstream, None).await;
    assert_eq!(post(&stub, "/v1/embeddings", &body).await.status.as_u16(), 200);
    assert_eq!(upstream.asked().len(), 2);
}
