//! The options of the two ceremonies, in the JSON form that `PublicKeyCredential.parseCreationOptionsFromJSON` and
//! `parseRequestOptionsFromJSON` read (WebAuthn Level 3, sections 5.4 and 5.5).

use super::RelyingParty;
use super::public_key::ALGORITHMS;
use crate::second_factors::PRODUCT_NAME;
use domain::identity::{CHALLENGE_SECONDS, Passkey, Person};
use serde_json::{Value, json};

fn descriptors(passkeys: &[Passkey]) -> Vec<Value> {
    let credentials = passkeys.iter().map(|passkey| &passkey.credential);
    credentials
        .map(|credential| {
            json!({"type": "public-key", "id": credential.id, "transports": credential.transports})
        })
        .collect()
}

/// The options of `navigator.credentials.create`. `held` are the account's passkeys, whose authenticators make no second
/// one.
pub(super) fn creation_options(
    relying_party: &RelyingParty,
    challenge: &str,
    user_handle: &str,
    person: &Person,
    held: &[Passkey],
) -> Value {
    let algorithms = ALGORITHMS.map(|algorithm| json!({"type": "public-key", "alg": algorithm}));
    json!({
        "rp": {"id": relying_party.id, "name": PRODUCT_NAME},
        "user": {"id": user_handle, "name": person.email, "displayName": person.name},
        "challenge": challenge,
        "pubKeyCredParams": algorithms,
        "timeout": CHALLENGE_SECONDS * 1000,
        "attestation": "none",
        "authenticatorSelection": {
            "residentKey": "required",
            "requireResidentKey": true,
            "userVerification": "required",
        },
        "excludeCredentials": descriptors(held),
    })
}

/// The options of `navigator.credentials.get`. With no passkeys, the browser offers all that it has for the site.
pub(crate) fn request_options(relying_party: &RelyingParty, challenge: &str, passkeys: &[Passkey]) -> Value {
    json!({
        "rpId": relying_party.id,
        "challenge": challenge,
        "timeout": CHALLENGE_SECONDS * 1000,
        "userVerification": "required",
        "allowCredentials": descriptors(passkeys),
    })
}
