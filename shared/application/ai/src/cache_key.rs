//! The cache key of a completion: a hash over everything that shapes the completion. Fields are length-prefixed, so
//! that no two requests give the same bytes. The key that seals the completion is derived from the same hash, and can't
//! be derived from the cache key. Requests are destructured here, so that a new field does not compile until somebody
//! decides whether it shapes the completion.

use super::ask::{Conversation, GatewayRequest};
use super::registry::Model;
use super::seal::Seal;
use domain::id::OrganizationId;
use ports::{
    CacheKey, ContentBlock, Document, Guardrail, Image, Message, ReasoningContent, Role, Tool, ToolCall,
    ToolChoice, ToolResult, ToolSet,
};

/// It must change whenever the meaning of a stored completion changes.
const SCHEMA_VERSION: &[u8] = b"ai.cache.v5";

/// The contexts for which cache keys and seals are derived (BLAKE3's key derivation).
const NAME: &str = "sextant 2026-11 ai cache name";
const SEAL: &str = "sextant 2026-11 ai cache seal";
const VARIANT: &str = "sextant 2026-11 ai cache variant";

/// The cache key and the seal of a request.
pub(super) fn cache_key(
    tenant: OrganizationId,
    ask: &GatewayRequest,
    guardrail: Option<&Guardrail>,
) -> (CacheKey, Seal) {
    // These fields do not shape the completion: the rules for the cache, the checks and the needs, which follow from the
    // feature and the conversation, the handling of a cut completion, which is never cached, and the subject, of which
    // only the models count that it gets.
    let GatewayRequest {
        feature,
        chain,
        sticky,
        conversation,
        cache: _,
        check: _,
        tool_check: _,
        needs: _,
        gives_cut: _,
        subject: _,
    } = ask;
    let Conversation {
        system,
        messages,
        tools,
        reasoning_effort,
        output_schema,
        max_output_tokens,
        temperature,
        top_p,
        stop,
    } = conversation;
    let mut key = Fields(blake3::Hasher::new());
    key.add(SCHEMA_VERSION);
    key.add(tenant.to_string().as_bytes());
    key.add(feature.as_str().as_bytes());
    let models = chain.models(sticky);
    key.count(models.len());
    models.iter().for_each(|model| key.add(model.id.as_bytes()));
    key.count(messages.len());
    for Message { role, content } in messages {
        key.add(match role {
            Role::User => b"user",
            Role::Assistant => b"assistant",
        });
        key.blocks(content);
    }
    key.tools(tools);
    key.optional(reasoning_effort.map(|effort| effort.as_str().as_bytes()));
    key.add(system.as_bytes());
    // The order of members is part of the text, because it is part of the prompt.
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

/// The cache key of a request whose models are known only after the look-up, because they depend on the side of a split
/// step of the organization's own chain. The seal stays that of the prompt.
pub(super) fn variant_key(key: &CacheKey, models: &[Model]) -> CacheKey {
    let mut fields = Fields(blake3::Hasher::new_derive_key(VARIANT));
    fields.add(&key.hash);
    fields.count(models.len());
    models.iter().for_each(|model| fields.add(model.id.as_bytes()));
    CacheKey { tenant: key.tenant, hash: *fields.0.finalize().as_bytes() }
}

struct Fields(blake3::Hasher);

impl Fields {
    fn count(&mut self, number: usize) {
        self.0.update(&(number as u64).to_be_bytes());
    }

    fn blocks(&mut self, blocks: &[ContentBlock]) {
        self.count(blocks.len());
        for block in blocks {
            match block {
                ContentBlock::Text(text) => self.all(&[b"text", text.as_bytes()]),
                ContentBlock::Reasoning(ReasoningContent::Text { text, signature }) => {
                    self.all(&[b"reasoning", text.as_bytes()]);
                    self.optional(signature.as_deref().map(str::as_bytes));
                }
                ContentBlock::Reasoning(ReasoningContent::Redacted(data)) => {
                    self.all(&[b"redacted", data.as_bytes()]);
                }
                ContentBlock::Image(Image { format, data }) => {
                    self.all(&[b"image", format.as_str().as_bytes(), data]);
                }
                ContentBlock::Document(Document { name, format, data }) => {
                    self.all(&[b"document", name.as_bytes(), format.as_str().as_bytes(), data]);
                }
                ContentBlock::ToolCall(ToolCall { id, name, arguments }) => {
                    self.all(&[b"call", id.as_bytes(), name.as_bytes(), arguments.as_bytes()]);
                }
                ContentBlock::ToolResult(ToolResult { call_id, content, is_error }) => {
                    self.all(&[b"result", call_id.as_bytes(), &[u8::from(*is_error)]]);
                    self.blocks(content);
                }
            }
        }
    }

    fn tools(&mut self, set: &ToolSet) {
        let ToolSet { tools, choice, one_at_a_time } = set;
        self.count(tools.len());
        for Tool { name, description, parameters, strict } in tools {
            self.add(name.as_bytes());
            self.optional(description.as_deref().map(str::as_bytes));
            self.add(parameters.to_string().as_bytes());
            self.add(&[u8::from(*strict)]);
        }
        let (kind, named): (&[u8], &str) = match choice {
            ToolChoice::Auto => (b"auto", ""),
            ToolChoice::None => (b"none", ""),
            ToolChoice::Required => (b"required", ""),
            ToolChoice::Named(name) => (b"named", name),
        };
        self.all(&[kind, named.as_bytes(), &[u8::from(*one_at_a_time)]]);
    }

    fn all(&mut self, fields: &[&[u8]]) {
        fields.iter().for_each(|field| self.add(field));
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
mod tests;
