//! Addresses in every script, and which addresses are one mailbox.

use domain::email_address::{EmailAddress, mailbox_key, mailbox_keys};

fn shown(text: &str) -> Option<String> {
    EmailAddress::parse(text).map(|address| address.as_str().to_owned())
}

#[test]
fn addresses_of_every_script_are_taken() {
    for (given, expected) in [
        (" Ann.Lee+x@Example.CO.uk ", "ann.lee+x@example.co.uk"),
        ("ada@M\u{dc}NCHEN.example", "ada@m\u{fc}nchen.example"),
        ("ada@xn--mnchen-3ya.example", "ada@xn--mnchen-3ya.example"),
        // The decomposed form of the same letters.
        ("jo\u{308}rg@mu\u{308}nchen.example", "j\u{f6}rg@m\u{fc}nchen.example"),
        // Hindi, Tamil and Thai: words with viramas, vowel signs and tones.
        (
            "\u{930}\u{93e}\u{92e}@\u{939}\u{93f}\u{928}\u{94d}\u{926}\u{940}.example",
            "\u{930}\u{93e}\u{92e}@\u{939}\u{93f}\u{928}\u{94d}\u{926}\u{940}.example",
        ),
        (
            "\u{ba4}\u{bae}\u{bbf}\u{bb4}\u{bcd}@\u{ba4}\u{bae}\u{bbf}\u{bb4}\u{bcd}.example",
            "\u{ba4}\u{bae}\u{bbf}\u{bb4}\u{bcd}@\u{ba4}\u{bae}\u{bbf}\u{bb4}\u{bcd}.example",
        ),
        (
            "\u{e17}\u{e35}\u{e48}@\u{e17}\u{e35}\u{e48}.example",
            "\u{e17}\u{e35}\u{e48}@\u{e17}\u{e35}\u{e48}.example",
        ),
        // A virama and a joiner, as in the Sinhala spelling of Sri.
        (
            "\u{dc1}\u{dca}\u{200d}\u{dbb}\u{dd3}@\u{dc1}\u{dca}\u{200d}\u{dbb}\u{dd3}.example",
            "\u{dc1}\u{dca}\u{200d}\u{dbb}\u{dd3}@\u{dc1}\u{dca}\u{200d}\u{dbb}\u{dd3}.example",
        ),
        (
            "\u{7528}\u{6237}@\u{4f8b}\u{5b50}\u{3002}\u{5e7f}\u{544a}",
            "\u{7528}\u{6237}@\u{4f8b}\u{5b50}.\u{5e7f}\u{544a}",
        ),
        ("\u{200b}ada@a.example\u{feff}", "ada@a.example"),
    ] {
        assert_eq!(shown(given).as_deref(), Some(expected), "{given:?}");
    }
}

#[test]
fn what_no_mail_reaches_is_refused() {
    for refused in [
        "",
        "a",
        "a@b",
        "@b.co",
        "a@.co",
        "a b@c.de",
        "a@b..de",
        "a@-b.de",
        "a@b-.de",
        "a@b.de.",
        "a\0@b.de",
        "a@b.de\n,x@y.z",
        "a@@b.de",
        "a@b_c.de",
        "a@b c.de",
        ".a@b.de",
        "a.@b.de",
        "a..b@c.de",
        // A joiner that changes nothing, a mark without its letter, a symbol, a wrong A-label, a mixed direction.
        "a\u{200d}da@a.example",
        "\u{301}a@a.example",
        "a.\u{301}b@a.example",
        "a@\u{1f600}.example",
        "\u{1f600}@a.example",
        "a@xn--zzzzzzz99999.example",
        "a@\u{301}a.example",
        "a@a\u{200d}b.example",
        "a@\u{5d0}a.example",
        "a\u{200b}@a.example",
        "a\u{202e}@a.example",
        "a\u{20dd}@a.example",
    ] {
        assert_eq!(shown(refused), None, "{refused:?}");
    }
    let long_domain = format!("a@{}.example", "\u{fc}".repeat(60));
    assert_eq!(shown(&long_domain), None);
    assert_eq!(shown(&format!("{}@a.example", "a".repeat(65))), None);
    assert!(shown(&format!("{}@a.example", "a".repeat(64))).is_some());
}

#[test]
fn one_mailbox_has_one_key() {
    for same in [
        "ada@m\u{fc}nchen.example",
        "ADA@M\u{dc}NCHEN.EXAMPLE",
        "ada@xn--mnchen-3ya.example",
        "ada@mu\u{308}nchen.example",
        "ada@XN--MNCHEN-3YA.example",
        " ada@m\u{fc}nchen\u{3002}example",
    ] {
        assert_eq!(mailbox_key(same), "ada@xn--mnchen-3ya.example", "{same:?}");
    }
    assert_eq!(mailbox_key("jo\u{308}rg@a.example"), mailbox_key("J\u{d6}RG@a.example"));
    assert_ne!(mailbox_key("ada@strasse.example"), mailbox_key("ada@stra\u{df}e.example"));
    assert_eq!(mailbox_key(" No address "), "no address");
}

#[test]
fn accounts_of_before_are_found_under_what_was_typed() {
    assert_eq!(mailbox_keys("Ada@northwind.example"), ["ada@northwind.example"]);
    assert_eq!(
        mailbox_keys("Ada@M\u{fc}nchen.example"),
        ["ada@m\u{fc}nchen.example", "ada@xn--mnchen-3ya.example"]
    );
    assert_eq!(
        mailbox_keys("ada@xn--mnchen-3ya.example"),
        ["ada@xn--mnchen-3ya.example", "ada@m\u{fc}nchen.example"]
    );
    assert_eq!(
        mailbox_keys("ada@mu\u{308}nchen.example"),
        ["ada@mu\u{308}nchen.example", "ada@xn--mnchen-3ya.example", "ada@m\u{fc}nchen.example"]
    );
    assert_eq!(mailbox_keys("nobody"), ["nobody"]);
}

#[test]
fn no_debug_output_shows_an_address() {
    assert_eq!(format!("{:?}", EmailAddress::parse("ada@a.example").unwrap()), "EmailAddress(..)");
}
