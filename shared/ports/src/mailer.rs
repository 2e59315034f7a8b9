//! Mail to people, and the addresses that get none any more.

use super::{BoxFuture, Source, StoreError};
use domain::Timestamp;
use std::fmt;

/// What a mail is about. It decides whether an address that bounced or complained still gets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailCategory {
    /// About the security of the account. It is always sent.
    Security,
    /// About the account, such as an invitation or the verification of an address.
    Account,
    /// Everything else, which people can opt out of.
    Product,
}

impl MailCategory {
    /// The name in the tags of a mail.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Security => "security",
            Self::Account => "account",
            Self::Product => "product",
        }
    }

    /// Whether addresses that bounced or complained get no mail of the category.
    pub const fn is_suppressible(self) -> bool {
        !matches!(self, Self::Security)
    }
}

/// A mail in the form in which it is sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// The id of the mail, which is sent in the header `X-Sextant-Message-Id`. A mail that is sent again has the same.
    pub id: String,
    /// The address.
    pub recipient: String,
    /// The subject: one line.
    pub subject: String,
    /// The HTML part.
    pub html: String,
    /// The text part.
    pub text: String,
    /// What it is about.
    pub category: MailCategory,
}

impl fmt::Debug for Mail {
    /// Prints no address and no text, because they are personal and have links with secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail").field("id", &self.id).field("category", &self.category).finish_non_exhaustive()
    }
}

/// A mail was not sent.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The mail service does not answer, or takes no more at the moment.
    #[error("the mail service is unavailable")]
    Unavailable(#[source] Source),
    /// The mail service refuses the mail: a sender that is not verified, an account without permission to send.
    #[error("the mail service refuses the mail")]
    Refused(#[source] Source),
}

/// Sends mail.
pub trait Mailer: Send + Sync {
    /// Sends a mail: one call.
    fn send<'a>(&'a self, mail: &'a Mail) -> BoxFuture<'a, Result<(), MailError>>;
}

/// Why an address gets no mail any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SuppressionReason {
    /// Its provider says that it does not exist.
    PermanentBounce,
    /// Its owner called a mail unwanted.
    Complaint,
}

impl SuppressionReason {
    /// The name in records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PermanentBounce => "permanent_bounce",
            Self::Complaint => "complaint",
        }
    }
}

/// The addresses of a deployment that get no mail any more, except about security. Addresses are given as the SHA-256 of
/// their mailbox key, base64url.
pub trait MailSuppressions: Send + Sync {
    /// Whether an address is among them: one read.
    fn is_suppressed<'a>(&'a self, address_hash: &'a str) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Adds an address: one write. Adding it again changes nothing.
    fn suppress<'a>(
        &'a self,
        address_hash: &'a str,
        reason: SuppressionReason,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<(), StoreError>>;
}
