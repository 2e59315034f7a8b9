//! The media type of a body: JSON in UTF-8 without a content coding.

use super::Request;
use crate::Problem;
use crate::problem::Kind;

impl Request {
    /// Refuses a body whose media type is not JSON in UTF-8, or that has a content coding.
    pub(super) fn check_media_type(&self) -> Result<(), Problem> {
        let unsupported =
            |detail: &'static str| Err(Problem::new(Kind::UNSUPPORTED_MEDIA_TYPE).with_detail(detail));
        let mut parts = self.header("Content-Type").unwrap_or_default().split(';');
        if !parts.next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json") {
            return unsupported("Send application/json.");
        }
        if parts.filter_map(charset).any(|charset| !is_utf8(charset)) {
            return unsupported("Send application/json in UTF-8, which needs no charset.");
        }
        self.check_content_coding()
    }

    /// Refuses a body with a content coding, and names the accepted ones (RFC 9110, section 15.5.16).
    fn check_content_coding(&self) -> Result<(), Problem> {
        let codings = self.header("Content-Encoding").unwrap_or_default();
        let mut codings = codings.split(',').map(str::trim).filter(|coding| !coding.is_empty());
        if codings.all(|coding| coding.eq_ignore_ascii_case("identity")) {
            return Ok(());
        }
        Err(Problem::new(Kind::UNSUPPORTED_MEDIA_TYPE)
            .with_detail("Send the body without a content coding.")
            .with_header("Accept-Encoding", "identity"))
    }
}

/// The value of a parameter if it is `charset`. RFC 8259 has no such parameter, but many clients send it.
fn charset(parameter: &str) -> Option<&str> {
    let (name, value) = parameter.split_once('=')?;
    name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"'))
}

fn is_utf8(charset: &str) -> bool {
    charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("utf8")
}
