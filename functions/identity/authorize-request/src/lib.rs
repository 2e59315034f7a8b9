//! The gateway's authorizer: from a bearer token, an access token or an API key, to the claims that functions see.

use application_identity::{Authenticate, authenticate};
use domain::Timestamp;
use domain::authority::Caller;
use edge::authorizer::Authorizer;
use ports::{BoxFuture, TokenError};

/// What the function needs.
pub struct AuthorizeRequest {
    /// For the use case.
    pub needs: Authenticate,
}

impl Authorizer for AuthorizeRequest {
    fn authorize<'a>(&'a self, token: &'a str, now: Timestamp) -> BoxFuture<'a, Result<Caller, TokenError>> {
        Box::pin(authenticate(&self.needs, token, now))
    }
}
