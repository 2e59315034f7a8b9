//! The refresh token in the client's form: the session, and the secrets that prove it. The system stores only hashes.

use application_core::repository::random;
use application_core::secret::{fingerprint, successor};
use application_core::{Context, Error};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::id::{AccountId, OrganizationId, SessionId};
use domain::identity::RefreshToken;
use uuid::Uuid;

/// The prefix of refresh tokens, by which scanners find leaked ones.
const PREFIX: &str = "sxr_";

/// A refresh token in full. It must never be stored or logged.
pub(crate) struct PresentedToken {
    pub(crate) organization: OrganizationId,
    pub(crate) account: AccountId,
    pub(crate) session: SessionId,
    family: [u8; 16],
    secret: [u8; 32],
}

impl PresentedToken {
    /// The first token of a session, and its stored part.
    pub(crate) fn first(
        organization: OrganizationId,
        account: AccountId,
        session: SessionId,
        context: &Context,
    ) -> Result<(Self, RefreshToken), Error> {
        let token = Self {
            organization,
            account,
            session,
            family: random(context.entropy.as_ref())?,
            secret: random(context.entropy.as_ref())?,
        };
        let kept = RefreshToken { hash: token.hash(), salt: String::new() };
        Ok((token, kept))
    }

    /// The token that follows this one when it is rotated with `salt`.
    pub(crate) fn next(&self, salt: &str) -> Self {
        Self { secret: successor(&self.secret, salt), ..*self }
    }

    /// Hash of the secret.
    pub(crate) fn hash(&self) -> String {
        fingerprint(&self.secret)
    }

    /// Hash of the secret that all tokens of the session carry.
    pub(crate) fn family_hash(&self) -> String {
        fingerprint(&self.family)
    }

    /// The text for the client.
    pub(crate) fn encode(&self) -> String {
        let mut bytes = Vec::with_capacity(96);
        bytes.extend_from_slice(self.organization.uuid().as_bytes());
        bytes.extend_from_slice(self.account.uuid().as_bytes());
        bytes.extend_from_slice(self.session.uuid().as_bytes());
        bytes.extend_from_slice(&self.family);
        bytes.extend_from_slice(&self.secret);
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Reads a client's text; any other text is not a refresh token.
    pub(crate) fn decode(text: &str) -> Result<Self, Error> {
        let parts = || {
            let bytes =
                URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX).filter(|text| text.len() == 128)?).ok()?;
            let (organization, rest) = bytes.split_first_chunk::<16>()?;
            let (account, rest) = rest.split_first_chunk::<16>()?;
            let (session, rest) = rest.split_first_chunk::<16>()?;
            let (family, secret) = rest.split_first_chunk::<16>()?;
            Some(Self {
                organization: OrganizationId::from_uuid(Uuid::from_bytes(*organization)),
                account: AccountId::from_uuid(Uuid::from_bytes(*account)),
                session: SessionId::from_uuid(Uuid::from_bytes(*session)),
                family: *family,
                secret: secret.try_into().ok()?,
            })
        };
        parts().ok_or(Error::Unauthenticated)
    }
}
