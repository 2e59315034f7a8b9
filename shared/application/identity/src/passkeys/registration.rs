//! Verifies the answer of `navigator.credentials.create` (WebAuthn Level 3, section 7.1).

use super::authenticator_data::AuthenticatorData;
use super::cbor::Cbor;
use super::client_data::{Ceremony, read_challenge};
use super::public_key::PublicKey;
use super::{PasskeyFault, RelyingParty};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::identity::PasskeyCredential;
use serde::Deserialize;
use serde_json::Value;

/// The transports that browsers name. Others are not kept.
const TRANSPORTS: [&str; 6] = ["ble", "hybrid", "internal", "nfc", "smart-card", "usb"];

/// A verified registration. The challenge is still to be redeemed.
#[derive(Debug)]
pub(super) struct Registration {
    /// The challenge, base64url.
    pub(super) challenge: String,
    pub(super) credential: PasskeyCredential,
    pub(super) sign_count: u32,
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
    attestation_object: String,
    #[serde(default)]
    transports: Vec<String>,
}

/// Verifies a registration. Its attestation statement is not looked at: none was asked for, and no decision depends on the
/// maker of the authenticator.
pub(super) fn verify_registration(
    credential: &Value,
    relying_party: &RelyingParty,
) -> Result<Registration, PasskeyFault> {
    let malformed = PasskeyFault::Malformed;
    let json = CredentialJson::deserialize(credential).map_err(|_| malformed)?;
    if json.r#type != "public-key" {
        return Err(malformed);
    }
    let decoded = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| malformed);
    let challenge =
        read_challenge(&decoded(&json.response.client_data_json)?, Ceremony::Create, relying_party)?;
    let attestation = decoded(&json.response.attestation_object)?;
    let (attestation, rest) = Cbor::read(&attestation).ok_or(malformed)?;
    let data = attestation.member("authData").and_then(Cbor::bytes).filter(|_| rest.is_empty());
    let data = AuthenticatorData::read(data.ok_or(malformed)?, relying_party)?;
    let made = data.credential.ok_or(malformed)?;
    if decoded(&json.id)? != made.id {
        return Err(malformed);
    }
    PublicKey::read(made.public_key)?;
    let mut transports: Vec<String> = json.response.transports;
    transports.retain(|transport| TRANSPORTS.contains(&transport.as_str()));
    transports.sort();
    transports.dedup();
    Ok(Registration {
        challenge,
        credential: PasskeyCredential {
            id: URL_SAFE_NO_PAD.encode(made.id),
            public_key: URL_SAFE_NO_PAD.encode(made.public_key),
            transports,
            backup_eligible: data.backup_eligible,
        },
        sign_count: data.sign_count,
    })
}
