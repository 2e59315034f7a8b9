//! `POST /v1/auth/mfa/verify`: tokens for a second factor, after the password was right.

use application_core::{CurrentVersion, Error};
use application_identity as identity;
use application_identity::{FactorAnswer, MfaAnswer, PasskeyAssertion, VerifyMfa as Needs};
use contracts::second_factors::VerifyMfaRequest;
use domain::field::{FieldChecks, InvalidFields};
use edge::{Handler, Problem, Request, Response};
use ports::BoxFuture;
use serde_json::Value;
use wiring_identity::token_response;

/// The handler and its ports.
pub struct VerifyMfa {
    /// The ports of the use case.
    pub needs: Needs,
}

impl Handler for VerifyMfa {
    fn handle<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Problem>> {
        Box::pin(async move {
            let body: VerifyMfaRequest = request.json(|body| judge(body).map(drop))?;
            let answer = judge(&body)?;
            request.precondition()?.check(CurrentVersion::Absent)?;
            let answered = MfaAnswer {
                challenge_id: &body.challenge_id,
                answer: &answer,
                source_address: request.source_ip(),
            };
            let tokens = identity::verify_mfa(&self.needs, &request.context(), &answered).await;
            let tokens = tokens.map_err(|error| match error {
                Error::Unauthenticated => Problem::invalid_second_factor(),
                error => error.into(),
            })?;
            Response::json(200, &token_response(tokens))
        })
    }
}

/// Checks the fields of the body. The proof that it holds.
fn judge(body: &VerifyMfaRequest) -> Result<FactorAnswer, InvalidFields> {
    let mut check = FieldChecks::default();
    check.secret("challenge_id", &body.challenge_id, 200);
    let passkey = body.method == "passkey";
    match (&body.code, passkey) {
        (Some(code), false) => check.secret("code", code, 64),
        (None, false) => check.wrong("code", "required", "is required for this method"),
        (Some(_), true) => check.wrong("code", "unknown", "is not for the method passkey; send credential"),
        (None, true) => {}
    }
    if body.credential.is_some() && !passkey {
        check.wrong("credential", "unknown", "is for the method passkey only; send code");
    }
    let code = body.code.clone().unwrap_or_default();
    let answer = match body.method.as_str() {
        "totp" => FactorAnswer::Totp(code),
        "recovery_code" => FactorAnswer::RecoveryCode(code),
        "passkey" => match PasskeyAssertion::read(body.credential.as_ref().unwrap_or(&Value::Null)) {
            Ok(assertion) => FactorAnswer::Passkey(assertion),
            Err(fault) => {
                check.wrong("credential", "format", fault.message());
                FactorAnswer::Totp(code)
            }
        },
        _ => {
            check.wrong("method", "unknown", "must be totp, passkey or recovery_code");
            FactorAnswer::Totp(code)
        }
    };
    check.finish(answer)
}
