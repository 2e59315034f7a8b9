//! `POST /v1/auth/passkeys/login/options`: the options with which a browser asks for a passkey of the site.

use application_core::CurrentVersion;
use application_identity as identity;
use application_identity::PasskeyLoginOptions as Needs;
use contracts::second_factors::PasskeyOptions;
use edge::{Handler, Problem, Request, Response};
use ports::BoxFuture;

/// The handler and its ports.
pub struct CreatePasskeyLoginOptions {
    /// The ports of the use case.
    pub needs: Needs,
}

impl Handler for CreatePasskeyLoginOptions {
    fn handle<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Problem>> {
        Box::pin(async move {
            request.precondition()?.check(CurrentVersion::Absent)?;
            let (context, address) = (request.context(), request.source_ip());
            let options = identity::create_passkey_login_options(&self.needs, &context, address).await?;
            Response::json(200, &PasskeyOptions { public_key: options })
        })
    }
}
