//! Every mail in every language.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use domain::identity::MailLanguage;
use mail_templates::{MailTemplate, MailValues, RenderedMail, TemplateError, render};

const VALUES: MailValues<'static> = MailValues {
    organization: "Northwind",
    color: "#1f4e79",
    name: "Ada Byron",
    link: "https://console.example.com/page#token=sxm_abc",
    at: "2025-11-21T09:10:00.000Z",
};

fn every() -> impl Iterator<Item = (MailTemplate, MailLanguage)> {
    MailTemplate::ALL.into_iter().flat_map(|kind| MailLanguage::ALL.map(|language| (kind, language)))
}

fn mail(values: &MailValues<'_>) -> RenderedMail {
    render(MailTemplate::PasswordReset, MailLanguage::English, values).unwrap()
}

#[test]
fn every_placeholder_of_every_mail_is_filled() {
    for (kind, language) in every() {
        let mail = render(kind, language, &VALUES).unwrap();
        for text in [&mail.subject, &mail.html, &mail.text] {
            assert!(!text.contains("{{") && !text.contains("}}"), "{kind:?} {language:?} {text}");
            assert!(text.contains("Northwind"), "{kind:?} {language:?} {text}");
        }
        for text in [&mail.html, &mail.text] {
            assert!(text.contains("Ada Byron") && text.contains(VALUES.link), "{kind:?} {language:?} {text}");
        }
        assert!(mail.html.contains(&format!("<html lang=\"{}\">", language.as_str())), "{}", mail.html);
        assert_eq!(mail.subject.lines().count(), 1);
    }
}

#[test]
fn every_mail_is_as_it_was_approved() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/approved");
    for (kind, language) in every() {
        let mail = render(kind, language, &VALUES).unwrap();
        let file = format!("{folder}/{}.{}.txt", kind.as_str(), language.as_str());
        let written = format!("{}\n\n{}\n{}", mail.subject, mail.text, mail.html);
        let approved = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert_eq!(written, approved, "{file}");
    }
}

#[test]
fn names_are_escaped_in_html() {
    let hostile = "<script>alert('1')</script>\" onload=\"x & y";
    let mail = mail(&MailValues { name: hostile, organization: hostile, ..VALUES });
    assert!(!mail.html.contains("<script>") && !mail.html.contains("\" onload"), "{}", mail.html);
    assert!(
        mail.html.contains("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot; onload=&quot;x &amp; y")
    );
    // Text is not escaped: nothing interprets it.
    assert!(mail.text.contains(hostile));
}

#[test]
fn a_name_can_not_begin_a_header_or_a_line() {
    for line_break in ["\r\n", "\n", "\r", "\u{2028}", "\u{2029}", "\u{b}", "\0"] {
        let hostile = format!("Northwind{line_break}Bcc: eve@evil.example");
        let mail = mail(&MailValues { organization: &hostile, name: &hostile, ..VALUES });
        assert!(!mail.subject.contains(line_break), "{:?}", mail.subject);
        assert!(mail.subject.contains("Bcc: eve"), "{:?}", mail.subject);
        assert!(!mail.text.contains(&format!("{line_break}Bcc")), "{:?}", mail.text);
    }
}

#[test]
fn a_value_that_looks_like_a_placeholder_stays_as_it_is() {
    let mail = mail(&MailValues { name: "{{link}} {{unknown}}", ..VALUES });
    assert!(mail.text.contains("Hello {{link}} {{unknown}},"), "{}", mail.text);
}

#[test]
fn colors_and_links_can_not_break_out() {
    let refused = |values: MailValues<'_>| {
        render(MailTemplate::PasswordReset, MailLanguage::English, &values).err().expect("an error")
    };
    for color in ["", "red", "#12345", "#1234567", "#12345g", "#12345;", "#ffffff;background:url(x)"] {
        assert_eq!(refused(MailValues { color, ..VALUES }), TemplateError::Malformed("color"), "{color}");
    }
    for link in ["", "javascript:alert(1)", "data:text/html,x", "/relative"] {
        assert_eq!(refused(MailValues { link, ..VALUES }), TemplateError::Malformed("link"), "{link}");
    }
    let mail = mail(&MailValues { link: "https://x.example/\"><script>", ..VALUES });
    assert!(!mail.html.contains("<script>"), "{}", mail.html);
}
