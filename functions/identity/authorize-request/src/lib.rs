//! The gateway's authorizer: turns a bearer token (an access token or an API key) into the claims that functions see.

use application_identity::{Authenticate, authenticate};
use domain::Timestamp;
use domain::authority::Caller;
use edge::authorizer::Authorizer;
use ports::{BoxFuture, TokenError};

/// The handler and its ports.
pub struct AuthorizeRequest {
    /// The ports of the use case.
    pub needs: Authenticate,
}

impl Authorizer for AuthorizeRequest {
    fn authorize<'a>(&'a self, token: &'a str, now: Timestamp) -> BoxFuture<'a, Result<Caller, TokenError>> {
        Box::pin(authenticate(&self.needs, token, now))
    }
}
