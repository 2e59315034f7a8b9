//! `Cache-Control` of requests (RFC 9111, section 5.2.1). Unknown directives are ignored, as the RFC requires.

use super::Request;
use application_core::model_answer::CacheControl;
use std::time::Duration;

/// The meaning of any greater number of seconds (RFC 9111, section 1.2.2).
const LARGEST_SECONDS: u64 = 1 << 31;

impl Request {
    /// The caller's rules for the cache: a use that any directive forbids is forbidden.
    pub fn cache_control(&self) -> CacheControl {
        read(self.header("Cache-Control").unwrap_or_default())
    }
}

fn read(header: &str) -> CacheControl {
    let mut control = CacheControl::default();
    for directive in directives(header) {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        match name.trim().to_ascii_lowercase().as_str() {
            "no-cache" => control.no_cache = true,
            "no-store" => control.no_store = true,
            "max-age" => {
                let max_age = Duration::from_secs(seconds(value));
                // Of several different ages none can be trusted: then every cached answer is too old (section 4.2.1).
                let differs = control.max_age.is_some_and(|other| other != max_age);
                control.max_age = Some(if differs { Duration::ZERO } else { max_age });
            }
            _ => {}
        }
    }
    control
}

/// A number of seconds, with or without quotes. With a value that is not a number every cached answer is too old, as
/// section 4.2.1 advises.
fn seconds(value: &str) -> u64 {
    let value = value.trim();
    let digits = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return 0;
    }
    // A number that does not fit is larger than the largest.
    digits.parse().unwrap_or(LARGEST_SECONDS).min(LARGEST_SECONDS)
}

/// The parts between commas; a comma within quotes is part of a value.
fn directives(header: &str) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    header
        .split(move |c| {
            match c {
                _ if escaped => escaped = false,
                '\\' if quoted => escaped = true,
                '"' => quoted = !quoted,
                _ => {}
            }
            c == ',' && !quoted
        })
        .map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::read;
    use application_core::model_answer::CacheControl;
    use std::time::Duration;

    fn max_age(seconds: u64) -> CacheControl {
        CacheControl { max_age: Some(Duration::from_secs(seconds)), ..CacheControl::default() }
    }

    #[test]
    fn every_directive_counts() {
        let control = read("no-store, Max-Age=60, NO-CACHE");
        assert_eq!(control, CacheControl { no_cache: true, no_store: true, ..max_age(60) });
        assert_eq!(read(""), CacheControl::default());
        assert_eq!(read(" ,, ,"), CacheControl::default());
    }

    #[test]
    fn directives_that_are_unknown_are_left_alone() {
        for header in [
            "no-transform",
            "max-stale=5",
            "only-if-cached",
            "private=\"no-store, max-age=5\"",
            "x=\"a\\\", no-store\"",
        ] {
            assert_eq!(read(header), CacheControl::default(), "{header}");
        }
    }

    #[test]
    fn seconds_are_read_in_both_forms_and_end_at_2_to_the_31() {
        for (header, seconds) in [
            ("max-age=60", 60),
            ("max-age=\"60\"", 60),
            ("max-age = 60", 60),
            ("max-age=0060", 60),
            ("max-age=0", 0),
            ("max-age=2147483648", 2_147_483_648),
            ("max-age=2147483649", 2_147_483_648),
            ("max-age=4294967296", 2_147_483_648),
            ("max-age=99999999999999999999999999", 2_147_483_648),
        ] {
            assert_eq!(read(header), max_age(seconds), "{header}");
        }
    }

    #[test]
    fn seconds_that_can_not_be_trusted_mean_that_every_stored_answer_is_too_old() {
        for header in [
            "max-age",
            "max-age=",
            "max-age=x",
            "max-age=-1",
            "max-age=1.5",
            "max-age=\"6",
            "max-age=60, max-age=5",
        ] {
            assert_eq!(read(header), max_age(0), "{header}");
        }
        assert_eq!(read("max-age=60, max-age=60"), max_age(60));
    }
}
