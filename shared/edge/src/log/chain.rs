//! An error and its causes as one text. It must never quote input. Messages of serde_json do, so only their place is
//! written.

use std::error::Error;
use std::fmt::Write as _;

/// `outer: cause: cause of the cause`, each by its own `Display`.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        if !text.is_empty() {
            text.push_str(": ");
        }
        let written = match error.downcast_ref::<serde_json::Error>() {
            Some(error) => write!(
                text,
                "JSON {:?} error at line {} column {}",
                error.classify(),
                error.line(),
                error.column()
            ),
            None => write!(text, "{error}"),
        };
        if written.is_err() {
            break;
        }
        next = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::chain;

    #[derive(Debug, thiserror::Error)]
    #[error("a stored event can't be decoded")]
    struct Outer(#[source] serde_json::Error);

    #[test]
    fn follows_the_causes_without_quoting_input() {
        let cause = serde_json::from_str::<u8>(r#""Ada Byron""#).unwrap_err();
        assert!(cause.to_string().contains("Ada"), "the reason for this rule is gone");
        assert_eq!(
            chain(&Outer(cause)),
            "a stored event can't be decoded: JSON Data error at line 1 column 11"
        );
    }
}
