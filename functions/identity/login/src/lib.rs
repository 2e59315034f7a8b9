//! `POST /v1/auth/login`: tokens for an address and a password.

use application_core::{CurrentVersion, Error};
use application_identity as identity;
use application_identity::{Credentials, Login as Needs};
use contracts::identity::{LoginRequest, TokenResponse};
use domain::field::{FieldChecks, InvalidFields};
use domain::identity::prepared_password;
use edge::{Handler, Problem, Request, Response};
use ports::BoxFuture;

/// The handler and its ports.
pub struct Login {
    /// The ports of the use case.
    pub needs: Needs,
}

impl Handler for Login {
    fn handle<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Problem>> {
        Box::pin(async move {
            let body: LoginRequest = request.json(judge)?;
            judge(&body)?;
            request.precondition()?.check(CurrentVersion::Absent)?;
            let credentials = Credentials {
                email: &body.email,
                password: &body.password,
                source_address: request.source_ip(),
            };
            let tokens =
                identity::login(&self.needs, &request.context(), &credentials).await.map_err(|error| {
                    match error {
                        Error::Unauthenticated => Problem::invalid_credentials(),
                        error => error.into(),
                    }
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
fn judge(body: &LoginRequest) -> Result<(), InvalidFields> {
    let mut check = FieldChecks::default();
    check.secret("email", &body.email, 254);
    // The length of the password is checked in the form in which it is hashed.
    let prepared = prepared_password(&body.password);
    check.secret("password", prepared.as_deref().unwrap_or(&body.password), 128);
    check.finish(())
}
