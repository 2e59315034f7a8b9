//! The gateway's authorizer: turns a credential (an access token or an API key) into the claims that functions see.

use application_identity::{Authenticate, RecentRefusals, authenticate};
use domain::Timestamp;
use domain::authority::Caller;
use edge::authorizer::{Authorizer, SentCredential};
use ports::{BoxFuture, TokenError};

/// The routes of the contract that take a credential in `x-api-key`, too, a line for each.
const API_KEY_HEADER_ROUTES: &str = include_str!(concat!(env!("OUT_DIR"), "/api_key_header_routes.txt"));

/// The handler and its ports.
pub struct AuthorizeRequest {
    needs: Authenticate,
    refusals: RecentRefusals,
}

impl AuthorizeRequest {
    /// The handler with the ports of the use case.
    pub fn new(needs: Authenticate) -> Self {
        Self { needs, refusals: RecentRefusals::default() }
    }
}

impl Authorizer for AuthorizeRequest {
    fn authorize<'a>(
        &'a self,
        credential: SentCredential<'a>,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Caller, TokenError>> {
        if credential.is_answer_kept {
            Box::pin(authenticate(&self.needs, credential.text, now))
        } else {
            Box::pin(self.refusals.authenticate(&self.needs, credential.text, now))
        }
    }

    fn takes_api_key_header(&self, route: &str) -> bool {
        API_KEY_HEADER_ROUTES.lines().any(|listed| listed == route)
    }
}
