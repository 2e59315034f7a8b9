//! `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header).

use super::Request;
use crate::Problem;
use application::ports::IdempotencyKey;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::Invalid;
use ring::digest;

/// Characters of the longest key.
const LONGEST: usize = 255;

impl Request {
    /// The request's idempotency key; `None` without the header. `operation` is the operation's id, such as
    /// `createLead`; together with tenant and account (or API key) it is the key's scope, so that nobody meets another's keys. On a
    /// public route the operation alone is.
    pub fn idempotency_key(&self, operation: &str) -> Result<Option<IdempotencyKey>, Problem> {
        let Some(key) = self.header("Idempotency-Key") else { return Ok(None) };
        let visible = key.bytes().all(|byte| byte.is_ascii_graphic());
        if !visible || key.is_empty() || key.len() > LONGEST {
            return Err(Problem::query(Invalid::one(
                "Idempotency-Key",
                "format",
                format!("must be 1 to {LONGEST} visible ASCII characters"),
            )));
        }
        let scope = if self.is_authorized() {
            let caller = self.caller()?;
            format!("{operation}:{}:{}", caller.tenant, caller.principal())
        } else {
            operation.to_owned()
        };
        Ok(Some(IdempotencyKey { scope, key: key.to_owned(), request_hash: self.hash() }))
    }

    /// SHA-256 of method, path and body.
    fn hash(&self) -> String {
        let mut hash = digest::Context::new(&digest::SHA256);
        for part in [self.method().as_bytes(), self.path().as_bytes(), self.body()] {
            // Lengths keep parts apart.
            hash.update(&(part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        URL_SAFE_NO_PAD.encode(hash.finish())
    }
}
