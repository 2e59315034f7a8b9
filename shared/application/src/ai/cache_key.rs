//! The name of an answer: a hash over everything that shapes it. Fields are length-prefixed, so that no two requests can be
//! written the same way. From the same hash comes the key that the answer is sealed with, which the name does not tell. Requests are destructured here: a new field does not compile until somebody decides whether it
//! shapes the answer.

use super::ask::{Ask, Conversation};
use super::seal::Seal;
use crate::ports::{CacheKey, Message, Role};
use domain::id::OrganizationId;

/// Changes whenever the meaning of a stored answer does.
const SCHEMA_VERSION: &[u8] = b"ai.cache.v2";

/// What names of answers and what their seals are derived for (BLAKE3's key derivation).
const NAME: &str = "sextant 2026-11 ai cache name";
const SEAL: &str = "sextant 2026-11 ai cache seal";

/// The key of a question's answer, and its seal.
pub(super) fn cache_key(tenant: OrganizationId, ask: &Ask) -> (CacheKey, Seal) {
    // Not part of the answer: how the cache may be used, and who judges the answer, which follows from the feature.
    let Ask { feature, chain, sticky, conversation, cache: _, check: _ } = ask;
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
    // serde_json keeps keys sorted, so equal schemas are written alike.
    key.optional(output_schema.as_ref().map(ToString::to_string).as_deref().map(str::as_bytes));
    key.add(&max_output_tokens.to_be_bytes());
    key.optional(temperature.map(f32::to_be_bytes).as_ref().map(<[u8; 4]>::as_slice));
    key.optional(top_p.map(f32::to_be_bytes).as_ref().map(<[u8; 4]>::as_slice));
    key.count(stop.len());
    stop.iter().for_each(|text| key.add(text.as_bytes()));
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
