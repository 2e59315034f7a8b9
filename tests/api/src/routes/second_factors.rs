//! The handlers of second factors and passkeys.

use super::{Route, authorized, counted_read, whole};
use crate::tokens::TestTokens;
use crate::world::Parts;
use application_identity::{
    ActivateTotp, CreatePasskey, CreatePasskeyOptions, EnrollTotp, LoginWithPasskey, PasskeyLoginOptions,
    RelyingParty, VerifyMfa,
};
use ports::{SecretSealing, Store, TokenSigner};
use std::sync::Arc;

/// The site that passkeys belong to.
pub(super) fn relying_party() -> RelyingParty {
    RelyingParty::new("example.com", "https://app.example.com,https://admin.example.com")
}

/// The handlers by operation.
pub(super) fn handlers(parts: &Parts) -> Vec<(&'static str, Route)> {
    let store = || Arc::clone(&parts.store) as Arc<dyn Store>;
    let limiter = || Arc::clone(&parts.limiter);
    let signer = || Arc::clone(&parts.tokens) as Arc<dyn TokenSigner>;
    let secrets = || Arc::clone(&parts.secrets) as Arc<dyn SecretSealing>;
    let verify = VerifyMfa {
        store: store(),
        limiter: limiter(),
        signer: signer(),
        issuer: TestTokens::issuer(),
        secrets: secrets(),
        relying_party: relying_party(),
    };
    let login = LoginWithPasskey {
        store: store(),
        limiter: limiter(),
        signer: signer(),
        issuer: TestTokens::issuer(),
        relying_party: relying_party(),
    };
    let login_options =
        PasskeyLoginOptions { store: store(), limiter: limiter(), relying_party: relying_party() };
    let enroll = EnrollTotp { store: store(), secrets: secrets() };
    let activate = ActivateTotp { store: store(), secrets: secrets() };
    let options = CreatePasskeyOptions { store: store(), relying_party: relying_party() };
    let create = CreatePasskey { store: store(), relying_party: relying_party() };
    vec![
        ("verifyMfa", whole(verify_mfa::VerifyMfa { needs: verify })),
        ("enrollTotp", authorized(parts, enroll_totp::EnrollTotp { needs: enroll })),
        ("activateTotp", authorized(parts, activate_totp::ActivateTotp { needs: activate })),
        ("disableTotp", authorized(parts, disable_totp::DisableTotp { store: store() })),
        (
            "regenerateRecoveryCodes",
            authorized(parts, regenerate_recovery_codes::RegenerateRecoveryCodes { store: store() }),
        ),
        (
            "createPasskeyOptions",
            authorized(parts, create_passkey_options::CreatePasskeyOptions { needs: options }),
        ),
        ("createPasskey", authorized(parts, create_passkey::CreatePasskey { needs: create })),
        ("listPasskeys", counted_read(parts, list_passkeys::ListPasskeys { store: store() })),
        ("deletePasskey", authorized(parts, delete_passkey::DeletePasskey { store: store() })),
        (
            "createPasskeyLoginOptions",
            whole(create_passkey_login_options::CreatePasskeyLoginOptions { needs: login_options }),
        ),
        ("loginWithPasskey", whole(login_with_passkey::LoginWithPasskey { needs: login })),
    ]
}
