//! Wires `send-mail` to AWS.

use adapter_dynamodb::DynamoMailSuppressions;
use adapter_ses::SesMailer;
use adapter_sqs::SqsVisibility;
use application_identity::SendMail as Needs;
use edge::queue::Consumer;
use send_mail::SendMail;
use std::process::ExitCode;
use std::sync::Arc;
use wiring_core::Base;
use wiring_mail::mail_token_key;

fn main() -> ExitCode {
    edge::queue::run("send-mail", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            let setting = |name| base.settings.required(name).map(str::to_owned);
            let mailer = SesMailer::new(&base.aws, setting("MAIL_FROM")?, setting("MAIL_CONFIGURATION_SET")?);
            let suppressions = DynamoMailSuppressions::new(&base.aws, setting("STATE_TABLE")?);
            let needs = Needs {
                store: Arc::new(base.store()?),
                mailer: Arc::new(mailer),
                suppressions: Arc::new(suppressions),
                key: mail_token_key(&base).await?,
                console_url: setting("CONSOLE_URL")?.trim_end_matches('/').to_owned(),
            };
            let visibility = Box::new(SqsVisibility::new(&base.aws));
            Ok(Box::new(Consumer { handler: Box::new(SendMail { needs }), visibility }))
        })
    })
}
