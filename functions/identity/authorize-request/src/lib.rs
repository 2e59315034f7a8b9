//! The gateway's authorizer: from a bearer token to the claims that functions see.

use application::ports::{BoxFuture, Claims, TokenError, TokenVerifier};
use domain::Timestamp;
use edge::authorizer::Authorizer;
use std::sync::Arc;

/// What the function needs.
pub struct AuthorizeRequest {
    /// Verifies access tokens.
    pub verifier: Arc<dyn TokenVerifier>,
}

impl Authorizer for AuthorizeRequest {
    fn authorize<'a>(&'a self, token: &'a str, now: Timestamp) -> BoxFuture<'a, Result<Claims, TokenError>> {
        self.verifier.verify(token, now.seconds())
    }
}
