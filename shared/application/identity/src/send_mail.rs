//! Sends the mail that an event of an account calls for. The mail is claimed by the id of its event, sent, and then marked as
//! sent, so that an event that is delivered again sends nothing again. If the process ends between sending and marking, the
//! next delivery sends the same mail, with the same link, once more: a lost mail about security would be worse than a second
//! one. A mail whose event is older than a day is not sent, because the mark is kept for a day.

use application_core::mail_token::{MailTokenKey, address_hash};
use application_core::{Context, Error, fingerprint, repository};
use domain::email_address::mailbox_key;
use domain::id::{AccountId, EventId, OneTimeTokenId, OrganizationId};
use domain::identity::{Account, MailLanguage, OneTimeToken, OneTimeTokenPurpose, Person};
use domain::tenancy::Organization;
use domain::{AggregateType, Timestamp};
use mail_templates::{MailTemplate, MailValues, render};
use ports::{
    AggregateKey, Claim, IdempotencyKey, Mail, MailCategory, MailSuppressions, Mailer, Store, StoreError,
    StoredState,
};
use serde_json::json;
use std::sync::Arc;

/// For how long a mail is claimed, in seconds: longer than one invocation of the job takes.
const CLAIM_SECONDS: i64 = 60;
/// A mail is not sent when its event is older than this, in seconds. The mark of a sent mail is kept for a day.
const OLDEST_EVENT_SECONDS: i64 = 23 * 3600;
/// The color of an organization that has chosen none.
const DEFAULT_COLOR: &str = "#1f4e79";

/// The ports of the use case.
pub struct SendMail {
    /// Loads accounts, organizations and tokens, and claims mails.
    pub store: Arc<dyn Store>,
    /// Sends mails.
    pub mailer: Arc<dyn Mailer>,
    /// The addresses that get no mail any more.
    pub suppressions: Arc<dyn MailSuppressions>,
    /// The key of the tokens.
    pub key: MailTokenKey,
    /// The base URL of the pages that links lead to, without a slash at its end.
    pub console_url: String,
}

/// The event that calls for a mail.
#[derive(Debug, Clone)]
pub struct MailCause {
    /// The organization of the event.
    pub organization: OrganizationId,
    /// The event.
    pub event_id: EventId,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// The account that gets the mail.
    pub account: AccountId,
    /// What the mail is about.
    pub subject: MailSubject,
}

/// What a mail is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailSubject {
    /// A link with this token.
    Token(OneTimeTokenId),
    /// The password was changed.
    PasswordChanged,
    /// A session was ended, because its token was used twice.
    SessionRevoked,
}

/// A mail that is to be sent.
struct PreparedMail {
    template: MailTemplate,
    category: MailCategory,
    language: MailLanguage,
    link: String,
}

/// Sends the mail, unless it was sent before or there is nobody to send it to; true when it was sent now.
pub async fn send_mail(needs: &SendMail, context: &Context, cause: &MailCause) -> Result<bool, Error> {
    if context.now >= cause.occurred_at.plus_seconds(OLDEST_EVENT_SECONDS) {
        tracing::warn!("a mail was not sent, because its event is too old");
        return Ok(false);
    }
    let Some((person, organization, prepared)) = prepare(needs, context, cause).await? else {
        return Ok(false);
    };
    let recipient = fingerprint(mailbox_key(&person.email).as_bytes());
    if prepared.category.is_suppressible() && needs.suppressions.is_suppressed(&recipient).await? {
        tracing::info!("a mail was not sent, because its address is suppressed");
        return Ok(false);
    }
    let mail = written(&person, &organization, &prepared, cause)?;
    let claim = IdempotencyKey {
        scope: "mail".to_owned(),
        key: cause.event_id.to_string(),
        request_hash: cause.event_id.to_string(),
    };
    let store = needs.store.as_ref();
    let now = context.clock();
    match store.claim(&claim, now, now.plus_seconds(CLAIM_SECONDS)).await? {
        Claim::Taken(record) if record.outcome.is_some() => return Ok(false),
        // Another delivery sends it at this moment. This one comes again, and finds it sent or free.
        Claim::Taken(_) => return Err(Error::Conflict),
        Claim::Claimed => {}
    }
    if let Err(error) = needs.mailer.send(&mail).await {
        application_core::command::release(store, &claim).await;
        return Err(error.into());
    }
    store.complete(&claim, &json!({"sent": true}), context.clock()).await?;
    Ok(true)
}

/// The person and the organization of the account, and the mail; `None` when there is nobody to send it to, or nothing to say
/// any more.
async fn prepare(
    needs: &SendMail,
    context: &Context,
    cause: &MailCause,
) -> Result<Option<(Person, Organization, PreparedMail)>, Error> {
    let keys = [
        AggregateKey::new(cause.organization, AggregateType::Account, &cause.account),
        AggregateKey::new(cause.organization, AggregateType::Organization, &cause.organization),
    ];
    let mut states = needs.store.load_many(&keys).await?.into_iter();
    let account = states.next().flatten().map(StoredState::decode::<Account>).transpose()?;
    let organization = states.next().flatten().map(StoredState::decode::<Organization>).transpose()?;
    let person = account.and_then(|account| account.state.person);
    let (Some(person), Some(organization)) = (person, organization) else { return Ok(None) };
    let prepared = match cause.subject {
        MailSubject::Token(id) => {
            let key = AggregateKey::new(cause.organization, AggregateType::OneTimeToken, &id);
            let token = repository::load::<OneTimeToken>(needs.store.as_ref(), &key).await?;
            let token = token.map(|token| token.state).filter(|token| {
                token.used_at.is_none()
                    && context.now < token.valid_until
                    && token.address_hash == address_hash(id, &person.email)
            });
            let Some(token) = token else { return Ok(None) };
            of_token(needs, cause.organization, &token)
        }
        MailSubject::PasswordChanged => notice(needs, MailTemplate::PasswordChanged),
        MailSubject::SessionRevoked => notice(needs, MailTemplate::SessionRevoked),
    };
    Ok(Some((person, organization.state, prepared)))
}

fn of_token(needs: &SendMail, organization: OrganizationId, token: &OneTimeToken) -> PreparedMail {
    let (template, category, page) = match token.purpose {
        OneTimeTokenPurpose::EmailVerification => {
            (MailTemplate::EmailVerification, MailCategory::Account, "verify-email")
        }
        OneTimeTokenPurpose::PasswordReset => {
            (MailTemplate::PasswordReset, MailCategory::Security, "reset-password")
        }
        OneTimeTokenPurpose::Invitation => {
            (MailTemplate::Invitation, MailCategory::Account, "accept-invitation")
        }
    };
    // A browser sends the fragment to no server, so the token reaches no log. The page posts it.
    let link = format!("{}/{page}#token={}", needs.console_url, needs.key.text(organization, token));
    PreparedMail { template, category, language: token.language, link }
}

fn notice(needs: &SendMail, template: MailTemplate) -> PreparedMail {
    PreparedMail {
        template,
        category: MailCategory::Security,
        language: MailLanguage::default(),
        link: format!("{}/forgot-password", needs.console_url),
    }
}

fn written(
    person: &Person,
    organization: &Organization,
    prepared: &PreparedMail,
    cause: &MailCause,
) -> Result<Mail, Error> {
    let values = MailValues {
        organization: &organization.name,
        color: DEFAULT_COLOR,
        name: &person.name,
        link: &prepared.link,
        at: &cause.occurred_at.to_string(),
    };
    let text = render(prepared.template, prepared.language, &values)
        .map_err(|error| StoreError::Decode(Box::new(error)))?;
    Ok(Mail {
        id: cause.event_id.to_string(),
        // SES takes domains as A-labels only.
        recipient: mailbox_key(&person.email),
        subject: text.subject,
        html: text.html,
        text: text.text,
        category: prepared.category,
    })
}
