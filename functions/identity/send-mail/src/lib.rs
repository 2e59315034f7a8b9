//! Sends the mails that events of accounts call for.

use application_core::Context;
use application_identity::{MailCause, MailSubject, SendMail as Needs, send_mail};
use contracts::event_message::EventMessage;
use domain::Timestamp;
use domain::id::{AccountId, OneTimeTokenId};
use domain::identity::Revocation;
use edge::JobError;
use edge::queue::EventHandler;
use ports::BoxFuture;
use serde::Deserialize;

/// The handler and its ports.
pub struct SendMail {
    /// The ports of the use case.
    pub needs: Needs,
}

/// The facts that are read of `one_time_token_issued`.
#[derive(Deserialize)]
struct OneTimeTokenIssued {
    token_id: OneTimeTokenId,
    account_id: AccountId,
}

/// The facts that are read of `password_changed`.
#[derive(Deserialize)]
struct PasswordChanged {
    account_id: AccountId,
}

/// The facts that are read of `session_revoked`.
#[derive(Deserialize)]
struct SessionRevoked {
    account_id: AccountId,
    reason: Revocation,
}

impl EventHandler for SendMail {
    fn handle<'a>(
        &'a self,
        event: &'a EventMessage,
        context: &'a Context,
    ) -> BoxFuture<'a, Result<(), JobError>> {
        Box::pin(async move {
            if let Some(cause) = cause(event)? {
                send_mail(&self.needs, context, &cause).await?;
            }
            Ok(())
        })
    }
}

/// The recipient and the subject of the mail; `None` for events without one.
fn cause(event: &EventMessage) -> Result<Option<MailCause>, JobError> {
    let malformed = |_| JobError::Malformed("data");
    let (account, subject) = match event.event_type.as_str() {
        "one_time_token_issued" => {
            let facts = OneTimeTokenIssued::deserialize(&event.data).map_err(malformed)?;
            (facts.account_id, MailSubject::Token(facts.token_id))
        }
        "password_changed" => {
            let facts = PasswordChanged::deserialize(&event.data).map_err(malformed)?;
            (facts.account_id, MailSubject::PasswordChanged)
        }
        "session_revoked" => {
            let facts = SessionRevoked::deserialize(&event.data).map_err(malformed)?;
            // People know of the other reasons, or get a mail about their cause.
            if facts.reason != Revocation::RefreshTokenReuse {
                return Ok(None);
            }
            (facts.account_id, MailSubject::SessionRevoked)
        }
        _ => return Ok(None),
    };
    let occurred_at: Timestamp =
        Timestamp::parse(&event.occurred_at).map_err(|_| JobError::Malformed("occurred_at"))?;
    Ok(Some(MailCause {
        organization: event.tenant_id.parse().map_err(|_| JobError::Malformed("tenant_id"))?,
        event_id: event.event_id.parse().map_err(|_| JobError::Malformed("event_id"))?,
        occurred_at,
        account,
        subject,
    }))
}
