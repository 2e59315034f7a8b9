//! The wiring of functions that make tokens for mails, in every context. Other functions must not link this crate, because they
//! may not read the secret.

use adapter_secrets::Secret;
use application_core::mail_token::MailTokenKey;
use ports::Source;
use wiring_core::Base;

/// The key of the tokens in mails, which is read once. `MAIL_TOKEN_SECRET_ID` must be set.
pub async fn mail_token_key(base: &Base) -> Result<MailTokenKey, Source> {
    let secret = Secret::new(&base.aws, base.settings.required("MAIL_TOKEN_SECRET_ID")?);
    Ok(MailTokenKey::new(secret.value().await?.expose())?)
}
