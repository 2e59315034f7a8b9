//! `GET /.well-known/jwks.json`: the public keys that verify access tokens (RFC 7517).

use contracts::jwks::{Jwk, JwkSet};
use edge::{Handler, Problem, Request, Response};
use ports::{BoxFuture, TokenVerifier};
use std::sync::Arc;

/// The handler and its ports.
pub struct GetJwks {
    /// Holds the public keys.
    pub verifier: Arc<dyn TokenVerifier>,
}

impl Handler for GetJwks {
    fn handle<'a>(&'a self, _: &'a Request) -> BoxFuture<'a, Result<Response, Problem>> {
        Box::pin(async move {
            let keys = self.verifier.keys().await?;
            let keys = keys.into_iter().map(|key| Jwk {
                kty: key.kty,
                usage: key.usage,
                alg: key.alg,
                kid: key.kid,
                n: key.n,
                e: key.e,
            });
            // A replaced key goes on verifying much longer than an hour, so an hour-old set still has every key in use.
            Ok(Response::json(200, &JwkSet { keys: keys.collect() })?
                .with_header("Cache-Control", "public, max-age=3600"))
        })
    }
}
