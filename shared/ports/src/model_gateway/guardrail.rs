//! The guardrail of a call, and the text form that settings use for it.

use std::str::FromStr;

/// A guardrail of Bedrock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guardrail {
    /// Its identifier.
    pub id: String,
    /// Its version: a number, or `DRAFT`.
    pub version: String,
}

/// The text is not a guardrail.
#[derive(Debug, thiserror::Error)]
#[error("a guardrail is written as its id, a colon and its version, which is a number or DRAFT")]
pub struct NoGuardrail;

impl FromStr for Guardrail {
    type Err = NoGuardrail;

    /// `id:version`.
    fn from_str(text: &str) -> Result<Self, NoGuardrail> {
        let (id, version) = text.trim().split_once(':').ok_or(NoGuardrail)?;
        let named =
            !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        let versioned = version == "DRAFT" || version.parse::<u32>().is_ok_and(|version| version > 0);
        let guardrail = || Self { id: id.to_owned(), version: version.to_owned() };
        (named && versioned).then(guardrail).ok_or(NoGuardrail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guardrail_is_an_id_and_a_version() {
        let of = |text: &str| text.parse::<Guardrail>().ok().map(|it| (it.id, it.version));
        assert_eq!(of("gr4x7:3"), Some(("gr4x7".to_owned(), "3".to_owned())));
        assert_eq!(of("gr4x7:DRAFT"), Some(("gr4x7".to_owned(), "DRAFT".to_owned())));
        for wrong in ["", "gr4x7", "gr4x7:", ":1", "gr4x7:0", "gr4x7:draft", "GR:1", "arn:aws:bedrock:x"] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }
}
