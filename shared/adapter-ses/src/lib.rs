//! Sends mail by Amazon SES, version 2 of its API. It must never log an address, a subject or a text.

use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message, MessageHeader, MessageTag};
use ports::{BoxFuture, Mail, MailError, Mailer, Source};

/// The header with the id of a mail. A mail that is sent again has the same.
const ID_HEADER: &str = "X-Sextant-Message-Id";
/// The tag by which bounces and complaints are counted.
const CATEGORY_TAG: &str = "category";
const CHARSET: &str = "UTF-8";

/// Codes of errors that another try does not cure: an address that can't be sent to, a sender that is not verified, an account
/// or a sender that may not send.
const REFUSALS: [&str; 6] = [
    "MessageRejected",
    "MailFromDomainNotVerifiedException",
    "AccountSuspendedException",
    "BadRequestException",
    "NotFoundException",
    "AccessDeniedException",
];

/// SES.
pub struct SesMailer {
    client: Client,
    from: String,
    configuration_set: String,
}

impl SesMailer {
    /// A mailer that sends from this address, such as `Sextant <no-reply@example.com>`, with a configuration set.
    pub fn new(config: &adapter_aws::SdkConfig, from: String, configuration_set: String) -> Self {
        Self { client: Client::new(config), from, configuration_set }
    }

    async fn try_send(&self, mail: &Mail) -> Result<(), MailError> {
        let malformed = |error: BuildError| MailError::Refused(error.into());
        let content = |text: &str| Content::builder().data(text).charset(CHARSET).build().map_err(malformed);
        let body = Body::builder().text(content(&mail.text)?).html(content(&mail.html)?).build();
        let header = MessageHeader::builder().name(ID_HEADER).value(&mail.id).build().map_err(malformed)?;
        let message = Message::builder().subject(content(&mail.subject)?).body(body).headers(header).build();
        let category = mail.category.as_str();
        let tag = MessageTag::builder().name(CATEGORY_TAG).value(category).build().map_err(malformed)?;
        self.client
            .send_email()
            .from_email_address(&self.from)
            .destination(Destination::builder().to_addresses(&mail.recipient).build())
            .configuration_set_name(&self.configuration_set)
            .email_tags(tag)
            .content(EmailContent::builder().simple(message).build())
            .send()
            .await
            .map(drop)
            .map_err(failure)
    }
}

impl Mailer for SesMailer {
    fn send<'a>(&'a self, mail: &'a Mail) -> BoxFuture<'a, Result<(), MailError>> {
        Box::pin(self.try_send(mail))
    }
}

/// The failure by its code. The message of SES is left out, because it may quote the address.
fn failure<E, R>(error: SdkError<E, R>) -> MailError
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    match &error {
        SdkError::ServiceError(context) => {
            let code = context.err().code().unwrap_or("an error without a code").to_owned();
            let refused = REFUSALS.contains(&code.as_str());
            let source = Source::from(format!("SES answered {code}"));
            if refused { MailError::Refused(source) } else { MailError::Unavailable(source) }
        }
        _ => {
            let source = error.into_source().unwrap_or_else(|_| "unknown kind of failure".into());
            MailError::Unavailable(source)
        }
    }
}
