//! Tokens that people get by e-mail. The secret of a token is derived from its id and its purpose under a key of the
//! deployment. The job that sends the mail therefore makes the same token again from the id alone, and neither the store nor
//! a queue ever holds it. The store has its SHA-256.

use crate::repository::{Actor, PendingChange};
use crate::secret::{derived_secret, fingerprint, same};
use crate::{Context, Error};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::AggregateType;
use domain::email_address::mailbox_key;
use domain::id::{AccountId, OneTimeTokenId, OrganizationId};
use domain::identity::{
    IssueOneTimeToken, MailLanguage, OneTimeToken, OneTimeTokenPurpose, TokenUnusable, issue_one_time_token,
    use_one_time_token,
};
use ports::{AggregateKey, Change, Store};
use std::fmt;
use std::sync::Arc;
use type_safe_id::TypeSafeId;

/// The prefix of tokens, by which scanners find leaked ones.
const PREFIX: &str = "sxm_";
/// The characters of a token after its prefix: 64 bytes in base64url.
const LENGTH: usize = 86;
/// The shortest text of a key.
const SHORTEST_KEY: usize = 32;

/// The key from which the secrets of tokens are derived.
#[derive(Clone)]
pub struct MailTokenKey(Arc<[u8]>);

/// The key is too short to be a secret.
#[derive(Debug, thiserror::Error)]
#[error("the key of mail tokens has fewer than 32 characters")]
pub struct WeakMailTokenKey;

impl fmt::Debug for MailTokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MailTokenKey(..)")
    }
}

impl MailTokenKey {
    /// The key with this text, which has at least 32 characters.
    ///
    /// # Errors
    /// [`WeakMailTokenKey`] for a shorter one.
    pub fn new(text: &str) -> Result<Self, WeakMailTokenKey> {
        let text = text.trim();
        if text.len() < SHORTEST_KEY { Err(WeakMailTokenKey) } else { Ok(Self(text.as_bytes().into())) }
    }

    fn secret(&self, id: OneTimeTokenId, purpose: OneTimeTokenPurpose) -> [u8; 32] {
        derived_secret(&self.0, format!("{}:{id}", purpose.as_str()).as_bytes())
    }

    /// The text of a token, for the link in its mail.
    pub fn text(&self, organization: OrganizationId, token: &OneTimeToken) -> String {
        let secret = self.secret(token.id, token.purpose);
        PresentedMailToken { organization, id: token.id, secret }.encode()
    }
}

/// A token that is to be made and sent.
#[derive(Debug)]
pub struct NewMailToken<'a> {
    /// The organization in which the account is stored.
    pub organization: OrganizationId,
    /// The account.
    pub account: AccountId,
    /// What the token allows.
    pub purpose: OneTimeTokenPurpose,
    /// The address that it is sent to.
    pub email: &'a str,
    /// The language of the mail.
    pub language: MailLanguage,
}

/// A new token's part of a transaction. Its event makes the job send the mail.
///
/// # Errors
/// Those of randomness and of encoding.
pub fn issue_mail_token(
    key: &MailTokenKey,
    context: &Context,
    actor: &Actor,
    token: &NewMailToken<'_>,
) -> Result<Change, Error> {
    let id: OneTimeTokenId = context.new_id()?;
    let event = issue_one_time_token(IssueOneTimeToken {
        id,
        purpose: token.purpose,
        account_id: token.account,
        secret_hash: fingerprint(&key.secret(id, token.purpose)),
        address_hash: address_hash(id, token.email),
        language: token.language,
        at: context.now,
    });
    let of = AggregateKey::new(token.organization, AggregateType::OneTimeToken, &id);
    Ok(PendingChange::<OneTimeToken>::create(of, [], &event, context, actor)?.finish()?.0)
}

/// The hash that binds a token to an address. The id is a part of it, so that tokens do not show which of them belong to one
/// address.
pub fn address_hash(id: OneTimeTokenId, email: &str) -> String {
    fingerprint(format!("{id}:{}", mailbox_key(email)).as_bytes())
}

/// A token in full, as it was sent. It must never be stored or logged.
pub struct PresentedMailToken {
    /// The organization in which the account is stored.
    pub organization: OrganizationId,
    /// The id of the token.
    pub id: OneTimeTokenId,
    secret: [u8; 32],
}

impl fmt::Debug for PresentedMailToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PresentedMailToken").field("id", &self.id).finish_non_exhaustive()
    }
}

impl PresentedMailToken {
    fn encode(&self) -> String {
        let mut bytes = Vec::with_capacity(64);
        bytes.extend_from_slice(self.organization.uuid().as_bytes());
        bytes.extend_from_slice(self.id.uuid().as_bytes());
        bytes.extend_from_slice(&self.secret);
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Reads a client's text.
    ///
    /// # Errors
    /// [`TokenUnusable::Unknown`] for any other text.
    pub fn decode(text: &str) -> Result<Self, TokenUnusable> {
        let parts = || {
            let text = text.strip_prefix(PREFIX).filter(|text| text.len() == LENGTH)?;
            let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
            let (organization, rest) = bytes.split_first_chunk::<16>()?;
            let (id, secret) = rest.split_first_chunk::<16>()?;
            Some(Self {
                organization: OrganizationId::from_uuid(uuid::Uuid::from_bytes(*organization)),
                id: TypeSafeId::from_uuid(uuid::Uuid::from_bytes(*id)),
                secret: secret.try_into().ok()?,
            })
        };
        parts().ok_or(TokenUnusable::Unknown)
    }

    /// Loads the token, and checks that the secret is its own and that it has the purpose: one read. Whether it can still be
    /// used is decided by [`spend`].
    ///
    /// # Errors
    /// [`TokenUnusable::Unknown`], or that of the store.
    pub async fn load(
        &self,
        store: &dyn Store,
        purpose: OneTimeTokenPurpose,
    ) -> Result<PendingChange<OneTimeToken>, Error> {
        let key = AggregateKey::new(self.organization, AggregateType::OneTimeToken, &self.id);
        let token = PendingChange::<OneTimeToken>::load(store, key, &[]).await?;
        let token = token.ok_or(TokenUnusable::Unknown)?;
        let known = same(&fingerprint(&self.secret), &token.state().secret_hash);
        if known && token.state().purpose == purpose { Ok(token) } else { Err(TokenUnusable::Unknown.into()) }
    }
}

/// Records that the token is used for `purpose` by the account whose present address is `email`. Committed in one transaction
/// with its effect, the token works once, however many requests bring it at the same time.
///
/// # Errors
/// [`TokenUnusable`] when it is used, expired, or bound to another address.
pub fn spend(
    token: &mut PendingChange<OneTimeToken>,
    purpose: OneTimeTokenPurpose,
    email: &str,
    context: &Context,
    actor: &Actor,
) -> Result<(), Error> {
    let state = token.state();
    let event = use_one_time_token(state, purpose, &address_hash(state.id, email), context.now)?;
    token.record(&event, context, actor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Timestamp;

    const KEY: &str = "a key of at least thirty-two characters";

    fn presented(key: &str, purpose: OneTimeTokenPurpose) -> PresentedMailToken {
        let at = Timestamp::from_millis(1_763_716_200_000);
        let (organization, id) = (domain::id::new_id(at, &[1; 10]), domain::id::new_id(at, &[2; 10]));
        let secret = MailTokenKey::new(key).unwrap().secret(id, purpose);
        PresentedMailToken { organization, id, secret }
    }

    #[test]
    fn a_token_is_read_as_it_was_written() {
        let token = presented(KEY, OneTimeTokenPurpose::PasswordReset);
        let text = token.encode();
        assert_eq!((text.len(), text.starts_with("sxm_")), (90, true));
        let read = PresentedMailToken::decode(&text).unwrap();
        assert_eq!((read.organization, read.id, read.secret), (token.organization, token.id, token.secret));
        assert!(!format!("{read:?}").contains(&text[50..]));
    }

    #[test]
    fn another_key_or_purpose_gives_another_secret() {
        let secret = presented(KEY, OneTimeTokenPurpose::PasswordReset).secret;
        assert_eq!(secret, presented(KEY, OneTimeTokenPurpose::PasswordReset).secret);
        assert_ne!(secret, presented(KEY, OneTimeTokenPurpose::EmailVerification).secret);
        let other = "another key of at least thirty-two characters";
        assert_ne!(secret, presented(other, OneTimeTokenPurpose::PasswordReset).secret);
        assert!(MailTokenKey::new("short").is_err());
    }

    #[test]
    fn other_texts_are_no_tokens() {
        let text = presented(KEY, OneTimeTokenPurpose::PasswordReset).encode();
        let body = &text[4..];
        let altered = [
            String::new(),
            "sxm_".to_owned(),
            format!("sxr_{body}"),
            format!("{text}A"),
            text[..89].to_owned(),
            format!("sxm_{}", body.replace(&body[..1], "+")),
            format!(" {text}"),
            "sxm_".to_owned() + &"\u{e9}".repeat(43),
        ];
        for altered in altered {
            assert!(PresentedMailToken::decode(&altered).is_err(), "{altered}");
        }
    }
}
