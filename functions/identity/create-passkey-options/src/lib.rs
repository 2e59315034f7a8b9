//! `POST /v1/auth/passkeys/options`: the options with which a browser makes a passkey for the caller.

use application_core::CurrentVersion;
use application_identity as identity;
use application_identity::CreatePasskeyOptions as Needs;
use contracts::second_factors::PasskeyOptions;
use domain::authority::{Authority, UseAccount};
use edge::{Request, Response, Route, RouteFuture, Uncounted};

/// The handler and its ports.
pub struct CreatePasskeyOptions {
    /// The ports of the use case.
    pub needs: Needs,
}

impl Route for CreatePasskeyOptions {
    type Permission = UseAccount;
    type Limit = Uncounted;

    fn handle<'a>(&'a self, request: &'a Request, authority: Authority<UseAccount>) -> RouteFuture<'a> {
        request.precondition()?.check(CurrentVersion::Absent)?;
        let context = request.context();
        Ok(Box::pin(async move {
            let public_key = identity::create_passkey_options(&self.needs, &context, &authority).await?;
            Response::json(200, &PasskeyOptions { public_key })
        }))
    }
}
