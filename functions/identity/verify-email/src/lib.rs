//! `POST /v1/auth/email/verify`: records with the token of a mail that mail to the address reaches the person.

use application_core::CurrentVersion;
use application_identity as identity;
use application_identity::VerifyEmail as Needs;
use contracts::identity::VerifyEmailRequest;
use domain::field::{FieldChecks, InvalidFields};
use edge::{Handler, Problem, Request, Response};
use ports::BoxFuture;

/// The handler and its ports.
pub struct VerifyEmail {
    /// The ports of the use case.
    pub needs: Needs,
}

impl Handler for VerifyEmail {
    fn handle<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Problem>> {
        Box::pin(async move {
            let body: VerifyEmailRequest = request.json(judge)?;
            judge(&body)?;
            request.precondition()?.check(CurrentVersion::Absent)?;
            identity::verify_email(&self.needs, &request.context(), &body.token, request.source_ip()).await?;
            Ok(Response::no_content())
        })
    }
}

/// Checks the fields of the body.
fn judge(body: &VerifyEmailRequest) -> Result<(), InvalidFields> {
    let mut check = FieldChecks::default();
    check.secret("token", &body.token, 128);
    check.finish(())
}
