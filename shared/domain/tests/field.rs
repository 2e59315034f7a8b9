//! Values that callers send, checked: whatever comes, an answer and no panic.

use crate::support::Dice;
use domain::field::FieldChecks;

#[test]
fn a_secret_is_bounded_and_otherwise_free() {
    let wrong = |value: &str| {
        let mut check = FieldChecks::default();
        check.secret("password", value, 5);
        check.finish(()).err().map(|invalid| invalid.0[0].code)
    };
    assert_eq!(
        ["", "x", "üüüüü", "\0\n", "123456"].map(wrong),
        [Some("required"), None, None, None, Some("too_long")]
    );
}

#[test]
fn no_message_repeats_the_value() {
    let mut check = FieldChecks::default();
    let value = format!("zq9x7\0{}", "y".repeat(300));
    check.line("company_name", &value, 200);
    check.optional_line("industry", Some(&value), 100);
    check.optional_text("notes", Some(&value), 10);
    check.email("email", &value);
    check.secret("password", &value, 10);
    let invalid = check.finish(()).unwrap_err();
    assert_eq!(invalid.0.len(), 8);
    assert!(!format!("{invalid} {invalid:?}").contains("zq9x7"));
}

#[test]
fn any_text_is_judged() {
    const PIECES: &[&str] = &[
        "a", "@", ".", "-", "example", "com", "\0", " ", "ü", "🦀", "\n", "..", "@@", "İ", "+", "'",
        "\u{202e}", "1", "\u{300}", "\u{d4d}", "\u{200d}", "xn--", "\u{3c3}", "\u{1e9e}", "\u{212b}",
        "\u{3002}",
    ];
    for seed in 0..3_000 {
        let mut dice = Dice(seed);
        let text: String = (0..dice.below(12)).map(|_| dice.one_of(PIECES)).collect();
        let mut check = FieldChecks::default();
        let email = check.email("email", &text);
        if check.finish(()).is_ok() {
            let (local, host) = email.split_once('@').unwrap();
            assert!(!local.is_empty() && host.contains('.'), "{text:?}");
            assert!(!email.chars().any(|c| c.is_control() || c.is_whitespace()), "{text:?}");
            // What was accepted is accepted again, as it is.
            let mut again = FieldChecks::default();
            assert_eq!(again.email("email", &email), email);
            assert!(again.finish(()).is_ok(), "{text:?}");
        }
        if text.contains(['\u{200d}', '\u{300}', '\u{212b}']) {
            continue;
        }
        let mut check = FieldChecks::default();
        let line = check.line("name", &text, 5);
        let edges = |c: char| c.is_whitespace() || c == '\u{202e}';
        assert_eq!(line, text.trim_matches(edges));
        let good = !line.is_empty()
            && line.chars().count() <= 5
            && !line.chars().any(|c| c.is_control() || c == '\u{202e}');
        assert_eq!(check.finish(()).is_ok(), good, "{text:?}");
    }
}
