//! The cache key of a completion: a hash over everything that shapes the completion. Fields are length-prefixed, so
//! that no two requests give the same bytes. The key that seals the completion is derived from the same hash, and can't
//! be derived from the cache key. Requests are destructured here, so that a new field does not compile until somebody
//! decides whether it shapes the completion.

use super::ask::{Conversation, GatewayRequest};
use super::seal::Seal;
use domain::id::OrganizationId;
use ports::{CacheKey, Guardrail, Message, Role};

/// It must change whenever the meaning of a stored completion changes.
const SCHEMA_VERSION: &[u8] = b"ai.cache.v3";

/// The contexts for which cache keys and seals are derived (BLAKE3's key derivation).
const NAME: &str = "sextant 2026-11 ai cache name";
const SEAL: &str = "sextant 2026-11 ai cache seal";

/// The cache key and the seal of a request.
pub(super) fn cache_key(
    tenant: OrganizationId,
    ask: &GatewayRequest,
    guardrail: Option<&Guardrail>,
) -> (CacheKey, Seal) {
    // These fields do not shape the completion: the rules for the cache, the check, which follows from the feature, and
    // the handling of a cut completion, which is never cached.
    let GatewayRequest { feature, chain, sticky, conversation, cache: _, check: _, gives_cut: _ } = ask;
    let Conversation { system, messages, output_schema, max_output_tokens, temperature, top_p, stop } =
        conversation;
    let mut key = Fields(blake3::Hasher::new());
    key.add(SCHEMA_VERSION);
    key.add(tenant.to_string().as_bytes());
    key.add(feature.as_str().as_bytes());
    let models = chain.models(sticky);
    key.count(models.len());
    models.iter().for_each(|model| key.add(model.id.as_bytes()));
    key.count(messages.len());
    for Message { role, text } in messages {
        key.add(match role {
            Role::User => b"user",
            Role::Assistant => b"assistant",
        });
        key.add(text.as_bytes());
    }
    key.add(system.as_bytes());
    // serde_json keeps keys sorted, so equal schemas give equal text.
    key.optional(output_schema.as_ref().map(ToString::to_string).as_deref().map(str::as_bytes));
    key.add(&max_output_tokens.to_be_bytes());
    key.optional(temperature.map(f32::to_be_bytes).as_ref().map(<[u8; 4]>::as_slice));
    key.optional(top_p.map(f32::to_be_bytes).as_ref().map(<[u8; 4]>::as_slice));
    key.count(stop.len());
    stop.iter().for_each(|text| key.add(text.as_bytes()));
    if let Some(Guardrail { id, version }) = guardrail {
        key.add(id.as_bytes());
        key.add(version.as_bytes());
    }
    let question = key.0.finalize();
    let hash = blake3::derive_key(NAME, question.as_bytes());
    (CacheKey { tenant, hash }, Seal::new(blake3::derive_key(SEAL, question.as_bytes())))
}

struct Fields(blake3::Hasher);

impl Fields {
    fn count(&mut self, number: usize) {
        self.0.update(&(number as u64).to_be_bytes());
    }

    fn add(&mut self, field: &[u8]) {
        self.count(field.len());
        self.0.update(field);
    }

    fn optional(&mut self, field: Option<&[u8]>) {
        self.count(usize::from(field.is_some()));
        if let Some(field) = field {
            self.add(field);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ask::CachePolicy;
    use crate::chain::Chain;
    use crate::registry::Registry;
    use domain::Timestamp;
    use domain::ai::Feature;
    use domain::id::new_id;
    use serde_json::{Value, json};
    use std::collections::HashMap;
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
        let guardrail =
            |id: &str, version: &str| Guardrail { id: id.to_owned(), version: version.to_owned() };
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
        turns.iter().map(|(role, text)| Message { role: *role, text: (*text).to_owned() }).collect()
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
            },
            cache: CachePolicy { read: true, store: true, max_age: None, ttl: Duration::from_secs(60) },
            check: None,
            gives_cut: false,
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
        ]
    }

    #[test]
    fn whatever_shapes_the_answer_changes_the_key() {
        let mut keys = HashMap::new();
        for owner in [tenant(1), tenant(2)] {
            for (at, ask) in different().iter().enumerate() {
                let (key, _) = cache_key(owner, ask);
                assert_eq!(key, cache_key(owner, ask).0);
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
        same.cache =
            CachePolicy { read: true, store: false, max_age: Some(Duration::ZERO), ttl: Duration::ZERO };
        same.check = Some(Arc::new(|_: &str| Ok(())));
        same.sticky = "another who gets the same models".to_owned();
        assert_eq!(cache_key(tenant(1), &same).0, key);
        // The order of a schema's keys in the text.
        let schema = |text: &str| {
            let schema: Value = serde_json::from_str(text).unwrap();
            cache_key(tenant(1), &said(|conversation| conversation.output_schema = Some(schema))).0
        };
        assert_eq!(schema(r#"{"a":{"x":1,"y":2},"b":3}"#), schema(r#"{ "b": 3, "a": {"y":2,"x":1} }"#));
    }

    #[test]
    fn who_gets_another_model_of_a_split_step_has_another_key() {
        let split = |sticky: String| GatewayRequest {
            chain: chain(&format!("{SONNET}:50|{NOVA}:50")),
            sticky,
            ..ask()
        };
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
    fn fields_of_any_bytes_never_run_into_each_other() {
        // Every way to split eight bytes into instructions, two turns and a stop text gives another key.
        let bytes = "\0\0\0\0aaaa";
        let mut keys = HashMap::new();
        for (one, two, three) in (0..=8)
            .flat_map(|one| (one..=8).flat_map(move |two| (two..=8).map(move |three| (one, two, three))))
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
}
