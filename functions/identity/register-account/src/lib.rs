//! `POST /v1/auth/register`: creates an organization and its first admin.

use application_core::{CurrentVersion, fingerprint};
use application_identity as identity;
use application_identity::{RegisterAccount as Needs, Registration};
use contracts::identity::{RegisterRequest, RegisterResponse};
use domain::email_address::mailbox_key;
use domain::identity::MailLanguage;
use edge::{Handler, Problem, Request, Response};
use ports::{BoxFuture, IdempotencyKey};

/// The handler and its ports.
pub struct RegisterAccount {
    /// The ports of the use case.
    pub needs: Needs,
}

impl Handler for RegisterAccount {
    fn handle<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Problem>> {
        Box::pin(async move {
            let context = request.context();
            let judge = |body: &RegisterRequest| {
                identity::check_registration(&context, &registration(body, request)).map(drop)
            };
            let body: RegisterRequest = request.json(judge)?;
            request.precondition()?.check(CurrentVersion::Absent)?;
            let registration = registration(&body, request);
            // The stored hash must not cover the password, because a short secret could be guessed from it.
            let key = request.public_idempotency_key("registerAccount", &whose(&body.email))?;
            let key = key.map(|key| IdempotencyKey {
                request_hash: fingerprint(
                    format!("{:?}", [&body.email, &body.name, &body.organization_name]).as_bytes(),
                ),
                ..key
            });
            let answer =
                identity::register_account(&self.needs, &context, &registration, key.as_ref()).await?;
            let body = RegisterResponse {
                account_id: answer.value.account_id.to_string(),
                organization_id: answer.value.organization_id.to_string(),
            };
            Ok(Response::json(201, &body)?.replayed(answer.replayed))
        })
    }
}

/// The body as input of the use case.
fn registration<'a>(body: &'a RegisterRequest, request: &'a Request) -> Registration<'a> {
    Registration {
        email: &body.email,
        password: &body.password,
        name: &body.name,
        organization_name: &body.organization_name,
        source_address: request.source_ip(),
        language: MailLanguage::preferred(request.header("accept-language").unwrap_or_default()),
    }
}

/// The owner of the idempotency key. No account exists yet, so it is the mailbox; two strangers with the same key do
/// not collide.
fn whose(email: &str) -> String {
    fingerprint(mailbox_key(email).as_bytes())
}
