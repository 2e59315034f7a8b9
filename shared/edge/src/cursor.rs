//! Cursors: the position where a page of a list ended, signed so that only the same caller can use it, for the same
//! list. A cursor is opaque to clients and authenticated (HMAC-SHA-256). It is not encrypted, so a position must not
//! hold anything that its reader may not know.

use crate::{Problem, StartError};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::authority::Caller;
use ports::Position;
use ring::hmac;
use std::fmt;

/// The least bytes of a key: as many as the hash has (RFC 2104, section 3).
const SHORTEST_KEY: usize = 32;
/// The most characters of a cursor, as in `infra/openapi.yaml`.
const LONGEST: usize = 2048;

/// Signs and verifies cursors.
pub struct CursorCodec(hmac::Key);

impl CursorCodec {
    /// A codec with the value of the secret named by `CURSOR_SECRET_ID`, which has at least 32 characters.
    pub fn new(key: &str) -> Result<Self, StartError> {
        if key.len() < SHORTEST_KEY {
            return Err(StartError::invalid(
                "CURSOR_SECRET_ID",
                "names a secret that is shorter than 32 characters",
            ));
        }
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes())))
    }

    /// The cursor for a position in the list that `fingerprint` names ([`crate::Request::list_fingerprint`]).
    pub fn seal(&self, position: &Position, caller: &Caller, fingerprint: &str) -> String {
        let tag = hmac::sign(&self.0, &signed(position, caller, fingerprint));
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        format!("{}.{}", encode(position.sort_key.as_bytes()), encode(tag.as_ref()))
    }

    /// The position in a cursor. 400 `invalid_cursor` when it was changed, or made for another list, query, tenant,
    /// account or API key.
    pub fn open(&self, cursor: &str, caller: &Caller, fingerprint: &str) -> Result<Position, Problem> {
        self.try_open(cursor, caller, fingerprint).ok_or_else(Problem::invalid_cursor)
    }

    fn try_open(&self, cursor: &str, caller: &Caller, fingerprint: &str) -> Option<Position> {
        if cursor.len() > LONGEST {
            return None;
        }
        let mut parts = cursor.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).ok());
        let sort_key = String::from_utf8(parts.next()??).ok()?;
        let tag = parts.next()??;
        if parts.next().is_some() {
            return None;
        }
        let position = Position { sort_key };
        hmac::verify(&self.0, &signed(&position, caller, fingerprint), &tag).ok()?;
        Some(position)
    }
}

/// The signed bytes. Lengths keep the parts apart.
fn signed(position: &Position, caller: &Caller, fingerprint: &str) -> Vec<u8> {
    let mut signed = Vec::new();
    let (tenant, principal) = (caller.tenant.to_string(), caller.principal());
    for part in ["cursor.v1", &tenant, &principal, fingerprint, &position.sort_key] {
        signed.extend_from_slice(&(part.len() as u64).to_be_bytes());
        signed.extend_from_slice(part.as_bytes());
    }
    signed
}

impl fmt::Debug for CursorCodec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CursorCodec(..)")
    }
}
