//! The files of the templates. A changed text is a new version in a new folder, so that it is known which text a person got.

use crate::MailTemplate;
use domain::identity::MailLanguage;

/// The files of one mail in one language.
pub(crate) struct TemplateFiles {
    pub(crate) subject: &'static str,
    pub(crate) html: &'static str,
    pub(crate) text: &'static str,
}

/// The HTML around every body.
pub(crate) const LAYOUT: &str = include_str!("../templates/layout/v1/layout.html");

macro_rules! template_files {
    ($folder:literal) => {
        TemplateFiles {
            subject: include_str!(concat!("../templates/", $folder, "/subject.txt")),
            html: include_str!(concat!("../templates/", $folder, "/body.html")),
            text: include_str!(concat!("../templates/", $folder, "/body.txt")),
        }
    };
}

/// The newest version of a mail.
pub(crate) const fn files(template: MailTemplate, language: MailLanguage) -> TemplateFiles {
    use MailLanguage::{English, German};
    match (template, language) {
        (MailTemplate::EmailVerification, English) => template_files!("email_verification/v1/en"),
        (MailTemplate::EmailVerification, German) => template_files!("email_verification/v1/de"),
        (MailTemplate::PasswordReset, English) => template_files!("password_reset/v1/en"),
        (MailTemplate::PasswordReset, German) => template_files!("password_reset/v1/de"),
        (MailTemplate::PasswordChanged, English) => template_files!("password_changed/v1/en"),
        (MailTemplate::PasswordChanged, German) => template_files!("password_changed/v1/de"),
        (MailTemplate::Invitation, English) => template_files!("invitation/v1/en"),
        (MailTemplate::Invitation, German) => template_files!("invitation/v1/de"),
        (MailTemplate::SessionRevoked, English) => template_files!("session_revoked/v1/en"),
        (MailTemplate::SessionRevoked, German) => template_files!("session_revoked/v1/de"),
        (MailTemplate::MfaChanged, English) => template_files!("mfa_changed/v1/en"),
        (MailTemplate::MfaChanged, German) => template_files!("mfa_changed/v1/de"),
    }
}
