//! `POST /v1/auth/refresh`: new tokens for a refresh token.

use application_core::{CurrentVersion, Error};
use application_identity as identity;
use application_identity::RefreshSession as Needs;
use contracts::identity::{RefreshRequest, TokenResponse};
use domain::field::{FieldChecks, InvalidFields};
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
            request.precondition()?.check(CurrentVersion::Absent)?;
            let refreshed =
                identity::refresh_session(&self.needs, &request.context(), &body.refresh_token).await;
            let tokens = refreshed.map_err(|error| match error {
                Error::Unauthenticated => Problem::invalid_refresh_token(),
                error => error.into(),
            })?;
            Response::json(
                200,
                &TokenResponse {
                    access_token: tokens.access_token,
                    token_type: "Bearer".to_owned(),
                    expires_in: u32::try_from(tokens.expires_in).unwrap_or_default(),
                    refresh_token: tokens.refresh_token,
                },
            )
        })
    }
}

/// Checks the fields of the body.
fn judge(body: &RefreshRequest) -> Result<(), InvalidFields> {
    let mut check = FieldChecks::default();
    check.secret("refresh_token", &body.refresh_token, 1024);
    check.finish(())
}
