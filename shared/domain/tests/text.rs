//! Text that people write: invisible characters are trimmed or refused, and characters that spelling needs are kept.

use domain::field::FieldChecks;

fn line(value: &str) -> Result<String, &'static str> {
    let mut check = FieldChecks::default();
    let line = check.line("name", value, 200);
    check.finish(()).map(|()| line).map_err(|invalid| invalid.0[0].code)
}

fn notes(value: &str) -> Result<Option<String>, &'static str> {
    let mut check = FieldChecks::default();
    let notes = check.optional_text("notes", Some(value), 200);
    check.finish(()).map(|()| notes).map_err(|invalid| invalid.0[0].code)
}

#[test]
fn what_looks_blank_is_empty() {
    for blank in [
        "",
        " ",
        "\u{200b}",
        "\u{2060}",
        "\u{3164}",
        "\u{2800}",
        "\u{115f}\u{1160}",
        "\u{ffa0}",
        "\u{ad}",
        "\u{feff}",
        "\u{a0}\u{3000}\u{2003}",
        "\u{200d}\u{200c}",
        "\u{fe0f}",
        "\u{2028}\u{2029}\u{85}",
        "\u{202e}\u{202c}",
        "\u{2066}\u{2069}",
        "\u{180e}",
        "\u{34f}",
        "\u{e0061}\u{e007f}",
        "\u{1d159}",
        " \u{200b} \u{2800}\u{3164}\u{feff} ",
    ] {
        assert_eq!(line(blank), Err("required"), "{blank:?}");
        let mut check = FieldChecks::default();
        assert_eq!(check.optional_line("industry", Some(blank), 100), None, "{blank:?}");
        assert_eq!(check.optional_text("notes", Some(blank), 100), None, "{blank:?}");
        assert!(check.finish(()).is_ok());
    }
}

#[test]
fn edges_are_freed_from_what_nobody_sees() {
    for (given, kept) in [
        ("\u{feff}Ada\u{200b}", "Ada"),
        ("\u{200e} Ada Byron \u{2060}\u{a0}", "Ada Byron"),
        ("\u{2800}Ada\u{3164}", "Ada"),
        ("\u{202a}Ada\u{202c}", "Ada"),
        ("\r\nAda\u{2028}", "Ada"),
        ("Ada\u{200d}", "Ada"),
        // The last character of an emoji is invisible and belongs to it.
        (" \u{2764}\u{fe0f} ", "\u{2764}\u{fe0f}"),
        (
            "\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f} ",
            "\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
        ),
    ] {
        assert_eq!(line(given).as_deref(), Ok(kept), "{given:?}");
        assert_eq!(notes(given), Ok(Some(kept.to_owned())), "{given:?}");
    }
}

#[test]
fn one_line_has_no_breaks_no_directions_and_nothing_invisible() {
    for refused in [
        "a\nb",
        "a\rb",
        "a\u{b}b",
        "a\u{c}b",
        "a\u{85}b",
        "a\u{2028}b",
        "a\u{2029}b",
        "a\tb",
        "a\0b",
        "a\u{202a}b",
        "a\u{202b}b",
        "a\u{202c}b",
        "a\u{202d}b",
        "a\u{202e}b",
        "a\u{2066}b",
        "a\u{2067}b",
        "a\u{2068}b",
        "a\u{2069}b",
        "a\u{200e}b",
        "a\u{200f}b",
        "a\u{61c}b",
        "a\u{200b}b",
        "a\u{2060}b",
        "a\u{feff}b",
        "a\u{ad}b",
        "a\u{3164}b",
        "a\u{34f}b",
        "a\u{2063}b",
        "a\u{fff9}b",
        "a\u{ffff}b",
        "a \u{200d}b",
        "a\u{200d} b",
        "a\u{200d}\u{200d}b",
        "a \u{fe0f}b",
        "a\u{e0061}\u{e0062}b",
        "\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}b",
        "a\u{e0067}\u{e0062}\u{e0065}\u{e007f}b",
    ] {
        assert_eq!(line(refused), Err("format"), "{refused:?}");
    }
    let mut check = FieldChecks::default();
    check.line("name", "a\u{200b}b", 200);
    let message = check.finish(()).unwrap_err().0[0].message.clone();
    assert_eq!(message, "must not contain invisible characters, such as U+200B");
}

#[test]
fn what_spelling_needs_stays() {
    for kept in [
        // Persian, with a joiner between a verb and its prefix; Sinhala and Malayalam conjuncts.
        "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}",
        "\u{dc1}\u{dca}\u{200d}\u{dbb}\u{dd3}",
        "\u{d28}\u{d4d}\u{200d}",
        // A family, a heart on fire, a rainbow flag, a keycap, a Han variant, a flag of tags.
        "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
        "\u{2764}\u{fe0f}\u{200d}\u{1f525}",
        "\u{1f3f3}\u{fe0f}\u{200d}\u{1f308}",
        "1\u{fe0f}\u{20e3}",
        "\u{845b}\u{e0100}\u{57ce}",
        "Team \u{1f3f4}\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f} North",
        "\u{5d0}\u{5d3}\u{5d4} \u{5dc}\u{5d0}\u{5d1}",
        "Zürich & Söhne (Ö)",
        "\u{fffd}",
    ] {
        // A chillu at the end of a word has a joiner that is trimmed.
        let expected = kept.trim_end_matches('\u{200d}');
        assert_eq!(line(kept).as_deref(), Ok(expected), "{kept:?}");
    }
}

#[test]
fn one_text_has_one_form() {
    assert_eq!(line("Zu\u{308}rich").as_deref(), Ok("Zürich"));
    assert_eq!(line("\u{212b}ngstr\u{f6}m").as_deref(), Ok("\u{c5}ngstr\u{f6}m"));
    // Characters are counted in the composed form.
    let mut check = FieldChecks::default();
    check.line("name", &"u\u{308}".repeat(10), 10);
    assert!(check.finish(()).is_ok());
}

#[test]
fn several_lines_keep_their_breaks_and_directions() {
    let kept = "one\ntwo\r\n\tthree\u{2028}four \u{2067}\u{5d0}\u{2069} five\u{200b}six";
    assert_eq!(notes(kept), Ok(Some(kept.to_owned())));
    for refused in ["a\0b", "a\u{85}b", "a\u{b}b", "a\u{1b}b"] {
        assert_eq!(notes(refused), Err("format"), "{refused:?}");
    }
}
