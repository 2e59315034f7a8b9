//! Passkeys (WebAuthn Level 3): registration, and signing in with them. The verification is our own, on ring
//! (docs/adr/0019-passkeys.md): no attestation is asked for, so what is left is a signature over a few fixed bytes.

mod assertion;
mod authenticator_data;
mod cbor;
mod client_data;
mod create_passkey;
mod create_passkey_login_options;
mod create_passkey_options;
mod delete_passkey;
mod fault;
mod list_passkeys;
mod login_with_passkey;
mod one_time_challenge;
mod options;
mod public_key;
mod registration;
mod relying_party;

pub use assertion::PasskeyAssertion;
pub use create_passkey::{CreatePasskey, CreatedPasskey, NewPasskey, create_passkey};
pub use create_passkey_login_options::{PasskeyLoginOptions, create_passkey_login_options};
pub use create_passkey_options::{CreatePasskeyOptions, create_passkey_options};
pub use delete_passkey::delete_passkey;
pub use fault::PasskeyFault;
pub use list_passkeys::list_passkeys;
pub use login_with_passkey::{LoginWithPasskey, PasskeyLogin, login_with_passkey};
pub(crate) use options::request_options;
pub use relying_party::RelyingParty;
