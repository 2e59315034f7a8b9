//! The gateway against the model server and against hand-made answers: requests, keys, and servers that fail.

use crate::support::{self, KEY, answer, call, embedding, everything_said, gateway, key, server, settings};
use adapter_openai::{OpenAiGateway, OpenAiProviders, OpenAiSettings, ProviderFailure, TokenLimit};
use model_stub::{Step, Stub};
use ports::{
    EmbeddingCall, EmbeddingGateway, Guardrail, Message, ModelCall, ModelError, ModelGateway, Role,
    StopReason, StreamingModelGateway,
};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

pub(crate) async fn stub(steps: Vec<Step>) -> (Stub, OpenAiGateway) {
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
