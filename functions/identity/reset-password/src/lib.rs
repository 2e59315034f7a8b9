//! `POST /v1/auth/password/reset`: chooses another password with the token of a mail.

use application_core::CurrentVersion;
use application_identity as identity;
use application_identity::{NewPassword, ResetPassword as Needs};
use contracts::identity::ResetPasswordRequest;
use domain::field::{FieldChecks, InvalidFields};
use domain::identity::check_password;
use edge::{Handler, Problem, Request, Response};
use ports::BoxFuture;

/// The handler and its ports.
pub struct ResetPassword {
    /// The ports of the use case.
    pub needs: Needs,
}

impl Handler for ResetPassword {
    fn handle<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Problem>> {
        Box::pin(async move {
            let body: ResetPasswordRequest = request.json(judge)?;
            judge(&body)?;
            request.precondition()?.check(CurrentVersion::Absent)?;
            let new = NewPassword {
                token: &body.token,
                password: &body.password,
                source_address: request.source_ip(),
            };
            identity::reset_password(&self.needs, &request.context(), &new).await?;
            Ok(Response::no_content())
        })
    }
}

/// Checks the fields of the body. Whether the password is the address is checked when the account is known.
fn judge(body: &ResetPasswordRequest) -> Result<(), InvalidFields> {
    let mut check = FieldChecks::default();
    check.secret("token", &body.token, 128);
    check_password(&mut check, &body.password, "");
    check.finish(())
}
