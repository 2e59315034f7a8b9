use super::*;
use crate::ask::CachePolicy;
use crate::chain::Chain;
use crate::registry::Registry;
use domain::Timestamp;
use domain::ai::Feature;
use domain::id::new_id;
use ports::{DocumentFormat, ImageFormat, ReasoningEffort};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

const SONNET: &str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
const NOVA: &str = "amazon.nova-pro-v1:0";

fn tenant(number: u8) -> OrganizationId {
    new_id(Timestamp::from_millis(1), &[number; 10])
}

/// The cache key without a guardrail.
fn cache_key(tenant: OrganizationId, ask: &GatewayRequest) -> (CacheKey, Seal) {
    super::cache_key(tenant, ask, None)
}

#[test]
fn an_answer_within_one_guardrail_is_none_within_another() {
    let guardrail = |id: &str, version: &str| Guardrail { id: id.to_owned(), version: version.to_owned() };
    let named = [guardrail("a", "1"), guardrail("a", "2"), guardrail("b", "1"), guardrail("a1", "")];
    let mut keys: Vec<_> =
        named.iter().map(|it| super::cache_key(tenant(1), &ask(), Some(it)).0.hash).collect();
    keys.push(cache_key(tenant(1), &ask()).0.hash);
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), 5);
}

fn chain(text: &str) -> Chain {
    Chain::parse(text, &Registry::shipped().unwrap()).unwrap()
}

fn turns(turns: &[(Role, &str)]) -> Vec<Message> {
    turns.iter().map(|(role, text)| Message::text(*role, *text)).collect()
}

fn ask() -> GatewayRequest {
    GatewayRequest {
        feature: Feature::Completion,
        chain: chain(&format!("{SONNET},{NOVA}")),
        sticky: "tenant".to_owned(),
        conversation: Conversation {
            system: "ab".to_owned(),
            messages: turns(&[(Role::User, "cd"), (Role::Assistant, "ef"), (Role::User, "gh")]),
            output_schema: Some(json!({ "a": 1 })),
            max_output_tokens: 100,
            temperature: Some(0.5),
            top_p: Some(0.25),
            stop: vec!["ij".to_owned(), "kl".to_owned()],
            ..Conversation::default()
        },
        cache: CachePolicy { read: true, store: true, max_age: None, ttl: Duration::from_secs(60) },
        check: None,
        tool_check: None,
        needs: Vec::new(),
        gives_cut: false,
        subject: "subject".to_owned(),
    }
}

fn said(change: impl FnOnce(&mut Conversation)) -> GatewayRequest {
    let mut ask = ask();
    change(&mut ask.conversation);
    ask
}

/// Requests that differ from the first, and from each other, in something that shapes the completion.
fn different() -> Vec<GatewayRequest> {
    use Role::{Assistant, User};
    let list = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let messages = |list: &[(Role, &str)]| said(|conversation| conversation.messages = turns(list));
    let schema = |schema: Option<Value>| said(|conversation| conversation.output_schema = schema);
    vec![
        ask(),
        GatewayRequest { feature: Feature::Content, ..ask() },
        GatewayRequest { chain: chain(&format!("{NOVA},{SONNET}")), ..ask() },
        GatewayRequest { chain: chain(SONNET), ..ask() },
        GatewayRequest { chain: chain(NOVA), ..ask() },
        said(|conversation| conversation.system = "aB".to_owned()),
        said(|conversation| conversation.system = String::new()),
        // Bytes that moved between neighbouring fields.
        said(|conversation| {
            conversation.system = "abc".to_owned();
            conversation.messages = turns(&[(User, "d"), (Assistant, "ef"), (User, "gh")]);
        }),
        messages(&[(User, "c"), (Assistant, "def"), (User, "gh")]),
        messages(&[(User, "cde"), (Assistant, "f"), (User, "gh")]),
        messages(&[(User, "cd"), (Assistant, "efg"), (User, "h")]),
        messages(&[(User, "cdef"), (User, "gh")]),
        messages(&[(User, "cd"), (User, "ef"), (User, "gh")]),
        messages(&[(User, "cd"), (Assistant, "gh"), (User, "ef")]),
        messages(&[(User, "cduseref"), (User, "gh")]),
        messages(&[(User, "cd"), (Assistant, "ef"), (User, "gh"), (Assistant, "")]),
        messages(&[(User, "cd"), (Assistant, "ef")]),
        messages(&[]),
        schema(None),
        schema(Some(json!({ "a": 2 }))),
        schema(Some(json!({}))),
        schema(Some(Value::Null)),
        said(|conversation| conversation.max_output_tokens = 101),
        said(|conversation| conversation.temperature = None),
        said(|conversation| conversation.temperature = Some(0.0)),
        // The same two values, exchanged.
        said(|conversation| {
            conversation.temperature = Some(0.25);
            conversation.top_p = Some(0.5);
        }),
        said(|conversation| {
            conversation.temperature = None;
            conversation.top_p = Some(0.5);
        }),
        said(|conversation| {
            conversation.temperature = Some(0.5);
            conversation.top_p = None;
        }),
        said(|conversation| conversation.stop = Vec::new()),
        said(|conversation| conversation.stop = list(&["ijkl"])),
        said(|conversation| conversation.stop = list(&["i", "jkl"])),
        said(|conversation| conversation.stop = list(&["ij", "kl", ""])),
        said(|conversation| conversation.stop = list(&["kl", "ij"])),
        schema(Some(json!({ "a": 1, "b": 2 }))),
        schema(Some(json!({ "b": 2, "a": 1 }))),
        said(|conversation| conversation.reasoning_effort = Some(ReasoningEffort::Low)),
        said(|conversation| conversation.reasoning_effort = Some(ReasoningEffort::High)),
    ]
}

/// The same for tools.
fn different_tools() -> Vec<GatewayRequest> {
    let tool = |name: &str, parameters: Value| Tool {
        name: name.to_owned(),
        description: Some("d".to_owned()),
        parameters,
        strict: false,
    };
    let tools = |change: fn(&mut ToolSet)| {
        let mut set = ToolSet { tools: vec![tool("t", json!({"x": 1, "y": 2}))], ..ToolSet::default() };
        change(&mut set);
        said(|conversation| conversation.tools = set)
    };
    let another = tool("u", json!({}));
    vec![
        tools(|_| {}),
        tools(|set| set.tools[0].name.push('2')),
        tools(|set| set.tools[0].description = None),
        tools(|set| set.tools[0].parameters = json!({"y": 2, "x": 1})),
        tools(|set| set.tools[0].strict = true),
        tools(|set| set.choice = ToolChoice::None),
        tools(|set| set.choice = ToolChoice::Required),
        tools(|set| set.choice = ToolChoice::Named("t".to_owned())),
        tools(|set| set.one_at_a_time = true),
        said(|conversation| conversation.tools.tools = vec![another]),
    ]
}

/// The same for parts of turns.
fn different_parts() -> Vec<GatewayRequest> {
    let content = |blocks: Vec<ContentBlock>| {
        said(|conversation| conversation.messages = vec![Message { role: Role::User, content: blocks }])
    };
    let text = |text: &str| ContentBlock::Text(text.to_owned());
    let reasoning = |text: &str, signature: Option<&str>| {
        let (text, signature) = (text.to_owned(), signature.map(str::to_owned));
        ContentBlock::Reasoning(ReasoningContent::Text { text, signature })
    };
    let data: Arc<[u8]> = Arc::from([1, 2]);
    let image = |format| ContentBlock::Image(Image { format, data: Arc::clone(&data) });
    let document = |name: &str, format| {
        ContentBlock::Document(Document { name: name.to_owned(), format, data: Arc::clone(&data) })
    };
    let call = |id: &str, name: &str, arguments: &str| {
        let [id, name, arguments] = [id, name, arguments].map(str::to_owned);
        ContentBlock::ToolCall(ToolCall { id, name, arguments })
    };
    let result = |content: Vec<ContentBlock>, is_error| {
        ContentBlock::ToolResult(ToolResult { call_id: "i".to_owned(), content, is_error })
    };
    vec![
        content(vec![text("ab")]),
        content(vec![text("a"), text("b")]),
        content(vec![reasoning("a", None)]),
        content(vec![reasoning("a", Some("b"))]),
        content(vec![reasoning("b", Some("b"))]),
        content(vec![ContentBlock::Reasoning(ReasoningContent::Redacted("a".to_owned()))]),
        content(vec![image(ImageFormat::Png)]),
        content(vec![image(ImageFormat::Gif)]),
        content(vec![document("a", DocumentFormat::Pdf)]),
        content(vec![document("b", DocumentFormat::Pdf)]),
        content(vec![document("a", DocumentFormat::Txt)]),
        content(vec![call("i", "n", "{}")]),
        content(vec![call("j", "n", "{}")]),
        content(vec![call("i", "m", "{}")]),
        content(vec![call("i", "n", "{ }")]),
        content(vec![result(vec![], false)]),
        content(vec![result(vec![], true)]),
        content(vec![result(vec![text("a")], false)]),
        content(vec![result(vec![], false), text("a")]),
    ]
}

#[test]
fn whatever_shapes_the_answer_changes_the_key() {
    let mut keys = HashMap::new();
    let all = || [different(), different_tools(), different_parts()].into_iter().flatten();
    for owner in [tenant(1), tenant(2)] {
        for (at, ask) in all().enumerate() {
            let (key, _) = cache_key(owner, &ask);
            assert_eq!(key, cache_key(owner, &ask).0);
            assert_eq!(key.tenant, owner);
            if let Some(other) = keys.insert(key.hash, (owner, at)) {
                panic!("the questions {other:?} and {:?} have the same key", (owner, at));
            }
        }
    }
}

#[test]
fn nothing_else_does() {
    let (key, _) = cache_key(tenant(1), &ask());
    let mut same = ask();
    same.cache = CachePolicy { read: true, store: false, max_age: Some(Duration::ZERO), ttl: Duration::ZERO };
    same.check = Some(Arc::new(|_: &str| Ok(())));
    same.tool_check = Some(Arc::new(|_: &[ToolCall]| Ok(())));
    same.sticky = "another who gets the same models".to_owned();
    same.subject = "another end user".to_owned();
    assert_eq!(cache_key(tenant(1), &same).0, key);
    // White space in a schema's text.
    let schema = |text: &str| {
        let schema: Value = serde_json::from_str(text).unwrap();
        cache_key(tenant(1), &said(|conversation| conversation.output_schema = Some(schema))).0
    };
    assert_eq!(schema(r#"{"a":{"x":1,"y":2},"b":3}"#), schema(r#"{ "a": {"x":1, "y":2}, "b": 3 }"#));
}

#[test]
fn who_gets_another_model_of_a_split_step_has_another_key() {
    let split =
        |sticky: String| GatewayRequest { chain: chain(&format!("{SONNET}:50|{NOVA}:50")), sticky, ..ask() };
    let mut keys: HashMap<String, [u8; 32]> = HashMap::new();
    for number in 0..50 {
        let ask = split(format!("lead_{number}"));
        let model = ask.chain.models(&ask.sticky)[0].id.clone();
        let (key, _) = cache_key(tenant(1), &ask);
        assert_eq!(*keys.entry(model).or_insert(key.hash), key.hash);
    }
    assert_eq!(keys.len(), 2);
    assert_ne!(keys[SONNET], keys[NOVA]);
}

#[test]
fn the_models_of_an_organizations_own_split_make_a_key_of_their_own() {
    let registry = Registry::shipped().unwrap();
    let models = |ids: &[&str]| ids.iter().map(|id| registry.model(id).unwrap().clone()).collect::<Vec<_>>();
    let (key, _) = cache_key(tenant(1), &ask());
    let (other, _) = cache_key(tenant(1), &said(|conversation| conversation.system = "x".to_owned()));
    let keys = [
        key,
        variant_key(&key, &models(&[SONNET])),
        variant_key(&key, &models(&[NOVA])),
        variant_key(&key, &models(&[SONNET, NOVA])),
        variant_key(&other, &models(&[SONNET])),
    ];
    let different: HashSet<[u8; 32]> = keys.iter().map(|key| key.hash).collect();
    assert_eq!(different.len(), keys.len());
    assert!(keys.iter().all(|key| key.tenant == tenant(1)));
    assert_eq!(variant_key(&key, &models(&[SONNET])), keys[1]);
}

#[test]
fn fields_of_any_bytes_never_run_into_each_other() {
    // Every way to split eight bytes into instructions, two turns and a stop text gives another key.
    let bytes = "\0\0\0\0aaaa";
    let mut keys = HashMap::new();
    for (one, two, three) in
        (0..=8).flat_map(|one| (one..=8).flat_map(move |two| (two..=8).map(move |three| (one, two, three))))
    {
        let key = cache_key(
            tenant(1),
            &said(|conversation| {
                conversation.system = bytes[..one].to_owned();
                conversation.messages =
                    turns(&[(Role::User, &bytes[one..two]), (Role::User, &bytes[two..three])]);
                conversation.stop = vec![bytes[three..].to_owned()];
            }),
        );
        assert_eq!(keys.insert(key.0.hash, (one, two, three)), None);
    }
    assert_eq!(keys.len(), 165);
}
