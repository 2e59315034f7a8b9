//! Query parameters, and the page that a list is asked for.

use super::Request;
use crate::Problem;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::Invalid;
use ring::digest;

/// Entries of a page when the caller doesn't say.
const DEFAULT_LIMIT: u32 = 20;
/// Entries of the largest page.
const LARGEST_LIMIT: u32 = 100;

/// The page a caller asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<'a> {
    /// How many entries at most: 1 to 100.
    pub limit: u32,
    /// Where to go on, still sealed: open it with [`crate::cursor::CursorCodec`].
    pub cursor: Option<&'a str>,
}

impl Request {
    /// The value of a query parameter that can be given once. 400 when it is given several times.
    pub fn query(&self, name: &str) -> Result<Option<&str>, Problem> {
        match self.query_all(name) {
            [] => Ok(None),
            [value] => Ok(Some(value)),
            [..] => Err(Problem::query(Invalid::one(name, "format", "must be given once"))),
        }
    }

    /// All values of a query parameter, in their order.
    pub fn query_all(&self, name: &str) -> &[String] {
        self.query.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// 400 when there are query parameters with other names: a misspelled filter must not be a wider answer.
    pub fn only_query(&self, names: &[&str]) -> Result<(), Problem> {
        match self.query.keys().find(|name| !names.contains(&name.as_str())) {
            None => Ok(()),
            Some(name) => {
                let name: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
                Err(Problem::query(Invalid::one(&name, "unknown", "is not a parameter of this route")))
            }
        }
    }

    /// `limit` and `cursor`.
    pub fn page(&self) -> Result<Page<'_>, Problem> {
        let limit = match self.query("limit")? {
            None => DEFAULT_LIMIT,
            Some(text) => text
                .bytes()
                .all(|byte| byte.is_ascii_digit())
                .then(|| text.parse().ok())
                .flatten()
                .filter(|limit| (1..=LARGEST_LIMIT).contains(limit))
                .ok_or_else(|| {
                    Problem::query(Invalid::one(
                        "limit",
                        "range",
                        format!("must be a whole number from 1 to {LARGEST_LIMIT}"),
                    ))
                })?,
        };
        Ok(Page { limit, cursor: self.query("cursor")? })
    }

    /// Identifies the list that this request asks for, whatever its page: a hash of the path and of every query
    /// parameter but `cursor` and `limit`.
    pub fn list_fingerprint(&self) -> String {
        let mut hash = digest::Context::new(&digest::SHA256);
        let mut add = |text: &str| {
            // Lengths keep `a=bc` and `ab=c` apart.
            hash.update(&(text.len() as u64).to_be_bytes());
            hash.update(text.as_bytes());
        };
        add(self.path());
        for (name, values) in self.query.iter().filter(|(name, _)| *name != "cursor" && *name != "limit") {
            add(name);
            add(&values.len().to_string());
            values.iter().for_each(|value| add(value));
        }
        URL_SAFE_NO_PAD.encode(hash.finish())
    }
}
