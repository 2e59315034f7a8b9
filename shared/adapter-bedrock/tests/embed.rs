//! Embeddings against a server that speaks InvokeModel.

use std::time::{Duration, Instant};

use crate::support::{answers_with, config, everything_said};
use adapter_bedrock::{BedrockGateway, ProviderFailure};
use model_stub::{Step, Stub};
use ports::{EmbeddingCall, EmbeddingGateway, Embeddings, InputType, ModelError};
use serde_json::json;

const TITAN: &str = "amazon.titan-embed-text-v2:0";
const COHERE: &str = "us.cohere.embed-v4:0";

fn call(model: &str, texts: usize, dimensions: Option<u32>) -> EmbeddingCall {
    EmbeddingCall {
        model: model.to_owned(),
        texts: (0..texts).map(|number| format!("secret text number {number}")).collect(),
        dimensions,
        input_type: InputType::Document,
        time_left: Duration::from_secs(10),
    }
}

async fn embed(
    call: &EmbeddingCall,
    steps: Vec<Step>,
) -> (Result<Embeddings, ModelError>, Vec<model_stub::Call>) {
    let stub = Stub::start().await.unwrap();
    stub.script(steps).unwrap();
    let result = BedrockGateway::new(&config(stub.url())).embed(call).await;
    (result.map_err(|failure| failure.error), stub.calls())
}

/// The vector of one text, in a request of its own.
async fn alone(model: &str, text: &str, dimensions: Option<u32>) -> Vec<f32> {
    let one = EmbeddingCall { texts: vec![text.to_owned()], ..call(model, 0, dimensions) };
    embed(&one, vec![]).await.0.unwrap().vectors.remove(0)
}

#[tokio::test]
async fn titan_takes_one_text_a_request_and_keeps_their_order() {
    // The first request is answered last.
    let steps = vec![Step::embedding().with_delay_ms(150)];
    let asked = call(TITAN, 20, Some(256));
    let (result, calls) = embed(&asked, steps).await;
    let embeddings = result.unwrap();
    assert_eq!(embeddings.vectors.len(), 20);
    for number in [0, 1, 19] {
        let text = format!("secret text number {number}");
        assert_eq!(embeddings.vectors[number], alone(TITAN, &text, Some(256)).await);
    }
    // Each text has 20 or 21 bytes, and four bytes count as one token.
    assert_eq!(embeddings.input_tokens, Some(10 * 5 + 10 * 6));
    assert_eq!(calls.len(), 20);
    assert_eq!((calls[0].model_id.as_str(), calls[0].operation), (TITAN, "invoke"));
    assert_eq!(
        calls[0].body,
        json!({"inputText": "secret text number 0", "normalize": true, "dimensions": 256})
    );
}

#[tokio::test]
async fn titans_requests_run_eight_at_a_time() {
    let steps = (0..16).map(|_| Step::embedding().with_delay_ms(200)).collect();
    let started = Instant::now();
    embed(&call(TITAN, 16, None), steps).await.0.unwrap();
    let took = started.elapsed();
    assert!(took >= Duration::from_millis(390), "more than eight at once: {took:?}");
    assert!(took < Duration::from_millis(1_500), "one after the other: {took:?}");
}

#[tokio::test]
async fn cohere_takes_96_texts_a_request() {
    let (result, calls) = embed(&call(COHERE, 100, Some(512)), vec![]).await;
    let embeddings = result.unwrap();
    assert_eq!(embeddings.vectors.len(), 100);
    assert!(embeddings.vectors.iter().all(|vector| vector.len() == 512));
    assert_eq!(embeddings.vectors[99], alone(COHERE, "secret text number 99", Some(512)).await);
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[0].body["texts"].as_array().unwrap().len(), 96);
    let mut second = calls[1].body.clone();
    second["texts"] = json!(null);
    assert_eq!(
        second,
        json!({"texts": null, "input_type": "search_document", "embedding_types": ["float"],
               "output_dimension": 512, "truncate": "NONE"})
    );
}

#[tokio::test]
async fn tokens_come_from_the_head_where_the_body_has_none() {
    let usage = model_stub::Usage { input_tokens: 77, ..model_stub::Usage::default() };
    let (result, _) =
        embed(&call("cohere.embed-english-v3", 3, None), vec![Step::embedding().with_usage(usage)]).await;
    assert_eq!(result.unwrap().input_tokens, Some(77));
}

#[tokio::test]
async fn vectors_that_were_made_are_kept_and_no_more_are_begun_after_a_failure() {
    let stub = Stub::start().await.unwrap();
    stub.script(
        (0..20)
            .map(|at| match at {
                10 => Step::status(503).for_embeddings(),
                _ => Step::embedding().with_delay_ms(50),
            })
            .collect(),
    )
    .unwrap();
    let asked = call(TITAN, 200, Some(256));
    let failure = BedrockGateway::new(&config(stub.url())).embed(&asked).await.unwrap_err();
    assert!(matches!(failure.error, ModelError::Unavailable(_)));
    assert_eq!(failure.vectors.len(), 200);
    let made = failure.vectors.iter().flatten().count();
    // Every request except the failed one returned the vector and the tokens of its text.
    assert_eq!(made, stub.calls().len() - 1);
    assert!((10..40).contains(&made), "{made}");
    assert!((made as u64 * 5..=made as u64 * 6).contains(&failure.input_tokens.unwrap()), "{made}");
    for (at, vector) in failure.vectors.iter().enumerate().filter(|(at, _)| [0, 9].contains(at)) {
        let text = format!("secret text number {at}");
        assert_eq!(vector.as_ref(), Some(&alone(TITAN, &text, Some(256)).await));
    }
}

#[tokio::test]
async fn what_a_model_can_not_do_is_refused() {
    for unknown in ["amazon.titan-embed-text-v1", "amazon.nova-pro-v1:0", "cohere.command-r-v1:0"] {
        let (result, calls) = embed(&call(unknown, 1, None), vec![]).await;
        assert!(matches!(result, Err(ModelError::NoSuchModel)), "{unknown}");
        assert!(calls.is_empty());
    }
    let (result, calls) = embed(&call("cohere.embed-multilingual-v3", 1, Some(512)), vec![]).await;
    assert!(matches!(result, Err(ModelError::Refused(_))) && calls.is_empty());
    // The service refuses the number of dimensions.
    let (result, _) = embed(&call(TITAN, 1, Some(100)), vec![]).await;
    assert!(matches!(result, Err(ModelError::Refused(_))));
}

#[tokio::test]
async fn no_text_is_no_request() {
    let (result, calls) = embed(&call(TITAN, 0, None), vec![]).await;
    assert_eq!(result.unwrap(), Embeddings { vectors: vec![], input_tokens: Some(0) });
    assert!(calls.is_empty());
}

#[tokio::test]
async fn failures_are_those_of_other_calls() {
    let fails =
        async |step: Step| embed(&call(TITAN, 3, None), vec![step.for_embeddings()]).await.0.unwrap_err();
    let throttled = fails(Step::status(429).with_retry_after(3)).await;
    assert!(matches!(throttled, ModelError::Throttled { retry_after: Some(wait) } if wait.as_secs() == 3));
    assert!(matches!(fails(Step::status(403)).await, ModelError::NoSuchModel));
    assert!(matches!(fails(Step::status(500)).await, ModelError::Unavailable(_)));
    let long =
        "400 Bad Request: Too many input tokens. Max input tokens: 8192, request input token count: 9000";
    assert!(matches!(fails(Step::status(400).with_message(long)).await, ModelError::ContextLength));
    let quoted = fails(Step::status(400).with_message("secret text number 0 is bad")).await;
    assert!(!everything_said(&quoted).contains("secret"));
    let cut = fails(Step { cut_after_bytes: Some(20), ..Step::embedding() }).await;
    assert!(matches!(cut, ModelError::Lost(_)), "{cut:?}");

    let short = EmbeddingCall { time_left: Duration::from_millis(80), ..call(TITAN, 1, None) };
    let late = embed(&short, vec![Step::embedding().with_delay_ms(5_000)]).await.0;
    assert!(matches!(late, Err(ModelError::TimedOut)));
}

#[tokio::test]
async fn vectors_without_counts_are_vectors_and_of_another_length_the_callers_fault() {
    let gateway = |body| BedrockGateway::new(&config(&answers_with("application/json", body)));
    let uncounted = gateway(r#"{"embedding": [0.6, 0.8]}"#).embed(&call(TITAN, 1, None)).await.unwrap();
    assert_eq!((uncounted.vectors, uncounted.input_tokens), (vec![vec![0.6, 0.8]], None));
    let body = r#"{"embedding": [0.6, 0.8], "inputTextTokenCount": 3}"#;
    let failure = gateway(body).embed(&call(TITAN, 1, Some(256))).await.unwrap_err();
    assert!(matches!(failure.error, ModelError::Refused(_)), "{:?}", failure.error);
    assert_eq!(failure.input_tokens, Some(3));
}

#[tokio::test]
async fn an_answer_that_is_no_answer_is_unavailability_and_not_repeated() {
    for body in [
        r#"{"embedding": "the secret text", "inputTextTokenCount": 3}"#,
        r#"{"embedding": [], "inputTextTokenCount": 3}"#,
        r#"{"inputTextTokenCount": 3}"#,
        "the secret text",
    ] {
        let gateway = BedrockGateway::new(&config(&answers_with("application/json", body)));
        let error = gateway.embed(&call(TITAN, 1, None)).await.unwrap_err().error;
        let ModelError::Lost(source) = &error else { panic!("{body}: {error:?}") };
        assert!(matches!(source.downcast_ref(), Some(ProviderFailure::Incomplete(_))), "{body}: {source:?}");
        assert!(!everything_said(&error).contains("secret"));
    }
}

#[tokio::test]
async fn cohere_is_told_what_texts_are_for_and_titan_is_not() {
    for (input_type, told) in [(InputType::Document, "search_document"), (InputType::Query, "search_query")] {
        for model in ["cohere.embed-english-v3", "us.cohere.embed-v4:0"] {
            let asked = EmbeddingCall { input_type, ..call(model, 1, None) };
            let (result, calls) = embed(&asked, vec![]).await;
            result.unwrap();
            assert_eq!(calls[0].body["input_type"], told, "{model}");
        }
        let asked = EmbeddingCall { input_type, ..call(TITAN, 1, None) };
        assert!(embed(&asked, vec![]).await.1[0].body.get("input_type").is_none());
    }
}
