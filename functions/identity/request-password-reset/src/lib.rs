//! `POST /v1/auth/password/forgot`: sends a link by which a person chooses another password. The answer is the same for known
//! and unknown addresses.

use application_core::CurrentVersion;
use application_identity as identity;
use application_identity::{ForgottenPassword, RequestPasswordReset as Needs};
use contracts::identity::ForgotPasswordRequest;
use domain::field::{FieldChecks, InvalidFields};
use domain::identity::MailLanguage;
use edge::{Handler, Problem, Request, Response};
use ports::BoxFuture;

/// The handler and its ports.
pub struct RequestPasswordReset {
    /// The ports of the use case.
    pub needs: Needs,
}

impl Handler for RequestPasswordReset {
    fn handle<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Problem>> {
        Box::pin(async move {
            let body: ForgotPasswordRequest = request.json(judge)?;
            judge(&body)?;
            request.precondition()?.check(CurrentVersion::Absent)?;
            let forgotten = ForgottenPassword {
                email: &body.email,
                source_address: request.source_ip(),
                language: MailLanguage::preferred(request.header("accept-language").unwrap_or_default()),
            };
            identity::request_password_reset(&self.needs, &request.context(), &forgotten).await?;
            Ok(Response::accepted())
        })
    }
}

/// Checks the fields of the body.
fn judge(body: &ForgotPasswordRequest) -> Result<(), InvalidFields> {
    let mut check = FieldChecks::default();
    check.email("email", &body.email);
    check.finish(())
}
