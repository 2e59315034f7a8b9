//! Texts whose characters are written as escapes of JSON, such as `ada\u0040x.example`: arguments of tools, their
//! results, and other texts that are JSON. Personal data is found in the text that the escapes stand for, and masked
//! where the escapes stand, so that all other bytes of the text stay as they are. Escapes in a JSON text that stands in
//! another one, as in `\\u0040`, are read, too.

use super::spelling::{MOST_ESCAPES, backslashes};
use std::borrow::Cow;
use std::ops::Range;

/// A text without its escapes of the forms `\uXXXX` and `\/`, and the places of these escapes.
pub(super) struct Unescaped<'a> {
    text: Cow<'a, str>,
    escapes: Vec<Escape>,
}

/// An escaped character.
struct Escape {
    /// Its place in the text without escapes.
    at: usize,
    /// The bytes that it takes there.
    width: usize,
    /// The place of the escape in the text as it was written.
    written: Range<usize>,
}

impl<'a> Unescaped<'a> {
    pub(super) fn of(written: &'a str) -> Self {
        let (mut text, mut escapes) = (String::new(), Vec::new());
        let (mut copied, mut at) = (0, 0);
        while let Some(place) = written.get(at..).and_then(|rest| rest.find('\\')).map(|found| at + found) {
            at = place + 1;
            let Some((c, length)) = written.get(at..).and_then(character) else { continue };
            let before = written.get(copied..place).unwrap_or_default();
            let before = before.get(..before.len() - backslashes(before)).unwrap_or_default();
            // More backslashes than an escape can have: one of them would be left without its partner.
            if before.ends_with('\\') {
                continue;
            }
            text.push_str(before);
            let end = place + 1 + length;
            let written = copied + before.len()..end;
            escapes.push(Escape { at: text.len(), width: c.len_utf8(), written });
            text.push(c);
            (copied, at) = (end, end);
        }
        if escapes.is_empty() {
            return Self { text: Cow::Borrowed(written), escapes };
        }
        text.push_str(written.get(copied..).unwrap_or_default());
        Self { text: Cow::Owned(text), escapes }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The range of the written text that stands for this range of the text without escapes.
    pub(super) fn written(&self, range: &Range<usize>) -> Range<usize> {
        self.place(range.start)..self.place(range.end)
    }

    fn place(&self, at: usize) -> usize {
        let before = self.escapes.partition_point(|escape| escape.at < at);
        let last = before.checked_sub(1).and_then(|last| self.escapes.get(last));
        match self.escapes.get(before).filter(|escape| escape.at == at) {
            // The backslashes belong to the escape.
            Some(escape) => escape.written.start,
            None => last.map_or(at, |escape| escape.written.end + (at - escape.at - escape.width)),
        }
    }
}

/// The character of an escape, and the length of the escape after its first backslash. A character outside of the basic
/// plane takes two escapes (RFC 8259, section 7); half of one is no character.
fn character(escape: &str) -> Option<(char, usize)> {
    // Some programs write each slash as an escape, PHP for example.
    if escape.starts_with('/') {
        return Some(('/', 1));
    }
    let first = code_unit(escape)?;
    if let Some(c) = char::from_u32(first.into()) {
        return Some((c, 5));
    }
    let rest = escape.get(5..)?;
    let slashes = rest.bytes().take(MOST_ESCAPES).take_while(|byte| *byte == b'\\').count();
    let second = code_unit(rest.get(slashes..).filter(|_| slashes > 0)?)?;
    let c = char::decode_utf16([first, second]).next()?.ok()?;
    Some((c, 5 + slashes + 5))
}

fn code_unit(escape: &str) -> Option<u16> {
    let digits = escape.strip_prefix('u')?.get(..4)?;
    let are_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    u16::from_str_radix(digits, 16).ok().filter(|_| are_hex)
}

#[cfg(test)]
mod tests {
    use super::super::Masking;
    use super::*;
    use ports::{ContentBlock, ToolCall, ToolResult};
    use serde_json::Value;

    fn masked(text: &str) -> String {
        let mut masking = Masking::default();
        masking.pass_over(text);
        masking.masked(text)
    }

    fn masked_arguments(arguments: &str) -> String {
        let call = ToolCall { id: "c".to_owned(), name: "f".to_owned(), arguments: arguments.to_owned() };
        let block = ContentBlock::ToolCall(call);
        let mut masking = Masking::default();
        masking.pass_over_block(&block);
        match masking.masked_block(&block) {
            ContentBlock::ToolCall(call) => call.arguments,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn values_behind_escapes_are_masked_and_all_other_bytes_stay() {
        for (text, expected) in [
            (r#"{"to":  "ada\u0040x.example", "\u00e9": 1.50}"#, r#"{"to":  "[email_1]", "\u00e9": 1.50}"#),
            (r#"["\u0061da@x.exampl\u0065"]"#, r#"["[email_1]"]"#),
            (r#"["bob@m\u00fcnchen.example", "\u00fc"]"#, r#"["[email_1]", "\u00fc"]"#),
            (r#""\u003cada@x.example\u003E""#, r#""\u003c[email_1]\u003E""#),
            (r#""call \u002b49 171 1234567\u002e""#, r#""call [phone_1]\u002e""#),
            (r#""\ud83d\ude00ada\u0040x.example\ud83d\ude00""#, r#""\ud83d\ude00[email_1]\ud83d\ude00""#),
            (r#"{"tel": "030\/1234567", "path": "a\/b"}"#, r#"{"tel": "[phone_1]", "path": "a\/b"}"#),
            (r#""+49\/171\/1234567""#, r#""[phone_1]""#),
            // Three escaped backslashes, and the letters after them.
            (r#""\\\\\\u0061da@x.example""#, r#""\\\\\\u0061[email_1]""#),
            // JSON in JSON.
            (r#"{"json": "{\"to\": \"ada\\u0040x.example\"}"}"#, r#"{"json": "{\"to\": \"[email_1]\"}"}"#),
            (r#""ada@x.example and ada\u0040x.example""#, r#""[email_1] and [email_1]""#),
            (r#""caf\u00e9 \u0031\u00320""#, r#""caf\u00e9 \u0031\u00320""#),
            (r#""\ud83d ada\u0040x.example \ude00""#, r#""\ud83d [email_1] \ude00""#),
        ] {
            assert_eq!(masked(text), expected);
            assert_eq!(masked_arguments(text), expected);
        }
        // Texts that are not JSON, too.
        assert_eq!(masked(r"to: ada\u0040x.example \u00zz \u"), r"to: [email_1] \u00zz \u");
    }

    #[test]
    fn results_of_tools_are_masked_like_texts() {
        let said = |text: &str| ContentBlock::Text(text.to_owned());
        let result = |content| ToolResult { call_id: "c".to_owned(), content, is_error: false };
        let block = ContentBlock::ToolResult(result(vec![said(r#"{"to": "ada\u0040x.example"}"#)]));
        let mut masking = Masking::default();
        masking.pass_over_block(&block);
        let masked = result(vec![said(r#"{"to": "[email_1]"}"#)]);
        assert!(masking.masked_block(&block) == ContentBlock::ToolResult(masked));
        assert_eq!(masking.restored("[email_1]"), "ada@x.example");
    }

    #[test]
    fn arguments_stay_json_and_keep_their_bytes() {
        for (arguments, expected) in [
            (
                "{\n  \"n\": 1.0e2, \"phone\": 4155552671, \"z\": \"ada@x.example\",\t\"a\": [true, null, -0]\n}",
                "{\n  \"n\": 1.0e2, \"phone\": \"[phone_1]\", \"z\": \"[email_1]\",\t\"a\": [true, null, -0]\n}",
            ),
            (r#"{"a": "\"ada@x.example\\", "a": "\/"}"#, r#"{"a": "\"[email_1]\\", "a": "\/"}"#),
            (r#"{"ada@x.example": {}}"#, r#"{"[email_1]": {}}"#),
            // Cut arguments are a text.
            (r#"{"to": "ada\u0040x.example", "ph"#, r#"{"to": "[email_1]", "ph"#),
        ] {
            assert_eq!(masked_arguments(arguments), expected);
            if serde_json::from_str::<Value>(arguments).is_ok() {
                assert!(serde_json::from_str::<Value>(expected).is_ok(), "{expected}");
            }
        }
    }

    /// However a name of a placeholder is escaped in the prompt, it stays the prompt's own.
    #[test]
    fn an_escaped_placeholder_of_the_prompt_is_its_own() {
        assert_eq!(masked(r"[email\u005f1] is not ada@x.example"), r"[email\u005f1] is not [email_2]");
    }

    #[test]
    fn every_place_has_its_place_in_the_written_text() {
        let written = r"a\u0040\\u00e9b\ud83d\ude00c";
        let unescaped = Unescaped::of(written);
        assert_eq!(unescaped.text(), "a@éb😀c");
        let parts: Vec<&str> = unescaped
            .text()
            .char_indices()
            .map(|(at, c)| &written[unescaped.written(&(at..at + c.len_utf8()))])
            .collect();
        assert_eq!(parts, ["a", r"\u0040", r"\\u00e9", "b", r"\ud83d\ude00", "c"]);
        assert_eq!(unescaped.written(&(0..unescaped.text().len())), 0..written.len());
    }

    /// It would take hours if the work for an escape grew with the text.
    #[test]
    fn long_texts_of_escapes_are_read_in_the_time_of_their_length() {
        for part in [r"\u0040", r"\\\\u0040", r"\u", r"\\", r"\ud83d", r"\u0061\u0040\u0062.\u0063\u006f "] {
            let text = part.repeat(1_000_000 / part.len());
            let unescaped = Unescaped::of(&text);
            assert_eq!(unescaped.written(&(0..unescaped.text().len())), 0..text.len(), "{part}");
        }
    }
}
