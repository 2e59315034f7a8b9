//! `POST /v1/auth/mfa/totp/activate`: activates the enrolled app with a code of it, and answers the recovery codes.

use application_core::CurrentVersion;
use application_identity as identity;
use application_identity::ActivateTotp as Needs;
use contracts::second_factors::{ActivateTotpRequest, RecoveryCodes};
use domain::authority::{Authority, UseAccount};
use domain::field::{FieldChecks, InvalidFields};
use edge::{Request, Response, Route, RouteFuture, Uncounted};

/// The handler and its ports.
pub struct ActivateTotp {
    /// The ports of the use case.
    pub needs: Needs,
}

impl Route for ActivateTotp {
    type Permission = UseAccount;
    type Limit = Uncounted;

    fn handle<'a>(&'a self, request: &'a Request, authority: Authority<UseAccount>) -> RouteFuture<'a> {
        let body: ActivateTotpRequest = request.json(judge)?;
        judge(&body)?;
        request.precondition()?.check(CurrentVersion::Absent)?;
        let context = request.context();
        Ok(Box::pin(async move {
            let codes = identity::activate_totp(&self.needs, &context, &authority, &body.code).await?;
            Response::json(200, &RecoveryCodes { recovery_codes: codes.0 })
        }))
    }
}

fn judge(body: &ActivateTotpRequest) -> Result<(), InvalidFields> {
    let mut check = FieldChecks::default();
    check.secret("code", &body.code, 16);
    if body.code.chars().any(|character| !character.is_ascii_digit() && character != ' ') {
        check.wrong("code", "format", "must be the digits that the app shows");
    }
    check.finish(())
}
