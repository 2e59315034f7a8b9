//! The checks of one token. The time comes from the caller. No part of a token is trusted before its signature is
//! verified.

use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use ports::{BoxFuture, Claims, Jwk, TokenError, TokenVerifier};
use serde::Deserialize;

use crate::key_ring::{KeyRing, KeySource};
use crate::ring_provider;

/// The tolerated difference between clocks, in seconds.
const LEEWAY: i64 = 30;

/// Sextant's tokens are much shorter than 8 KiB; longer ones aren't even parsed.
const LONGEST: usize = 8 * 1024;

/// Verifies RS256 access tokens of one issuer for one audience.
pub struct Rs256Verifier {
    keys: KeyRing,
    expected: Validation,
}

/// The content of a token: Sextant's claims, and one standard time (`nbf`) that Sextant never issues but must honour.
#[derive(Deserialize)]
struct Presented {
    #[serde(flatten)]
    claims: Claims,
    nbf: Option<i64>,
}

impl Rs256Verifier {
    /// Accepts tokens with exactly this issuer and audience, signed by a key of the source.
    pub fn new(issuer: &str, audience: &str, source: KeySource) -> Self {
        ring_provider::install();
        let mut expected = Validation::new(Algorithm::RS256);
        expected.set_issuer(&[issuer]);
        expected.set_audience(&[audience]);
        expected.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // Times are checked here against the caller's clock, because the crate would read the system's.
        expected.validate_exp = false;
        expected.validate_nbf = false;
        Self { keys: KeyRing::new(source), expected }
    }

    async fn check(&self, token: &str, now: i64) -> Result<Claims, TokenError> {
        if token.len() > LONGEST {
            return Err(TokenError::Invalid("too long"));
        }
        let header = decode_header(token).map_err(reason)?;
        if header.alg != Algorithm::RS256 {
            return Err(TokenError::Invalid("algorithm"));
        }
        // Every access token has this type. A token of another kind that the same key signs one day is none.
        if header.typ.as_deref() != Some("JWT") {
            return Err(TokenError::Invalid("type"));
        }
        // RFC 7515, section 4.1.11: a token with critical extensions is refused, because none is understood.
        if header.crit.is_some() {
            return Err(TokenError::Invalid("critical extension"));
        }
        let kid = header.kid.ok_or(TokenError::Invalid("no key named"))?;
        let key = self.keys.find(&kid, now).await?.ok_or(TokenError::Invalid("unknown key"))?;
        let presented: Presented = decode(token, &key, &self.expected).map_err(reason)?.claims;
        in_force(&presented, now)?;
        Ok(presented.claims)
    }
}

fn in_force(presented: &Presented, now: i64) -> Result<(), TokenError> {
    let latest_start = now.saturating_add(LEEWAY);
    if now >= presented.claims.exp.saturating_add(LEEWAY) {
        return Err(TokenError::Invalid("expired"));
    }
    if presented.claims.iat > latest_start || presented.nbf.is_some_and(|nbf| nbf > latest_start) {
        return Err(TokenError::Invalid("not yet valid"));
    }
    Ok(())
}

/// A fixed word for the log; the crate's own messages can repeat parts of the token.
fn reason(error: Error) -> TokenError {
    TokenError::Invalid(match error.kind() {
        ErrorKind::InvalidSignature => "signature",
        ErrorKind::InvalidIssuer => "issuer",
        ErrorKind::InvalidAudience => "audience",
        ErrorKind::InvalidAlgorithm | ErrorKind::UnsupportedAlgorithm => "algorithm",
        ErrorKind::MissingRequiredClaim(_) => "missing claim",
        _ => "malformed",
    })
}

impl TokenVerifier for Rs256Verifier {
    fn verify<'a>(&'a self, token: &'a str, now: i64) -> BoxFuture<'a, Result<Claims, TokenError>> {
        Box::pin(self.check(token, now))
    }

    fn keys(&self) -> BoxFuture<'_, Result<Vec<Jwk>, TokenError>> {
        Box::pin(self.keys.published())
    }
}
