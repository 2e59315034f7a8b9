//! `POST /v1/auth/email/verification`: sends the link that verifies the address of the caller's account again.

use application_core::CurrentVersion;
use application_identity as identity;
use application_identity::RequestEmailVerification as Needs;
use domain::authority::{Authority, UseAccount};
use domain::identity::MailLanguage;
use edge::{Request, Response, Route, RouteFuture, Uncounted};

/// The handler and its ports.
pub struct RequestEmailVerification {
    /// The ports of the use case.
    pub needs: Needs,
}

impl Route for RequestEmailVerification {
    type Permission = UseAccount;
    type Limit = Uncounted;

    fn handle<'a>(&'a self, request: &'a Request, authority: Authority<UseAccount>) -> RouteFuture<'a> {
        request.precondition()?.check(CurrentVersion::Absent)?;
        let language = MailLanguage::preferred(request.header("accept-language").unwrap_or_default());
        let context = request.context();
        Ok(Box::pin(async move {
            identity::request_email_verification(&self.needs, &context, &authority, language).await?;
            Ok(Response::accepted())
        }))
    }
}
