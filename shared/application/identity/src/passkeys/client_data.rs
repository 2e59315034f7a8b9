//! What the browser says about a ceremony (WebAuthn Level 3, section 5.8.1).

use super::{PasskeyFault, RelyingParty};
use serde::Deserialize;

/// The call of the browser that made a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ceremony {
    /// `navigator.credentials.create`.
    Create,
    /// `navigator.credentials.get`.
    Get,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    r#type: String,
    challenge: String,
    origin: String,
    #[serde(default)]
    cross_origin: bool,
}

/// The challenge, base64url, for which a page of the relying party ran the ceremony.
pub(super) fn read_challenge(
    client_data: &[u8],
    ceremony: Ceremony,
    relying_party: &RelyingParty,
) -> Result<String, PasskeyFault> {
    let data: ClientData = serde_json::from_slice(client_data).map_err(|_| PasskeyFault::Malformed)?;
    let expected = match ceremony {
        Ceremony::Create => "webauthn.create",
        Ceremony::Get => "webauthn.get",
    };
    if data.r#type != expected {
        return Err(PasskeyFault::WrongCeremony);
    }
    if data.cross_origin || !relying_party.allows(&data.origin) {
        return Err(PasskeyFault::WrongOrigin);
    }
    Ok(data.challenge)
}
