//! OpenAI's Python client by chat completions.

use super::sent::{assert_picture, called_names, forced_tool, tool_names};
use super::{CLAUDE, GPT, Library, assert_loop, bird, blocks, calling, size, sizing, text};
use serde_json::{Value, json};

pub(super) static NOVA: Library = Library::python("openai_tools");
static ON_CLAUDE: Library = Library::python("openai_tools").with_model(CLAUDE);
pub(super) static ON_GPT: Library = Library::python("openai_tools").with_model(GPT);
/// A model of each provider.
static PROVIDERS: [&Library; 2] = [&NOVA, &ON_GPT];

pub(super) fn assert_choices(said: &Value, sent: &[Value]) {
    for choice in ["auto", "required", "named", "one_at_a_time"] {
        let answer = &said[choice];
        assert_eq!(
            (&answer["reason"], &answer["content"]),
            (&json!("tool_calls"), &Value::Null),
            "{choice}: {said}"
        );
        let call = &answer["calls"][0];
        assert_eq!((&call["type"], &call["name"]), (&json!("function"), &json!("bird_size")), "{choice}");
        assert_eq!(call["arguments"], size(), "{choice}");
        assert!(!call["id"].as_str().unwrap().is_empty(), "{choice}");
    }
    assert_eq!((&said["none"]["reason"], &said["none"]["content"]), (&json!("stop"), &json!("A wren.")));
    let config = |at: usize| &sent[at]["toolConfig"];
    assert!(config(1)["toolChoice"].get("any").is_some(), "{}", config(1));
    assert_eq!(config(2)["toolChoice"]["tool"]["name"], "bird_size");
    let tool = &config(0)["tools"][0]["toolSpec"];
    assert_eq!(tool["description"], "Says how large a bird is.");
    assert_eq!(tool["inputSchema"]["json"]["required"], json!(["bird", "unit"]));
}

#[test]
fn each_choice_of_tools_reaches_the_model() {
    let now = json!({"tool_calls": [{"name": "now"}]});
    let answered = NOVA.ask("choices", &[sizing(), sizing(), sizing(), text("A wren."), sizing(), now]);
    assert_choices(&answered.said, &answered.sent);
    let call = &answered.said["without_parameters"]["calls"][0];
    assert_eq!((&call["name"], &call["arguments"]), (&json!("now"), &json!({})));
}

#[test]
fn arguments_arrive_in_pieces() {
    for library in PROVIDERS {
        let answered = library.ask("streamed", &[sizing(), sizing()]);
        let said = &answered.said;
        assert_eq!(said["final"]["calls"][0]["arguments"], size(), "{said}");
        assert_eq!(said["final"]["reason"], "tool_calls");
        assert_eq!(serde_json::from_str::<Value>(said["deltas"].as_str().unwrap()).unwrap(), size());
        let events = said["events"].as_array().unwrap();
        assert!(events.contains(&json!("tool_calls.function.arguments.done")), "{said}");
        assert_eq!(said["starts"][0][2], "bird_size");
        assert_eq!(serde_json::from_str::<Value>(said["arguments"][0].as_str().unwrap()).unwrap(), size());
        assert!(said["pieces"][0].as_u64().unwrap() >= 3, "{said}");
        assert_eq!(said["usage"]["completion_tokens"], 9);
    }
}

#[test]
fn results_of_tools_go_back_until_there_is_a_text() {
    for library in PROVIDERS {
        let answered = library.ask("loop", &[sizing(), text("Small.")]);
        assert_eq!(answered.said, json!({"rounds": 2, "content": "Small."}));
        assert_loop(&answered.sent);
    }
}

#[test]
fn two_calls_at_once_are_answered_in_one_turn() {
    let both = json!({"text": "Both.", "tool_calls": [
        {"id": "one", "name": "bird_size", "input": {"bird": "wren", "unit": null}},
        {"id": "two", "name": "bird_size", "input": {"bird": "owl", "unit": null}},
    ]});
    let answered = ON_CLAUDE.ask("loop", &[both, text("Small and large.")]);
    assert_eq!(answered.said["content"], "Small and large.");
    let (asked, results) = (blocks(&answered.sent[1], 1), blocks(&answered.sent[1], 2));
    assert_eq!((asked[0]["text"].as_str(), asked.len(), results.len()), (Some("Both."), 3, 2));
    assert!(results[1].to_string().contains("The owl is large."));
}

/// Nova takes no hyphens, and no provider takes dots and slashes.
#[test]
fn names_that_the_provider_can_t_use_come_back_as_they_were() {
    for library in PROVIDERS {
        let first = json!({"tool_calls": [{"input": {"bird": "wren", "unit": null}}]});
        let answered = library.ask("names", &[first.clone(), first.clone(), first]);
        let said = &answered.said;
        assert_eq!(
            (&said["first"], &said["streamed"]),
            (&json!("birds/size-of.v1"), &json!(["birds/size-of.v1"]))
        );
        assert_eq!(said["after"]["calls"][0]["name"], "birds/size-of.v1");
        let names = tool_names(&answered.sent[0]);
        assert_eq!(names.len(), 2, "{names:?}");
        for name in &names {
            let usual = |c: char| c.is_ascii_alphanumeric() || c == '_' || (c == '-' && library.model == GPT);
            assert!(name.len() <= 64 && name.chars().all(usual), "{name}");
        }
        let sent = &answered.sent[1];
        assert_eq!((called_names(sent), forced_tool(sent)), (vec![json!(names[0])], &json!(names[0])));
        assert_eq!(tool_names(&answered.sent[2])[0], names[0]);
    }
}

#[test]
fn a_picture_reaches_the_model_and_a_broken_one_is_refused_without_its_data() {
    for library in PROVIDERS {
        let answered = library.ask("images", &[text("Red.")]);
        assert_eq!(answered.said["content"], "Red.");
        assert_picture(&answered.sent[0]);
        let broken = &answered.said["broken"];
        assert_eq!(broken["status"], 400, "{broken}");
        assert!(!broken.to_string().contains("bm90IGEg"), "{broken}");
    }
}

fn assert_parsed(library: &Library) -> Vec<Value> {
    let schema = json!({"tool_input": bird()});
    let answered = library.ask("parsed", &[schema.clone(), calling(&bird()), schema]);
    let said = &answered.said;
    assert_eq!((&said["bird"], &said["streamed"]), (&bird(), &bird()), "{said}");
    assert_eq!(said["tool"], json!(["describe_bird", bird()]));
    answered.sent
}

#[test]
fn schemas_with_definitions_are_parsed_by_the_library() {
    assert_parsed(&ON_CLAUDE);
}

#[test]
fn schemas_with_definitions_work_on_nova_which_takes_none() {
    assert_parsed(&NOVA);
}

#[test]
fn schemas_with_definitions_work_on_servers_with_openai_s_format() {
    let sent = assert_parsed(&ON_GPT);
    for schema in [&sent[0], &sent[2]] {
        let sent = &schema["response_format"]["json_schema"]["schema"];
        assert!(sent["$defs"]["Nest"].is_object() && sent["properties"]["nest"].is_object(), "{schema}");
    }
}

#[test]
fn queries_are_embedded_as_queries() {
    let answered = ON_GPT.ask("embedded", &[]);
    assert_eq!(answered.said, json!([1536, 1536]));
    let told: Vec<&Value> = answered.sent.iter().map(|sent| &sent["input_type"]).collect();
    assert_eq!(told, [&json!("query"), &json!("passage")]);
}

#[test]
fn conversations_that_began_elsewhere_go_on() {
    let answered = ON_CLAUDE.ask("history", &[text("One."), text("Two."), text("small.")]);
    assert_eq!(answered.said, json!({"foreign": "One.", "opened": "Two.", "prefilled": "small."}));
    let [foreign, opened, prefilled] = &answered.sent[..] else { panic!("three calls") };
    for hidden in ["asks for a size", "Hm.", "c2ln"] {
        assert!(!foreign.to_string().contains(hidden), "{foreign}");
    }
    assert_eq!(*blocks(foreign, 2), [json!({"text": "One."}), json!({"text": "Two."})]);
    assert_eq!(opened["messages"][0]["role"], "user");
    assert!(opened.to_string().contains("Welcome."), "the assistant's opening is kept: {opened}");
    assert_eq!(blocks(prefilled, 1)[0]["text"], "A wren is");
}

#[test]
fn answers_have_an_id_and_say_what_is_left_of_the_limit() {
    let answered = NOVA.ask("headers", &[text("A wren.")]);
    let said = &answered.said;
    assert_eq!(said["model"], json!([super::NOVA, "model"]));
    assert_eq!(
        (&said["missing"]["class"], &said["missing"]["code"]),
        (&json!("NotFoundError"), &json!("model_not_found"))
    );
    for id in ["request_id", "model_request_id"] {
        assert!(said[id].as_str().is_some_and(|id| !id.is_empty()), "{id}: {said}");
    }
    let limits = said["limits"].as_array().unwrap();
    for name in ["x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"]
    {
        assert!(limits.contains(&json!(name)), "{name}: {said}");
    }
}

#[test]
fn a_wrong_path_is_told_the_right_one() {
    let answered = NOVA.ask("wrong_paths", &[]);
    for path in ["completions", "files", "doubled"] {
        let error = &answered.said[path];
        assert_eq!(
            (&error["class"], &error["status"]),
            (&json!("NotFoundError"), &json!(404)),
            "{path}: {error}"
        );
        assert!(error["code"].is_string(), "{path}: {error}");
    }
    for path in ["completions", "doubled"] {
        let message = answered.said[path]["message"].as_str().unwrap();
        assert!(message.contains("/v1/chat/completions"), "{path}: {message}");
    }
    let several = &answered.said["several"];
    assert_eq!((&several["status"], &several["param"]), (&json!(400), &json!("n")), "{several}");
}

#[test]
fn answers_and_events_fit_the_library_s_types() {
    let answered = NOVA.ask("valid", &[sizing(), text("A wren."), sizing()]);
    assert_eq!(answered.said, json!({"whole": [], "streamed": []}));
}

#[test]
fn batches_are_created_found_listed_and_cancelled() {
    let said = NOVA.ask("batches", &[]).said;
    assert_eq!(said["upload"], json!(["expires_at", "headers", "method", "url"]), "{said}");
    assert_eq!(said["statuses"], json!(["validating", "validating", true]), "{said}");
    assert_eq!(said["metadata"], json!({"kind": "birds"}));
    assert_eq!(said["counts"], json!({"total": 0, "completed": 0, "failed": 0}));
    assert_eq!((&said["listed"], &said["misfits"]), (&json!(true), &json!([])), "{said}");
    assert_eq!(
        (&said["missing"]["class"], &said["missing"]["status"]),
        (&json!("NotFoundError"), &json!(404))
    );
}
