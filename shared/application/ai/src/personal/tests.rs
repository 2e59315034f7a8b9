//! Texts that hold personal data, texts that only look like it, and texts that are long or cut inside a character.

mod phones;

use super::*;

fn found(text: &str) -> Vec<(&str, Kind)> {
    find(text, &KnownPhones::default()).into_iter().map(|(range, kind)| (&text[range], kind)).collect()
}

#[test]
fn finds_what_is_written_as_personal_data() {
    for (text, what, kind) in [
        ("write to Ada.Byron+x@northwind.example.", "Ada.Byron+x@northwind.example", Kind::Email),
        ("<ada@x.example>", "ada@x.example", Kind::Email),
        ("grüße an jürgen@münchen.example!", "jürgen@münchen.example", Kind::Email),
        (r#"{"a":"one\nada@x.example"}"#, "ada@x.example", Kind::Email),
        (r"\u003cada@x.example\u003e", "ada@x.example", Kind::Email),
        ("call +49 (0)171 123-4567 now", "+49 (0)171 123-4567", Kind::Phone),
        ("+1-555-0100", "+1-555-0100", Kind::Phone),
        ("(+442079460958)", "+442079460958", Kind::Phone),
        ("(0171 1234567)", "0171 1234567", Kind::Phone),
        ("４１１１ １１１１ １１１１ １１１１", "４１１１ １１１１ １１１１ １１１１", Kind::Card),
        ("卡号4111111111111111。", "4111111111111111", Kind::Card),
        ("tel 020 7946 0958", "020 7946 0958", Kind::Phone),
        ("0049 30 1234567", "0049 30 1234567", Kind::Phone),
        (r"phone:\n030/1234567", "030/1234567", Kind::Phone),
        ("call (555) 010-0199, or not", "(555) 010-0199", Kind::Phone),
        ("1-555-010-0199", "1-555-010-0199", Kind::Phone),
        ("card 4111 1111 1111 1111 exp 12/27", "4111 1111 1111 1111", Kind::Card),
        ("5555555555554444", "5555555555554444", Kind::Card),
        ("3782-822463-10005", "3782-822463-10005", Kind::Card),
        ("to DE89 3704 0044 0532 0130 00 please", "DE89 3704 0044 0532 0130 00", Kind::Iban),
        ("gb82west12345698765432", "gb82west12345698765432", Kind::Iban),
    ] {
        assert_eq!(found(text), [(what, kind)], "{text}");
    }
}

#[test]
fn several_are_told_apart() {
    let text = "ada@x.example, +49 171 1234567; 4111111111111111 and bob@y.example";
    let kinds: Vec<Kind> = found(text).into_iter().map(|(_, kind)| kind).collect();
    assert_eq!(kinds, [Kind::Email, Kind::Phone, Kind::Card, Kind::Email]);
}

#[test]
fn leaves_everything_else() {
    for text in [
        "",
        "@",
        "a @ b.example",
        "ada@localhost",
        "2026-11-21",
        "01.02.2026 1030",
        "21/11/2026",
        "1 000 000 dollars, 40,000 a year",
        "0.123456789",
        "order 4111111111111112",
        "0000000000000000000",
        "DE89 3704 0044",
        "gb82west12345698765433",
        "lead_01jd2x5k8qf3v9m4t7w6z0r1sa",
        "1700000000",
        "50-200 people, 12 teams",
        "10.0.0.1 and 192.168.100.200",
        "v1.2.3 of 2025",
    ] {
        assert_eq!(found(text), [], "{text}");
    }
}

/// A number inside an address belongs to the address; one beside it does not.
#[test]
fn addresses_hold_their_numbers() {
    let text = "+491711234567@x.example, 4111111111111111;bob@y.example +49 171 1234567";
    assert_eq!(
        found(text),
        [
            ("+491711234567@x.example", Kind::Email),
            ("4111111111111111", Kind::Card),
            ("bob@y.example", Kind::Email),
            ("+49 171 1234567", Kind::Phone)
        ]
    );
}

/// Texts of megabytes, which would take hours if the work grew with the square of their length.
#[test]
fn long_texts_take_no_longer_than_they_are_long() {
    let nothing = KnownPhones::default();
    for part in [
        " ",
        "(",
        "1",
        "0 ",
        "@",
        "a@",
        "DE89 ",
        "１",
        "（",
        "1 1 1 1 ",
        "tel ",
        "tel. 1",
        "电话",
        "order 9876543210 ",
        "1-1.1/1 ",
        "+1 ",
    ] {
        let text = format!("{}x", part.repeat(500_000 / part.len()));
        let mut known = KnownPhones::default();
        known.learn(&text);
        assert_eq!(find(&text, &known), [], "{part}");
    }
    let contact = "a@b.cc +491711234567, 98765 43210, tel. 20123456; ";
    let many = 60_000;
    assert_eq!(find(&contact.repeat(many), &nothing).len(), 4 * many);
    let mut known = KnownPhones::default();
    (0..many).for_each(|number| known.learn(&format!("tel. {}", 30_000_000 + number)));
    let text: Vec<String> = (0..many).map(|number| format!("I noted {}.", 30_000_000 + number)).collect();
    assert_eq!(find(&text.join(" "), &known).len(), many);
}

/// Any text is cut only between characters.
#[test]
fn takes_any_text() {
    for text in [
        "é@é.éé",
        "+é",
        "(",
        "+",
        "DE8é",
        "00é00",
        "\\u00e@x.example",
        "((((((1",
        "++++49 1",
        "（０３）１",
        "＋８１é",
        "电",
        "tel.１２３４５６é７",
    ] {
        let _ = found(text);
    }
}
