//! `Cache-Control` of requests (RFC 9111, section 5.2.1). Directives that we don't know are left alone, as the RFC wants it.

use super::Request;
use crate::Problem;
use application::ai::CacheControl;
use domain::Invalid;
use std::time::Duration;

impl Request {
    /// What the caller lets the cache do. 400 when `max-age` is no number of seconds.
    pub fn cache_control(&self) -> Result<CacheControl, Problem> {
        let mut control = CacheControl::default();
        for directive in self.header("Cache-Control").unwrap_or_default().split(',') {
            let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
            match name.trim().to_ascii_lowercase().as_str() {
                "no-cache" => control.no_cache = true,
                "no-store" => control.no_store = true,
                "max-age" => {
                    let seconds: u32 = value.trim().trim_matches('"').parse().map_err(|_| {
                        Problem::query(Invalid::one("Cache-Control", "format", "max-age must be seconds"))
                    })?;
                    control.max_age = Some(Duration::from_secs(seconds.into()));
                }
                _ => {}
            }
        }
        Ok(control)
    }
}
