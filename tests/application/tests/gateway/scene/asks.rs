//! Requests to the gateway.

use application_ai::{CachePolicy, Chain, Conversation, GatewayRequest, Registry};
use domain::ai::{Feature, Limits};
use ports::{Message, Role};
use std::sync::Arc;
use std::time::Duration;

pub(crate) fn chain(text: &str) -> Chain {
    Chain::parse(text, &Registry::shipped().unwrap()).unwrap()
}

/// A request that does not use the cache.
pub(crate) fn ask(models: &str) -> GatewayRequest {
    GatewayRequest {
        feature: Feature::Completion,
        chain: chain(models),
        sticky: "tenant".to_owned(),
        conversation: Conversation {
            system: "Be brief.".to_owned(),
            messages: vec![Message::text(Role::User, "What is the capital of France?".to_owned())],
            max_output_tokens: 1000,
            temperature: Some(0.0),
            ..Conversation::default()
        },
        cache: CachePolicy { read: false, store: false, max_age: None, ttl: Duration::from_secs(3600) },
        check: None,
        tool_check: None,
        needs: Vec::new(),
        gives_cut: false,
        subject: "subject".to_owned(),
    }
}

/// A request whose answer may be cached for an hour.
pub(crate) fn cacheable(models: &str) -> GatewayRequest {
    let mut ask = ask(models);
    ask.cache.read = true;
    ask.cache.store = true;
    ask
}

/// A request whose only usable answer is `good`.
pub(crate) fn judged(ask: GatewayRequest) -> GatewayRequest {
    let check = |text: &str| if text == "good" { Ok(()) } else { Err(vec!["it must be good".to_owned()]) };
    GatewayRequest { check: Some(Arc::new(check)), ..ask }
}

/// The same limit for every budget.
pub(crate) fn limits(each: u64) -> Limits {
    Limits { tenant_month: each, tenant_day: each, user_day: each, ..Limits::default() }
}
