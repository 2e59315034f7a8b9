//! Masks secret and personal values in log lines. This is the last safety net: code that logs must not pass secrets or
//! personal data in the first place.

use serde_json::Value;
use std::borrow::Cow;

/// The text in place of a masked value.
const MASKED: &str = "[masked]";

/// Words that mark a field as secret or personal when its name contains one of them.
const WORDS: [&str; 14] = [
    "password",
    "token",
    "authorization",
    "email",
    "phone",
    "name",
    "notes",
    "cookie",
    "secret",
    "prompt",
    "body",
    "key",
    "address",
    "credentials",
];

/// Whether a field of this name must be masked. Words are separated by `_`, `-`, `.` or a capital: `contact_email` and
/// `contactEmail` are masked; `input_tokens` is a number of tokens and is not.
pub(super) fn field(name: &str) -> bool {
    let mut word = String::new();
    let mut after_small = false;
    for c in name.chars() {
        let separator = matches!(c, '_' | '-' | '.');
        if separator || (after_small && c.is_uppercase()) {
            if WORDS.contains(&word.as_str()) {
                return true;
            }
            word.clear();
        }
        after_small = c.is_lowercase();
        if !separator {
            word.extend(c.to_lowercase());
        }
    }
    WORDS.contains(&word.as_str())
}

/// The value of a field: masked by the field's name, otherwise with every part masked that looks secret or personal.
pub(super) fn value(name: &str, value: Value) -> Value {
    if field(name) {
        return Value::from(MASKED);
    }
    match value {
        Value::String(text) => Value::String(self::text(&text).into_owned()),
        other => other,
    }
}

/// The text with tokens and e-mail addresses masked.
pub(super) fn text(text: &str) -> Cow<'_, str> {
    if !["@", "eyJ", "sxr_", "sxk_", "sxm_"].iter().any(|sign| text.contains(sign)) {
        return Cow::Borrowed(text);
    }
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = if in_word(first) {
            rest.find(|c| !in_word(c)).unwrap_or(rest.len())
        } else {
            rest.find(in_word).unwrap_or(rest.len())
        };
        let (part, after) = rest.split_at(end);
        masked.push_str(if in_word(first) && sensitive(part) { MASKED } else { part });
        rest = after;
    }
    Cow::Owned(masked)
}

/// Characters of tokens and addresses.
fn in_word(c: char) -> bool {
    c.is_alphanumeric() || "._-+%@!#$&'*/=?^`{|}~".contains(c)
}

fn sensitive(word: &str) -> bool {
    let address = word.split_once('@').is_some_and(|(local, host)| !local.is_empty() && !host.is_empty());
    let web_token = word.find("eyJ").and_then(|at| word.get(at..)).is_some_and(|token| token.contains('.'));
    address || web_token || ["sxr_", "sxk_", "sxm_"].iter().any(|prefix| word.contains(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_fields_by_the_words_in_their_names() {
        for name in
            ["password", "refresh_token", "contact_email", "contactPhone", "Set-Cookie", "NAME", "body"]
        {
            assert!(field(name), "{name}");
        }
        for name in ["input_tokens", "function", "tenant", "status", "duration_ms", "renamed"] {
            assert!(!field(name), "{name}");
        }
        assert_eq!(value("contact_phone", Value::from(5_550_100)), Value::from(MASKED));
    }

    #[test]
    fn masks_tokens_and_addresses_inside_texts() {
        let jwt = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln_bmF0-dXJl";
        for (from, to) in [
            (format!("Bearer {jwt}, refused"), "Bearer [masked], refused"),
            (format!("url=https://x.example/?t={jwt}"), "url=https:[masked]"),
            ("no mail to Ada.Byron+x@northwind.example: gone".to_owned(), "no mail to [masked]: gone"),
            ("grüße an jürgen@münchen.example".to_owned(), "grüße an [masked]"),
            ("sxr_4f9a8b7c6d was used twice".to_owned(), "[masked] was used twice"),
            ("no token: sxm_AZNaLn7ZeFKqNtC0R".to_owned(), "no token: [masked]"),
            ("no key: sxk_01jd2wzq4s_01jd2x1v7g_9f86d081.".to_owned(), "no key: [masked]"),
            ("(\"ada@northwind.example\")".to_owned(), "(\"[masked]\")"),
        ] {
            assert_eq!(text(&from), to);
        }
    }

    #[test]
    fn leaves_everything_else_as_it_is() {
        for plain in ["", "lead_01jd2x5k8qf3v9m4t7w6z0r1sa of org_01jd", "at src/lib.rs:3:4", "a @ b", "@"] {
            assert_eq!(text(plain), plain);
        }
    }
}
