//! The member `encrypted_content` of an item of reasoning. It has everything that the model needs to go on with this
//! reasoning, because clients may keep or drop an item's other members. It is encoded and not encrypted: its text is the
//! caller's own, and what the provider hides is encrypted by the provider.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ports::ReasoningContent;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Content {
    Thinking { text: String, signature: String },
    Redacted(String),
}

/// The content of reasoning; `None` where the model did not sign it, so that it can't come back.
pub(crate) fn encoded(reasoning: &ReasoningContent) -> Option<String> {
    let content = match reasoning.clone() {
        ReasoningContent::Text { text, signature } => Content::Thinking { text, signature: signature? },
        ReasoningContent::Redacted(data) => Content::Redacted(data),
    };
    Some(STANDARD.encode(serde_json::to_vec(&content).ok()?))
}

/// The reasoning with this content; `None` for that of another provider.
pub(crate) fn decoded(content: &str) -> Option<ReasoningContent> {
    Some(match serde_json::from_slice(&STANDARD.decode(content).ok()?).ok()? {
        Content::Thinking { text, signature } => ReasoningContent::Text { text, signature: Some(signature) },
        Content::Redacted(data) => ReasoningContent::Redacted(data),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signed_reasoning_comes_back_and_other_content_is_none() {
        let (text, data) = ("Häm.\n".to_owned(), "sextant1.claude.0.AQI=".to_owned());
        for reasoning in [
            ReasoningContent::Text { text: text.clone(), signature: Some(data.clone()) },
            ReasoningContent::Redacted(data),
        ] {
            assert!(decoded(&encoded(&reasoning).unwrap()) == Some(reasoning));
        }
        assert_eq!(encoded(&ReasoningContent::Text { text, signature: None }), None);
        for foreign in ["", "gAAAAABoM1fb", "not base64!", "e30="] {
            assert!(decoded(foreign).is_none(), "{foreign}");
        }
    }
}
