//! Messages in Anthropic's format: turns, tools and files.

use super::{NOVA, SONNET, Scene};
use ports::{
    ContentBlock, DocumentFormat, ImageFormat, Message, ModelAnswer, ModelCall, Role, StopReason, ToolCall,
    ToolChoice, Usage,
};
use serde_json::{Value, json};

/// The first bytes of a picture in PNG, in base64.
pub(super) const PNG: &str = "iVBORw0KGgo=";

pub(super) fn message(content: impl Into<Value>) -> Value {
    json!({"model": NOVA, "max_tokens": 100, "messages": [{"role": "user", "content": content.into()}]})
}

pub(super) fn with(field: &str, value: Value) -> Value {
    let mut body = message("x");
    body[field] = value;
    body
}

fn answered(text: &str, tool_calls: &[(&str, &str)], stop: StopReason) -> ModelAnswer {
    let usage = Usage {
        input_tokens: 90,
        output_tokens: 7,
        cache_read_tokens: 10,
        cache_write_tokens: 5,
        reasoning_tokens: 3,
    };
    let calls = tool_calls.iter().enumerate().map(|(at, (name, arguments))| ToolCall {
        id: format!("call_{at}"),
        name: (*name).to_owned(),
        arguments: (*arguments).to_owned(),
    });
    ModelAnswer {
        reasoning: Vec::new(),
        text: text.to_owned(),
        tool_calls: calls.collect(),
        stop,
        usage: Some(usage),
    }
}

/// An answer that only calls tools.
pub(super) fn answered_with(tool_calls: Vec<ToolCall>) -> ModelAnswer {
    ModelAnswer { tool_calls, ..answered("", &[], StopReason::ToolCalls) }
}

impl Scene {
    pub(super) async fn message(&self, body: &Value) -> Value {
        self.ask("createMessage", body).await.expect(200).json()
    }

    /// The call that the model got for this body.
    pub(super) async fn heard(&self, body: &Value) -> ModelCall {
        self.world.pass(100);
        self.message(body).await;
        self.world.model().script.calls().pop().unwrap()
    }

    /// The text of the refusal, which names the fields.
    pub(super) async fn refusal(&self, body: &Value) -> String {
        let refused = self.ask("createMessage", body).await.problem(400, "invalid_request").json();
        assert_eq!(
            (&refused["type"], &refused["error"]["type"]),
            (&json!("error"), &json!("invalid_request_error"))
        );
        refused["error"]["message"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn anthropic_s_clients_get_what_they_know() {
    let scene = Scene::start().await;
    for (stop, reason, ended_by) in [
        (StopReason::EndTurn, "end_turn", Value::Null),
        (StopReason::MaxTokens, "max_tokens", Value::Null),
        // A reason that is not known: the answer may be cut.
        (StopReason::Other, "max_tokens", Value::Null),
        (StopReason::StopSequence, "stop_sequence", json!("END")),
        (StopReason::Filtered, "refusal", Value::Null),
    ] {
        scene.world.model().script.script(Ok(answered("A wren.", &[], stop)));
        let body = json!({
            "model": "auto", "max_tokens": 100, "temperature": 0.5, "stop_sequences": ["END"],
            "system": [
                {"type": "text", "text": "Be short.", "cache_control": {"type": "ephemeral"}},
                {"type": "text", "text": "Be kind."},
            ],
            "messages": [
                {"role": "user", "content": "Name a bird."},
                {"role": "system", "content": "Only birds of Europe."},
            ],
        });
        let answer = scene.ask("createMessage", &body).await.expect(200);
        assert_eq!(answer.header("x-sextant-model"), Some(SONNET));
        let answer = answer.json();
        let id = answer["id"].as_str().unwrap();
        assert!(id.starts_with("msg_") && id.len() == 30, "{id}");
        let expected = json!({
            "id": id, "type": "message", "role": "assistant", "model": SONNET,
            "content": [{"type": "text", "text": "A wren."}],
            "stop_reason": reason, "stop_sequence": ended_by,
            "usage": {
                "input_tokens": 90, "cache_creation_input_tokens": 5, "cache_read_input_tokens": 10,
                "output_tokens": 7, "output_tokens_details": {"thinking_tokens": 3},
            },
        });
        assert_eq!(answer, expected);
    }
    let call = scene.world.model().script.calls().remove(0);
    assert_eq!(call.system, "Be short.\n\nBe kind.\n\nOnly birds of Europe.");
    assert_eq!(
        (call.max_output_tokens, call.temperature, call.stop),
        (100, Some(0.5), vec!["END".to_owned()])
    );
    assert_eq!(call.messages, [Message::text(Role::User, "Name a bird.")]);
    // Which of several texts ended the answer, providers do not say.
    scene.world.model().script.script(Ok(answered("", &[], StopReason::StopSequence)));
    let answer = scene.message(&with("stop_sequences", json!(["END", "STOP"]))).await;
    assert_eq!(
        (&answer["stop_reason"], &answer["stop_sequence"], &answer["content"]),
        (&json!("stop_sequence"), &Value::Null, &json!([]))
    );
}

#[tokio::test]
async fn a_tool_is_called_with_the_model_s_own_arguments() {
    let scene = Scene::start().await;
    let mut body = message("How is the weather in Bonn?");
    let schema =
        json!({"type": "object", "properties": {"unit": {"type": "string"}, "city": {"type": "string"}}});
    body["tools"] = json!([
        {"name": "get_weather", "description": "The weather.", "input_schema": schema, "strict": true,
            "cache_control": {"type": "ephemeral"}},
        {"type": "custom", "name": "get_time", "input_schema": {"type": "object"}},
    ]);
    let calls = [("get_weather", r#"{"unit": "C",  "city": "Bonn"}"#), ("get_time", "{}")];
    scene.world.model().script.script(Ok(answered("I look.", &calls, StopReason::ToolCalls)));
    let answer = scene.ask("createMessage", &body).await.expect(200);
    // Byte for byte: the history that is sent back must not differ from the one in a provider's prompt cache.
    assert!(answer.body.contains(r#""input":{"unit": "C",  "city": "Bonn"}"#), "{}", answer.body);
    let answer = answer.json();
    assert_eq!(answer["stop_reason"], "tool_use");
    let expected = json!([
        {"type": "text", "text": "I look."},
        {"type": "tool_use", "id": "call_0", "name": "get_weather", "input": {"unit": "C", "city": "Bonn"}},
        {"type": "tool_use", "id": "call_1", "name": "get_time", "input": {}},
    ]);
    assert_eq!(answer["content"], expected);
    let heard = scene.world.model().script.calls().remove(0).tools;
    assert_eq!((heard.tools[0].name.as_str(), heard.tools[0].strict), ("get_weather", true));
    assert_eq!(heard.tools[0].description.as_deref(), Some("The weather."));
    assert_eq!(heard.tools[0].parameters.to_string(), schema.to_string());
    assert_eq!((heard.choice, heard.one_at_a_time), (ToolChoice::Auto, false));
    // An answer that was cut within its arguments.
    scene.world.model().script.script(Ok(answered("", &[("get_time", "{\"zo")], StopReason::MaxTokens)));
    let cut = scene.message(&body).await;
    assert_eq!((&cut["stop_reason"], &cut["content"][0]["input"]), (&json!("max_tokens"), &json!({})));
}

#[tokio::test]
async fn the_choice_of_tools_is_taken() {
    let scene = Scene::start().await;
    let tools = json!([{"name": "a", "input_schema": {"type": "object"}}]);
    for (choice, heard, one_at_a_time) in [
        (json!({"type": "auto", "disable_parallel_tool_use": true}), ToolChoice::Auto, true),
        (json!({"type": "any"}), ToolChoice::Required, false),
        (json!({"type": "tool", "name": "a"}), ToolChoice::Named("a".to_owned()), false),
        (json!({"type": "none"}), ToolChoice::None, false),
    ] {
        let calls: &[(&str, &str)] = if heard == ToolChoice::None { &[] } else { &[("a", "{}")] };
        scene.world.model().script.script(Ok(answered("x", calls, StopReason::EndTurn)));
        let mut body = with("tool_choice", choice);
        body["tools"] = tools.clone();
        let set = scene.heard(&body).await.tools;
        assert_eq!((set.choice, set.one_at_a_time), (heard, one_at_a_time));
    }
    let mut body = with("tools", tools);
    for (choice, named) in [
        (json!({"type": "tool"}), "tool_choice.name: must be given"),
        (json!({"type": "tool", "name": "b"}), "tool_choice: must name one of the tools"),
        (json!({"type": "required"}), "tool_choice.type: must be one of auto, any, tool, none"),
        (json!({"type": "auto", "allowed": ["a"]}), "tool_choice.allowed: is not a field of this body"),
        (json!("auto"), "tool_choice: must be an object"),
    ] {
        body["tool_choice"] = choice;
        assert_eq!(scene.refusal(&body).await, named);
    }
}

#[tokio::test]
async fn a_loop_of_tools_is_sent_back_as_it_came() {
    let scene = Scene::start().await;
    scene.world.model().script.always("Fine.");
    let body = json!({"model": NOVA, "max_tokens": 100, "messages": [
        {"role": "user", "content": "Compare Bonn and Lyon."},
        // Anthropic's client sends its `Message` back with the blocks that only answers have.
        {"role": "assistant", "id": "msg_1", "type": "message", "stop_reason": "tool_use", "content": [
            {"type": "thinking", "thinking": "Two calls.", "signature": "c2ln"},
            {"type": "redacted_thinking", "data": "eA=="},
            {"type": "text", "text": "I look.", "citations": null, "parsed_output": null},
            {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "x"}},
            {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []},
            {"type": "tool_use", "id": "a", "name": "get_weather", "input": {"unit": "C", "city": "Bonn"},
                "caller": {"type": "direct"}},
            {"type": "tool_use", "id": "b", "name": "get_weather", "input": {}},
        ]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "a", "cache_control": {"type": "ephemeral"}, "content": [
                {"type": "text", "text": "Rain."},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
            ]},
            {"type": "tool_result", "tool_use_id": "b", "content": "No such city.", "is_error": true},
            {"type": "text", "text": "Go on."},
        ]},
    ]});
    let call = scene.heard(&body).await;
    let said: Vec<&ContentBlock> = call.messages[1]
        .content
        .iter()
        .filter(|block| block.as_text().is_none_or(|text| !text.is_empty()))
        .collect();
    let [ContentBlock::Text(text), ContentBlock::ToolCall(first), ContentBlock::ToolCall(second)] = said[..]
    else {
        panic!("{said:?}")
    };
    assert_eq!((text.as_str(), first.id.as_str(), second.id.as_str()), ("I look.", "a", "b"));
    assert_eq!(
        (first.arguments.as_str(), second.arguments.as_str()),
        (r#"{"unit":"C","city":"Bonn"}"#, "{}")
    );
    let [ContentBlock::ToolResult(rain), ContentBlock::ToolResult(error), ContentBlock::Text(last)] =
        &call.messages[2].content[..]
    else {
        panic!("{:?}", call.messages[2])
    };
    assert_eq!((rain.call_id.as_str(), rain.is_error, error.is_error), ("a", false, true));
    assert_eq!(rain.content[0].as_text(), Some("Rain."));
    assert!(matches!(&rain.content[1], ContentBlock::Image(image) if image.format == ImageFormat::Png));
    assert_eq!((error.content[0].as_text(), last.as_str()), (Some("No such city."), "Go on."));
    // A turn of nothing but reasoning changes nothing.
    let thought = json!([{"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}]);
    let body = json!({"model": NOVA, "max_tokens": 9, "messages": [
        {"role": "user", "content": "a"}, {"role": "assistant", "content": thought}, {"role": "user", "content": "b"},
    ]});
    let call = scene.heard(&body).await;
    assert_eq!((call.messages.len(), call.messages[0].joined_text().as_str()), (1, "ab"));
}

#[tokio::test]
async fn pictures_and_documents_are_blocks_of_a_turn() {
    let scene = Scene::start().await;
    scene.world.model().script.always("Fine.");
    let pdf = json!({"type": "base64", "media_type": "application/pdf", "data": "JVBERi0xLjc="});
    let text = json!({"type": "text", "media_type": "text/plain", "data": "Clause 7"});
    let body = message(json!([
        {"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": PNG}},
        {"type": "document", "title": "Offer 1.2 of May", "source": pdf, "citations": {"enabled": false}},
        {"type": "document", "source": text, "context": null},
        {"type": "text", "text": "Sum up."},
    ]));
    let call = scene.heard(&body).await;
    let [
        ContentBlock::Image(image),
        ContentBlock::Document(pdf),
        ContentBlock::Document(text),
        ContentBlock::Text(_),
    ] = &call.messages[0].content[..]
    else {
        panic!("{:?}", call.messages[0])
    };
    assert_eq!(image.format, ImageFormat::Png);
    assert_eq!((pdf.name.as_str(), pdf.format), ("Offer 1.2 of May", DocumentFormat::Pdf));
    assert_eq!(
        (text.name.as_str(), text.format, &*text.data),
        ("document", DocumentFormat::Txt, &b"Clause 7"[..])
    );
}

#[tokio::test]
async fn search_results_and_documents_of_blocks_are_texts() {
    let scene = Scene::start().await;
    scene.world.model().script.always("Fine.");
    let paragraphs = json!([{"type": "text", "text": "Clause 7"}, {"type": "text", "text": "Clause 8"}]);
    let body = message(json!([
        {"type": "search_result", "title": "Offer", "source": "https://a.example/offer", "content": paragraphs,
            "citations": {"enabled": false}, "cache_control": {"type": "ephemeral"}},
        {"type": "document", "title": "Offer", "source": {"type": "content", "content": paragraphs}},
        {"type": "document", "source": {"type": "content", "content": "Clause 9"}, "context": "Of May."},
        {"type": "document", "source": {"type": "text", "data": "Clause 9"}, "context": "Of May."},
    ]));
    let call = scene.heard(&body).await;
    let [
        ContentBlock::Text(result),
        ContentBlock::Document(blocks),
        ContentBlock::Document(content),
        ContentBlock::Document(text),
    ] = &call.messages[0].content[..]
    else {
        panic!("{:?}", call.messages[0])
    };
    assert_eq!(result, "Search result: Offer\nSource: https://a.example/offer\n\nClause 7\n\nClause 8");
    assert_eq!((blocks.name.as_str(), blocks.format), ("Offer", DocumentFormat::Txt));
    assert_eq!(&*blocks.data, b"Clause 7\n\nClause 8");
    assert_eq!((&*content.data, &*text.data), (&b"Of May.\n\nClause 9"[..], &b"Of May.\n\nClause 9"[..]));
}

#[tokio::test]
async fn a_model_gets_as_many_stop_texts_as_it_takes() {
    let scene = Scene::start().await;
    scene.world.model().script.always("Fine.");
    let stops: Vec<String> = (0..30).map(|number| format!("END {number}")).collect();
    assert_eq!(scene.heard(&with("stop_sequences", json!(stops))).await.stop, stops);
    let many = vec!["x"; 2_501];
    assert_eq!(
        scene.refusal(&with("stop_sequences", json!(many))).await,
        "stop_sequences: must be at most 2500 texts for this model, none empty"
    );
}
