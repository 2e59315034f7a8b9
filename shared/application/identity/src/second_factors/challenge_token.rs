//! The text of a challenge for the client: where it is stored, and the secret that proves that its holder knew the
//! password. The system stores only the secret's hash.

use application_core::repository::random;
use application_core::{Context, Error, fingerprint};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::id::{OrganizationId, SignInChallengeId};
use uuid::Uuid;

const PREFIX: &str = "sxc_";
/// The letters of 48 bytes in base64url.
const LETTERS: usize = 64;

/// A challenge in full. It must never be stored or logged.
pub(crate) struct ChallengeToken {
    pub(crate) organization: OrganizationId,
    pub(crate) challenge: SignInChallengeId,
    secret: [u8; 16],
}

impl ChallengeToken {
    /// The text of a new challenge.
    pub(crate) fn new(organization: OrganizationId, context: &Context) -> Result<Self, Error> {
        Ok(Self { organization, challenge: context.new_id()?, secret: random(context.entropy.as_ref())? })
    }

    /// Hash of the secret.
    pub(crate) fn hash(&self) -> String {
        fingerprint(&self.secret)
    }

    /// The challenge that a passkey signs, base64url: 32 bytes that only the holder of the text gets.
    pub(crate) fn for_passkeys(&self) -> String {
        fingerprint(&[b"passkey".as_slice(), &self.secret].concat())
    }

    /// The text for the client.
    pub(crate) fn encode(&self) -> String {
        let mut bytes = Vec::with_capacity(48);
        bytes.extend_from_slice(self.organization.uuid().as_bytes());
        bytes.extend_from_slice(self.challenge.uuid().as_bytes());
        bytes.extend_from_slice(&self.secret);
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Reads a client's text; any other text is no challenge.
    pub(crate) fn decode(text: &str) -> Result<Self, Error> {
        let parts = || {
            let encoded = text.strip_prefix(PREFIX).filter(|text| text.len() == LETTERS)?;
            let bytes = URL_SAFE_NO_PAD.decode(encoded).ok()?;
            let (organization, rest) = bytes.split_first_chunk::<16>()?;
            let (challenge, rest) = rest.split_first_chunk::<16>()?;
            Some(Self {
                organization: OrganizationId::from_uuid(Uuid::from_bytes(*organization)),
                challenge: SignInChallengeId::from_uuid(Uuid::from_bytes(*challenge)),
                secret: rest.try_into().ok()?,
            })
        };
        parts().ok_or(Error::Unauthenticated)
    }
}
