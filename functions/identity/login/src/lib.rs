//! `POST /v1/auth/login`: tokens for an address and a password.

use application_core::{CurrentVersion, Error};
use application_identity as identity;
use application_identity::{Credentials, Login as Needs};
use contracts::identity::{LoginRequest, TokenResponse};
use domain::field::{Check, Invalid};
use domain::identity::prepared_password;
use edge::{Handler, Problem, Request, Response};
use ports::BoxFuture;

/// What the function needs.
pub struct Login {
    /// What a sign-in needs.
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

/// What is wrong with the fields.
fn judge(body: &LoginRequest) -> Result<(), Invalid> {
    let mut check = Check::default();
    check.secret("email", &body.email, 254);
    // Its length counts in the form in which it was hashed.
    let prepared = prepared_password(&body.password);
    check.secret("password", prepared.as_deref().unwrap_or(&body.password), 128);
    check.finish(())
}
