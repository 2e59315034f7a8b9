//! `POST /v1/auth/refresh`: new tokens for a refresh token.

use application_core::{CurrentVersion, Error};
use application_identity as identity;
use application_identity::RefreshSession as Needs;
use contracts::identity::{RefreshRequest, TokenResponse};
use domain::field::{FieldChecks, InvalidFields};
use edge::http::REFRESH_COOKIE;
use edge::{Handler, Problem, Request, Response};
use ports::BoxFuture;

/// The handler and its ports.
pub struct RefreshSession {
    /// The ports of the use case.
    pub needs: Needs,
}

impl Handler for RefreshSession {
    fn handle<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Problem>> {
        Box::pin(async move {
            let body: RefreshRequest = request.json(judge)?;
            judge(&body)?;
            let (token, in_cookie) = presented(request, body.refresh_token.as_deref())?;
            request.precondition()?.check(CurrentVersion::Absent)?;
            let refreshed = identity::refresh_session(&self.needs, &request.context(), token).await;
            let tokens = refreshed.map_err(|error| match error {
                Error::Unauthenticated => Problem::invalid_refresh_token(),
                error => error.into(),
            })?;
            let pair = TokenResponse {
                access_token: tokens.access_token,
                token_type: "Bearer".to_owned(),
                expires_in: u32::try_from(tokens.expires_in).unwrap_or_default(),
                refresh_token: Some(tokens.refresh_token),
            };
            Response::tokens(pair, in_cookie)
        })
    }
}

/// Checks the fields of the body.
fn judge(body: &RefreshRequest) -> Result<(), InvalidFields> {
    let mut check = FieldChecks::default();
    if let Some(token) = &body.refresh_token {
        check.secret("refresh_token", token, 1024);
    }
    check.finish(())
}

/// The refresh token of the request, and whether it came in the cookie.
fn presented<'a>(request: &'a Request, in_body: Option<&'a str>) -> Result<(&'a str, bool), Problem> {
    if let Some(token) = in_body {
        if request.has_refresh_cookie() {
            let both =
                format!("must be absent when the cookie {REFRESH_COOKIE} is sent: send one of the two");
            return Err(Problem::field("/refresh_token", "format", both));
        }
        return Ok((token, false));
    }
    match request.refresh_cookie()? {
        Some(token) => Ok((token, true)),
        None => {
            let missing = format!("is required, here or in the cookie {REFRESH_COOKIE}");
            Err(Problem::field("/refresh_token", "required", missing))
        }
    }
}
