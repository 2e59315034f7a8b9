//! `POST /v1/auth/passkeys/login`: tokens for a passkey alone.

use application_core::{CurrentVersion, Error};
use application_identity as identity;
use application_identity::{LoginWithPasskey as Needs, PasskeyAssertion, PasskeyLogin};
use contracts::second_factors::LoginWithPasskeyRequest;
use domain::field::{FieldChecks, InvalidFields};
use domain::identity::SessionDevice;
use edge::{Handler, Problem, Request, Response};
use ports::BoxFuture;
use wiring_identity::token_response;

/// The handler and its ports.
pub struct LoginWithPasskey {
    /// The ports of the use case.
    pub needs: Needs,
}

impl Handler for LoginWithPasskey {
    fn handle<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Problem>> {
        Box::pin(async move {
            let body: LoginWithPasskeyRequest = request.json(|body| judge(body).map(drop))?;
            let (assertion, name) = judge(&body)?;
            let device = SessionDevice::known(name, request.viewer_country());
            request.precondition()?.check(CurrentVersion::Absent)?;
            let login = PasskeyLogin { assertion: &assertion, source_address: request.source_ip(), device };
            let tokens = identity::login_with_passkey(&self.needs, &request.context(), &login).await;
            let tokens = tokens.map_err(|error| match error {
                Error::Unauthenticated => Problem::invalid_second_factor(),
                error => error.into(),
            })?;
            Response::json(200, &token_response(tokens))
        })
    }
}

/// Checks the fields of the body. The signature, and the name of the device if there is one.
fn judge(body: &LoginWithPasskeyRequest) -> Result<(PasskeyAssertion, Option<String>), InvalidFields> {
    let mut check = FieldChecks::default();
    let name = check.optional_line("device_name", body.device_name.as_deref(), 100);
    let assertion = PasskeyAssertion::read(&body.credential);
    if let Err(fault) = &assertion {
        check.wrong("credential", "format", fault.message());
    }
    let name = check.finish(name)?;
    // The checks have failed if this is an error.
    let assertion = assertion.map_err(|fault| InvalidFields::one("credential", "format", fault.message()))?;
    Ok((assertion, name))
}
