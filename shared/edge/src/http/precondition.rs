//! `If-Match` and `If-None-Match` (RFC 9110, section 13.1). The ETag of an entity is its version in quotes. The headers are converted into versions here, and the use case compares them with the version that it changes.

use super::Request;
use crate::Problem;
use application_core::Precondition;
use application_core::precondition::Versions;
use domain::InvalidFields;

/// How entity tags are compared (RFC 9110, section 8.8.3.2).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Comparison {
    /// A weak tag equals no other tag.
    Strong,
    /// A weak tag is treated like a strong one.
    Weak,
}

impl Request {
    /// The client's condition on the entity that this request writes. 400 if a header is malformed. A tag that is not a
    /// version is not an error; no entity has it.
    pub fn precondition(&self) -> Result<Precondition, Problem> {
        let versions = |name, comparison| match self.header(name) {
            None => Ok(None),
            Some(header) => versions(header, comparison).map(Some).ok_or_else(|| {
                InvalidFields::one(name, "format", "must be * or ETags such as \"3\", separated by commas")
            }),
        };
        let required = versions("If-Match", Comparison::Strong);
        let excluded = versions("If-None-Match", Comparison::Weak);
        match (required, excluded) {
            (Ok(required), Ok(excluded)) => Ok(Precondition { required, excluded }),
            (Err(InvalidFields(mut wrong)), Err(InvalidFields(more))) => {
                wrong.extend(more);
                Err(Problem::query(InvalidFields(wrong)))
            }
            (Err(invalid), Ok(_)) | (Ok(_), Err(invalid)) => Err(Problem::query(invalid)),
        }
    }

    /// The same condition for a replacement, which must name the version that it replaces: 428 without `If-Match`. `*`
    /// replaces any version.
    pub fn replacement_precondition(&self) -> Result<Precondition, Problem> {
        let precondition = self.precondition()?;
        if precondition.required.is_none() {
            return Err(Problem::precondition_required());
        }
        Ok(precondition)
    }
}

/// The versions in a header; `None` if the header is malformed.
fn versions(header: &str, comparison: Comparison) -> Option<Versions> {
    if header.trim() == "*" {
        return Some(Versions::Any);
    }
    let mut versions = Vec::new();
    let mut rest = header.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        // A list may have empty elements (RFC 9110, section 5.6.1).
        if let Some(after) = rest.strip_prefix(',') {
            rest = after.trim_start();
            continue;
        }
        let (is_weak, quoted) = match rest.strip_prefix("W/") {
            Some(quoted) => (true, quoted),
            None => (false, rest),
        };
        let (tag, after) = quoted.strip_prefix('"')?.split_once('"')?;
        if !tag.chars().all(|c| c > ' ' && c != '\u{7f}') {
            return None;
        }
        rest = after.trim_start();
        if !rest.is_empty() && !rest.starts_with(',') {
            return None;
        }
        let is_comparable = !is_weak || comparison == Comparison::Weak;
        versions.extend(version(tag).filter(|_| is_comparable));
    }
    Some(Versions::Listed(versions))
}

/// The version of one of our ETags. Tags are compared as texts, so `"03"` is not the ETag of version 3.
fn version(tag: &str) -> Option<u64> {
    tag.parse::<u64>().ok().filter(|version| version.to_string() == tag)
}
