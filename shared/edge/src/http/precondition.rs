//! `If-Match` (RFC 9110, section 13.1.1). An entity's ETag is its version in quotes.

use super::Request;
use crate::Problem;
use domain::Invalid;

impl Request {
    /// The version that the entity must have now; `None` without the header.
    ///
    /// A weak tag, and one that is not a version, can match nothing: 412. Of a list, the tags that can match count. `*`
    /// and a list of several versions would permit changing what the caller has not read: 400.
    pub fn if_match(&self) -> Result<Option<u64>, Problem> {
        let Some(header) = self.header("If-Match") else { return Ok(None) };
        let refuse = |message| Problem::query(Invalid::one("If-Match", "format", message));
        let mut versions = Vec::new();
        for tag in header.split(',').map(str::trim).filter(|tag| !tag.is_empty()) {
            if tag == "*" {
                return Err(refuse("must be the ETag of the entity, not *"));
            }
            let (strong, quoted) = match tag.strip_prefix("W/") {
                Some(quoted) => (false, quoted),
                None => (true, tag),
            };
            let value = quoted
                .strip_prefix('"')
                .and_then(|rest| rest.strip_suffix('"'))
                .filter(|value| !value.contains('"'))
                .ok_or_else(|| refuse("must be an ETag: the version in quotes"))?;
            let canonical = value.parse::<u64>().ok().filter(|version| version.to_string() == value);
            versions.extend(canonical.filter(|version| strong && !versions.contains(version)));
        }
        match versions.as_slice() {
            [version] => Ok(Some(*version)),
            [] if header.trim().is_empty() => Err(refuse("must not be empty")),
            [] => Err(Problem::precondition_failed()),
            [..] => Err(refuse("must be one ETag")),
        }
    }
}
