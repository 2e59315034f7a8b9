//! The mails that people get: versioned files in English and German, and the strict replacement of their placeholders. In HTML
//! every value is escaped; in subjects and texts a value is one line, so that no value can begin a header or a paragraph of its
//! own. It must never send anything, and has no clock and no I/O.

mod files;
mod placeholders;

use domain::identity::MailLanguage;
use files::{LAYOUT, files};
use placeholders::{escaped, filled, one_line};

/// The kinds of mails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailTemplate {
    /// The link that verifies the address of an account.
    EmailVerification,
    /// The link to choose another password.
    PasswordReset,
    /// The password was changed.
    PasswordChanged,
    /// The link to join an organization.
    Invitation,
    /// A session was ended because its token was used twice.
    SessionRevoked,
    /// A second factor was added or removed.
    MfaChanged,
}

impl MailTemplate {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::EmailVerification,
        Self::PasswordReset,
        Self::PasswordChanged,
        Self::Invitation,
        Self::SessionRevoked,
        Self::MfaChanged,
    ];

    /// The name of the folder with its files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EmailVerification => "email_verification",
            Self::PasswordReset => "password_reset",
            Self::PasswordChanged => "password_changed",
            Self::Invitation => "invitation",
            Self::SessionRevoked => "session_revoked",
            Self::MfaChanged => "mfa_changed",
        }
    }
}

/// The values of the placeholders.
#[derive(Clone, Copy)]
pub struct MailValues<'a> {
    /// The name of the organization.
    pub organization: &'a str,
    /// The color of the organization: `#` and six hexadecimal digits.
    pub color: &'a str,
    /// The name of the person who gets the mail.
    pub name: &'a str,
    /// Where the button leads.
    pub link: &'a str,
    /// When it happened, RFC 3339.
    pub at: &'a str,
}

/// A mail in words.
#[derive(Clone, PartialEq, Eq)]
pub struct RenderedMail {
    /// The subject: one line.
    pub subject: String,
    /// The HTML document.
    pub html: String,
    /// The text.
    pub text: String,
}

/// A template can't be filled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// The template has a placeholder without a value.
    #[error("the placeholder {0} has no value")]
    UnknownPlaceholder(String),
    /// A placeholder is not closed.
    #[error("a placeholder is not closed")]
    Unclosed,
    /// The color is not `#` and six hexadecimal digits, or the link is no web address.
    #[error("the {0} is malformed")]
    Malformed(&'static str),
}

/// Writes a mail.
///
/// # Errors
/// [`TemplateError`] for a color or a link that could break out of its place, and for a defect of a template.
pub fn render(
    template: MailTemplate,
    language: MailLanguage,
    values: &MailValues<'_>,
) -> Result<RenderedMail, TemplateError> {
    if !is_color(values.color) {
        return Err(TemplateError::Malformed("color"));
    }
    if !(values.link.starts_with("https://") || values.link.starts_with("http://")) {
        return Err(TemplateError::Malformed("link"));
    }
    let files = files(template, language);
    let named = [
        ("organization", values.organization),
        ("color", values.color),
        ("name", values.name),
        ("link", values.link),
        ("at", values.at),
    ];
    let plain = named.map(|(name, value)| (name, one_line(value)));
    let subject = filled(files.subject.trim(), &plain)?;
    let text = filled(files.text, &plain)?;
    let in_html = named.map(|(name, value)| (name, escaped(&one_line(value))));
    let body = filled(files.html, &in_html)?;
    let [organization, color, ..] = in_html;
    let parts = [
        organization,
        color,
        ("language", language.as_str().to_owned()),
        ("subject", escaped(&subject)),
        ("body", body),
    ];
    Ok(RenderedMail { subject, html: filled(LAYOUT, &parts)?, text })
}

fn is_color(text: &str) -> bool {
    text.strip_prefix('#')
        .is_some_and(|digits| digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
}
