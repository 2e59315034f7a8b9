//! Verifies a bearer token: an access token by its signature, an API key by its record.

use application_tenancy::{is_api_key, verify_api_key};
use domain::Timestamp;
use domain::authority::{Caller, Credential};
use ports::{Claims, KeyUses, Store, TokenError, TokenVerifier};
use std::str::FromStr;
use std::sync::Arc;

/// The ports of the use case.
pub struct Authenticate {
    /// Verifies access tokens.
    pub verifier: Arc<dyn TokenVerifier>,
    /// Loads API keys.
    pub store: Arc<dyn Store>,
    /// The last uses of API keys.
    pub key_uses: Arc<dyn KeyUses>,
}

/// The caller whom a bearer token identifies at `now`.
pub async fn authenticate(needs: &Authenticate, token: &str, now: Timestamp) -> Result<Caller, TokenError> {
    if is_api_key(token) {
        return verify_api_key(needs.store.as_ref(), needs.key_uses.as_ref(), token, now).await;
    }
    person(&needs.verifier.verify(token, now.seconds()).await?)
}

/// The person in the claims of a verified token.
fn person(claims: &Claims) -> Result<Caller, TokenError> {
    let credential = Credential::Session {
        id: claim(&claims.sid, "the claim sid is malformed")?,
        role: claim(&claims.role, "the claim role is malformed")?,
    };
    Ok(Caller {
        tenant: claim(&claims.org_id, "the claim org_id is malformed")?,
        account: claim(&claims.sub, "the claim sub is malformed")?,
        credential,
    })
}

fn claim<T: FromStr>(text: &str, wrong: &'static str) -> Result<T, TokenError> {
    text.parse().map_err(|_| TokenError::Invalid(wrong))
}
