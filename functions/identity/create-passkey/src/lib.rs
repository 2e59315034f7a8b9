//! `POST /v1/auth/passkeys`: adds a passkey that the caller's browser made.

use application_core::CurrentVersion;
use application_identity as identity;
use application_identity::{CreatePasskey as Needs, NewPasskey};
use contracts::second_factors::{CreatePasskeyRequest, CreatedPasskey};
use domain::authority::{Authority, UseAccount};
use domain::field::{InvalidFields, all_of};
use domain::identity::check_passkey_name;
use edge::{Request, Response, Route, RouteFuture, Uncounted};

/// The handler and its ports.
pub struct CreatePasskey {
    /// The ports of the use case.
    pub needs: Needs,
}

impl Route for CreatePasskey {
    type Permission = UseAccount;
    type Limit = Uncounted;

    fn handle<'a>(&'a self, request: &'a Request, authority: Authority<UseAccount>) -> RouteFuture<'a> {
        let body: CreatePasskeyRequest = request.json(|body: &CreatePasskeyRequest| {
            all_of(check_credential(body), check_passkey_name(&body.name).map(drop))
        })?;
        let name = check_passkey_name(&body.name)?;
        request.precondition()?.check(CurrentVersion::Unversioned)?;
        let context = request.context();
        Ok(Box::pin(async move {
            let input = NewPasskey { name: &name, credential: &body.credential };
            let created = identity::create_passkey(&self.needs, &context, &authority, &input).await?;
            let body = CreatedPasskey {
                passkey: presentation::passkey(&created.passkey),
                recovery_codes: created.recovery_codes.map(|codes| codes.0),
            };
            Response::json(201, &body)
        }))
    }
}

fn check_credential(body: &CreatePasskeyRequest) -> Result<(), InvalidFields> {
    match body.credential.is_object() {
        true => Ok(()),
        false => Err(InvalidFields::one("credential", "type", "must be an object")),
    }
}
