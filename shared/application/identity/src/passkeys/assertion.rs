//! Verifies the answer of `navigator.credentials.get` (WebAuthn Level 3, section 7.2).

use super::authenticator_data::AuthenticatorData;
use super::client_data::{Ceremony, read_challenge};
use super::public_key::PublicKey;
use super::{PasskeyFault, RelyingParty};
use application_core::secret::same;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::id::{AccountId, OrganizationId};
use ring::digest::{SHA256, digest};
use serde::Deserialize;
use serde_json::Value;
use std::fmt;
use uuid::Uuid;

/// The signature of a passkey, not verified yet.
pub struct PasskeyAssertion {
    /// The identifier of the passkey's credential, base64url.
    pub(crate) credential_id: String,
    client_data: Vec<u8>,
    authenticator_data: Vec<u8>,
    signature: Vec<u8>,
    user_handle: Option<Vec<u8>>,
}

impl fmt::Debug for PasskeyAssertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasskeyAssertion(..)")
    }
}

#[derive(Deserialize)]
struct CredentialJson {
    id: String,
    r#type: String,
    response: ResponseJson,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResponseJson {
    #[serde(rename = "clientDataJSON")]
    client_data_json: String,
    authenticator_data: String,
    signature: String,
    user_handle: Option<String>,
}

impl PasskeyAssertion {
    /// Reads the JSON form of a credential. Members that are not needed are ignored.
    pub fn read(credential: &Value) -> Result<Self, PasskeyFault> {
        let malformed = PasskeyFault::Malformed;
        let json = CredentialJson::deserialize(credential).map_err(|_| malformed)?;
        if json.r#type != "public-key" {
            return Err(malformed);
        }
        let decoded = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| malformed);
        Ok(Self {
            credential_id: URL_SAFE_NO_PAD.encode(decoded(&json.id)?),
            client_data: decoded(&json.response.client_data_json)?,
            authenticator_data: decoded(&json.response.authenticator_data)?,
            signature: decoded(&json.response.signature)?,
            user_handle: json.response.user_handle.as_deref().map(decoded).transpose()?,
        })
    }

    /// The organization and the account that the passkey was made for, as the authenticator says. The signature does not
    /// cover it; it only says where the passkey's key is found.
    pub(crate) fn user(&self) -> Option<(OrganizationId, AccountId)> {
        let (organization, account) = self.user_handle.as_deref()?.split_first_chunk::<16>()?;
        let account = <[u8; 16]>::try_from(account).ok()?;
        let organization = OrganizationId::from_uuid(Uuid::from_bytes(*organization));
        Some((organization, AccountId::from_uuid(Uuid::from_bytes(account))))
    }

    /// Whether the authenticator names this account, or none, as security keys may do that were told which credential to
    /// use.
    pub(crate) fn is_of(&self, organization: OrganizationId, account: AccountId) -> bool {
        self.user_handle.is_none() || self.user() == Some((organization, account))
    }

    /// The challenge that a page of the relying party asked to sign, base64url.
    pub(crate) fn challenge(&self, relying_party: &RelyingParty) -> Result<String, PasskeyFault> {
        read_challenge(&self.client_data, Ceremony::Get, relying_party)
    }

    /// Verifies everything but the count of signatures, which is returned. `public_key` is the stored key, base64url.
    pub(crate) fn verify(
        &self,
        relying_party: &RelyingParty,
        challenge: &str,
        public_key: &str,
    ) -> Result<u32, PasskeyFault> {
        if !same(&self.challenge(relying_party)?, challenge) {
            return Err(PasskeyFault::WrongChallenge);
        }
        let data = AuthenticatorData::read(&self.authenticator_data, relying_party)?;
        let key = URL_SAFE_NO_PAD.decode(public_key).map_err(|_| PasskeyFault::Malformed)?;
        let client_data_hash = digest(&SHA256, &self.client_data);
        let message = [self.authenticator_data.as_slice(), client_data_hash.as_ref()].concat();
        PublicKey::read(&key)?.verify(&message, &self.signature)?;
        Ok(data.sign_count)
    }
}

/// The text by which an authenticator names the account of a passkey, base64url: organization and account.
pub(super) fn user_handle(organization: OrganizationId, account: AccountId) -> String {
    let bytes = [*organization.uuid().as_bytes(), *account.uuid().as_bytes()].concat();
    URL_SAFE_NO_PAD.encode(bytes)
}
