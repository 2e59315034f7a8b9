//! `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header).

use super::Request;
use super::canonical_json::canonical;
use crate::Problem;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::InvalidFields;
use ports::IdempotencyKey;
use ring::digest;
use std::borrow::Cow;

/// The most characters of a key.
const LONGEST: usize = 255;

impl Request {
    /// The request's idempotency key; `None` without the header. `operation` is the operation's id, such as
    /// `createLead`; together with tenant and account (or API key) it is the key's scope, so that the keys of different
    /// callers never collide.
    pub fn idempotency_key(&self, operation: &str) -> Result<Option<IdempotencyKey>, Problem> {
        let Some(key) = self.key_text()? else { return Ok(None) };
        let caller = self.caller()?;
        let scope = format!("{operation}:{}:{}", caller.tenant, caller.principal());
        Ok(Some(IdempotencyKey { scope, key, request_hash: self.fingerprint() }))
    }

    /// The idempotency key on a public route, where no authorizer identifies the caller. `whose` replaces the account
    /// in the scope: a pseudonym of the caller from the request itself, such as the hash of an e-mail address.
    pub fn public_idempotency_key(
        &self,
        operation: &str,
        whose: &str,
    ) -> Result<Option<IdempotencyKey>, Problem> {
        let Some(key) = self.key_text()? else { return Ok(None) };
        let scope = format!("{operation}:{whose}");
        Ok(Some(IdempotencyKey { scope, key, request_hash: self.fingerprint() }))
    }

    /// The text of the key. In the draft it has quotes (a string of RFC 9651); most clients send it without quotes,
    /// with the same meaning.
    fn key_text(&self) -> Result<Option<String>, Problem> {
        let Some(header) = self.single_header("Idempotency-Key")? else { return Ok(None) };
        let key = match header.strip_prefix('"') {
            Some(rest) => unquoted(rest).map(Cow::Owned),
            None => header.bytes().all(|byte| byte.is_ascii_graphic()).then_some(Cow::Borrowed(header)),
        };
        match key {
            Some(key) if (1..=LONGEST).contains(&key.len()) => Ok(Some(key.into_owned())),
            _ => Err(Problem::query(InvalidFields::one(
                "Idempotency-Key",
                "format",
                format!("must be 1 to {LONGEST} visible ASCII characters, bare or in quotes"),
            ))),
        }
    }

    /// SHA-256 of method, path and body. For a JSON body the canonical form counts: clients may write the same document
    /// anew for a retry, with other spacing, another order of members or other escapes.
    fn fingerprint(&self) -> String {
        let mut hash = digest::Context::new(&digest::SHA256);
        let (form, body) = match canonical(self.body()) {
            Some(canonical) => ("json", Cow::Owned(canonical)),
            None => ("bytes", Cow::Borrowed(self.body())),
        };
        for part in [self.method().as_bytes(), self.path().as_bytes(), form.as_bytes(), &body] {
            // Lengths keep parts apart.
            hash.update(&(part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        URL_SAFE_NO_PAD.encode(hash.finish())
    }
}

/// The content of a string of RFC 9651 (section 3.3.3) after its first quote: visible ASCII and spaces, with `\"` and
/// `\\` for the characters that would end it.
fn unquoted(rest: &str) -> Option<String> {
    let mut content = String::with_capacity(rest.len());
    let mut characters = rest.chars();
    loop {
        match characters.next()? {
            '"' => break,
            '\\' => content.push(characters.next().filter(|escaped| matches!(escaped, '"' | '\\'))?),
            plain @ ' '..='~' => content.push(plain),
            _ => return None,
        }
    }
    characters.as_str().is_empty().then_some(content)
}
