//! `POST /v1/auth/mfa/totp`: enrolls an authenticator app, whose secret is shown only in this answer.

mod qr_code;

use application_core::CurrentVersion;
use application_identity as identity;
use application_identity::EnrollTotp as Needs;
use contracts::second_factors::TotpEnrollment;
use domain::authority::{Authority, UseAccount};
use edge::{Problem, Request, Response, Route, RouteFuture, Uncounted};
use qr_code::svg;

/// The handler and its ports.
pub struct EnrollTotp {
    /// The ports of the use case.
    pub needs: Needs,
}

impl Route for EnrollTotp {
    type Permission = UseAccount;
    type Limit = Uncounted;

    fn handle<'a>(&'a self, request: &'a Request, authority: Authority<UseAccount>) -> RouteFuture<'a> {
        request.precondition()?.check(CurrentVersion::Absent)?;
        let context = request.context();
        Ok(Box::pin(async move {
            let enrolled = identity::enroll_totp(&self.needs, &context, &authority).await?;
            let qr_svg = svg(&enrolled.otpauth_url).map_err(Problem::internal)?;
            let body = TotpEnrollment { secret: enrolled.secret, otpauth_url: enrolled.otpauth_url, qr_svg };
            Response::json(201, &body)
        }))
    }
}
