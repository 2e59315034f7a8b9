//! Vectors: their order, the purpose of texts, and failures.

use crate::support::{self, embedding, server, settings};
use crate::wire::stub;
use adapter_openai::{InputTypeNames, OpenAiGateway, OpenAiSettings};
use model_stub::Step;
use ports::{EmbeddingCall, EmbeddingGateway, InputType, ModelError};
use serde_json::{Value, json};
use std::time::Duration;

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
