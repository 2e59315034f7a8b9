//! The refresh token in a cookie, for pages in browsers: a script that an attacker brings into the page can't read it.
//!
//! A browser sends cookies by itself, so the cookie alone proves nothing about who wants the request. It counts only in a
//! request with a header that a page of another origin can't send without a preflight request, from an allowed origin. The
//! attribute `SameSite` and the prefix `__Host-` are a second line of defense.

use super::Request;
use super::cross_origin::Origin;
use super::response::Response;
use crate::Problem;
use contracts::identity::TokenResponse;
use domain::identity::IDLE_SECONDS;

/// The cookie. Browsers take the prefix `__Host-` only with `Secure` and `Path=/` and without `Domain` (RFC 6265bis).
pub const REFRESH_COOKIE: &str = "__Host-sextant_refresh";
/// The header that a page sends to show that its request is no form or link of another page.
pub const REQUESTED_WITH: &str = "X-Requested-With";
/// The value of [`REQUESTED_WITH`].
const REQUESTED_WITH_SEXTANT: &str = "sextant";

/// The attributes of the cookie, apart from its age.
const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Strict";

impl Request {
    /// The refresh token in the cookie; `None` if the request has no such cookie. 400 if it has several: a page of another
    /// subdomain may have set one of them. 403 if the request does not show that a page of an allowed origin sent it.
    pub fn refresh_cookie(&self) -> Result<Option<&str>, Problem> {
        let mut values = self.cookies(REFRESH_COOKIE);
        let Some(token) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(Problem::invalid_request(format!(
                "The cookie {REFRESH_COOKIE} was sent more than once. Delete it and sign in again."
            )));
        }
        if self.is_from_allowed_page() { Ok(Some(token)) } else { Err(refused_cookie()) }
    }

    /// Whether the request has the cookie, whoever sent it.
    pub fn has_refresh_cookie(&self) -> bool {
        self.cookies(REFRESH_COOKIE).next().is_some()
    }

    /// The values of the cookies with this name. Several lines of `Cookie` were joined with commas.
    fn cookies<'a>(&'a self, name: &'static str) -> impl Iterator<Item = &'a str> {
        let is_joined = self.event().header_lines("Cookie") > 1;
        let pairs = self.header("Cookie").unwrap_or_default();
        let pairs = pairs.split(move |c| c == ';' || is_joined && c == ',');
        pairs
            .filter_map(move |pair| pair.trim().split_once('=').filter(|(known, _)| *known == name))
            .map(|(_, value)| value)
    }

    fn is_from_allowed_page(&self) -> bool {
        self.header(REQUESTED_WITH) == Some(REQUESTED_WITH_SEXTANT)
            && matches!(Origin::of(self.event()), Origin::Allowed(_))
    }
}

fn refused_cookie() -> Problem {
    Problem::forbidden().with_detail(format!(
        "The cookie {REFRESH_COOKIE} counts only with the header {REQUESTED_WITH}: {REQUESTED_WITH_SEXTANT} and an Origin that \
         the operator allows. Programs that are no browser send the refresh token in the body."
    ))
}

impl Response {
    /// 200 with the tokens of a session. The refresh token is in the body, or in the cookie and not in the body. The browser
    /// forgets the cookie when the session would end without use.
    pub fn tokens(mut tokens: TokenResponse, in_cookie: bool) -> Result<Self, Problem> {
        let cookie = if in_cookie { tokens.refresh_token.take() } else { None };
        let response = Self::json(200, &tokens)?;
        Ok(match cookie {
            Some(token) => response.with_refresh_cookie(&token, IDLE_SECONDS),
            None => response,
        })
    }

    /// The same answer, which gives the browser this refresh token for `seconds`.
    fn with_refresh_cookie(self, token: &str, seconds: i64) -> Self {
        self.with_header("Set-Cookie", format!("{REFRESH_COOKIE}={token}; {ATTRIBUTES}; Max-Age={seconds}"))
    }

    /// The same answer, which makes the browser forget its refresh token.
    pub fn without_refresh_cookie(self) -> Self {
        self.with_refresh_cookie("", 0)
    }
}
