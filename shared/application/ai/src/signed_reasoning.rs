//! Reasoning on its way to callers and back. A model goes on only with the very bytes that it signed. Callers get texts with
//! values in the place of placeholders, so the signature that they get has a digest of the model's own text in front: the
//! text that comes back is sent only if it has become those bytes again. The signature also names the family of the model,
//! and reasoning of others, or of other gateways, is left out, because their signatures are as opaque as these.

use super::registry::{Model, Provider};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ports::{ContentBlock, Message, ReasoningContent};

/// The beginning of a signature for callers: its version. A dot, the family, a dot, the digest, a dot and the provider's
/// signature follow.
const MARK: &str = "sextant1";
/// The bytes of the digest. It guards against accidents alone: the provider checks its own signature.
const DIGEST_BYTES: usize = 16;

impl Model {
    /// The family whose members take each other's reasoning; `None` for a model that signs none. A fine-tuned model belongs
    /// to its base model's.
    pub(super) fn reasoning_family(&self) -> Option<&'static str> {
        let name = self.base_model.as_deref().unwrap_or(&self.id);
        (self.provider == Provider::Bedrock && name.contains("anthropic.")).then_some("claude")
    }
}

/// The signature that a caller gets for a text of a model. Hidden reasoning has no text.
pub(super) fn signature_for_caller(family: &str, model_text: &str, signature: &str) -> String {
    format!("{MARK}.{family}.{}.{signature}", digest(model_text))
}

/// The reasoning of a model as its caller gets it.
pub(super) fn for_caller(
    family: Option<&'static str>,
    reasoning: &[ReasoningContent],
    restored: impl Fn(&str) -> String,
) -> Vec<ReasoningContent> {
    let given = |block: &ReasoningContent| match block {
        ReasoningContent::Text { text, signature } => Some(ReasoningContent::Text {
            text: restored(text),
            signature: family
                .zip(signature.as_deref())
                .map(|(family, signature)| signature_for_caller(family, text, signature)),
        }),
        ReasoningContent::Redacted(data) => {
            family.map(|family| ReasoningContent::Redacted(signature_for_caller(family, "", data)))
        }
    };
    reasoning.iter().filter_map(given).collect()
}

/// Leaves out the reasoning that no model of this gateway signed, so that it is neither counted nor cached.
pub(super) fn leave_out_foreign(messages: &mut [Message]) {
    for message in messages {
        message.content.retain(|block| match block {
            ContentBlock::Reasoning(ReasoningContent::Text { signature: None, .. }) => false,
            ContentBlock::Reasoning(
                ReasoningContent::Text { signature: Some(signed), .. } | ReasoningContent::Redacted(signed),
            ) => SignedFor::read(signed).is_some(),
            _ => true,
        });
    }
}

/// The turns for a model of this family, with the reasoning that it takes; with `None` they have no reasoning.
pub(super) fn for_model(family: Option<&str>, messages: &[Message]) -> Vec<Message> {
    let block = |block: &ContentBlock| match block {
        ContentBlock::Reasoning(reasoning) => {
            family.and_then(|family| for_provider(family, reasoning)).map(ContentBlock::Reasoning)
        }
        other => Some(other.clone()),
    };
    let turn = |message: &Message| {
        let mut content: Vec<ContentBlock> = message.content.iter().filter_map(block).collect();
        // Claude refuses a turn that ends with reasoning, as a cut answer does.
        if content.iter().any(|block| matches!(block, ContentBlock::Reasoning(_))) {
            content.truncate(content.iter().rposition(ContentBlock::says_something).map_or(0, |at| at + 1));
        }
        Message { role: message.role, content }
    };
    messages.iter().map(turn).collect()
}

/// The reasoning as the provider made it; `None` when another family made it or its text has changed.
fn for_provider(family: &str, reasoning: &ReasoningContent) -> Option<ReasoningContent> {
    match reasoning {
        ReasoningContent::Text { text, signature } => {
            let signed = SignedFor::read(signature.as_deref()?)?;
            let same = signed.family == family && signed.digest == digest(text);
            let (text, signature) = (text.clone(), Some(signed.signature.to_owned()));
            same.then_some(ReasoningContent::Text { text, signature })
        }
        ReasoningContent::Redacted(data) => {
            let signed = SignedFor::read(data)?;
            // A caller may write anything here, and a provider's adapter must be able to send it.
            let sendable = signed.family == family && STANDARD.decode(signed.signature).is_ok();
            sendable.then(|| ReasoningContent::Redacted(signed.signature.to_owned()))
        }
    }
}

/// The parts of a signature for callers.
struct SignedFor<'a> {
    family: &'a str,
    digest: &'a str,
    signature: &'a str,
}

impl<'a> SignedFor<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let (family, rest) = text.strip_prefix(MARK)?.strip_prefix('.')?.split_once('.')?;
        let (digest, signature) = rest.split_once('.')?;
        (!signature.is_empty()).then_some(Self { family, digest, signature })
    }
}

fn digest(text: &str) -> String {
    let hash = blake3::hash(text.as_bytes());
    hash.as_bytes().iter().take(DIGEST_BYTES).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ports::Role;

    const CLAUDE: Option<&str> = Some("claude");

    fn text(text: &str, signature: Option<&str>) -> ReasoningContent {
        ReasoningContent::Text { text: text.to_owned(), signature: signature.map(str::to_owned) }
    }

    fn turn(blocks: Vec<ReasoningContent>) -> Message {
        let said = ContentBlock::Text("so".to_owned());
        let content = blocks.into_iter().map(ContentBlock::Reasoning).chain([said]).collect();
        Message { role: Role::Assistant, content }
    }

    fn same(text: &str) -> String {
        text.to_owned()
    }

    #[test]
    fn reasoning_comes_back_as_the_model_made_it() {
        let made = vec![
            text("Hm.", Some("c2ln.x")),
            text("", Some("c2ln")),
            ReasoningContent::Redacted("AQI=".to_owned()),
        ];
        let given = for_caller(Some("claude"), &made, same);
        assert!(given[0] == text("Hm.", Some("sextant1.claude.15ec9c3cf71dc7760cfa2ad9bb9ac39b.c2ln.x")));
        assert!(for_model(CLAUDE, &[turn(given)]) == [turn(made)]);
    }

    #[test]
    fn no_turn_ends_with_reasoning() {
        let given = for_caller(Some("claude"), &[text("Hm.", Some("c2ln"))], same);
        let mut cut = turn(Vec::new());
        cut.content.extend(given.into_iter().map(ContentBlock::Reasoning));
        assert!(for_model(CLAUDE, &[cut]) == [turn(Vec::new())]);
    }

    #[test]
    fn other_reasoning_is_left_out() {
        let unsigned = || text("Hm.", None);
        assert!(
            for_caller(
                None,
                &[text("Hm.", Some("c2ln")), ReasoningContent::Redacted("AQI=".to_owned())],
                same
            ) == [unsigned()]
        );
        let given = for_caller(Some("claude"), &[text("Hm.", Some("c2ln"))], same);
        let nothing = [turn(Vec::new())];
        assert!(for_model(None, &[turn(given.clone())]) == nothing);
        assert!(for_model(Some("other"), &[turn(given.clone())]) == nothing);
        let ReasoningContent::Text { signature, .. } = &given[0] else { panic!("it is text") };
        assert!(for_model(CLAUDE, &[turn(vec![text("Hm!", signature.as_deref())])]) == nothing);
        let forged = ReasoningContent::Redacted("sextant1.claude.0.not base64!".to_owned());
        assert!(for_model(CLAUDE, &[turn(vec![forged])]) == nothing);
        let foreign = vec![
            unsigned(),
            text("Hm.", Some("c2ln")),
            text("Hm.", Some("sextant1.claude.")),
            ReasoningContent::Redacted("AQI=".to_owned()),
        ];
        let mut turns = [turn(foreign), turn(given.clone())];
        leave_out_foreign(&mut turns);
        assert!(turns == [turn(Vec::new()), turn(given)]);
    }
}
