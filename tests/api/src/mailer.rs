//! A mail service that records what was sent, and fails on request.

use ports::{BoxFuture, Mail, MailError, Mailer};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// The mails that were sent.
#[derive(Debug, Default)]
pub struct RecordingMailer {
    sent: Mutex<Vec<Mail>>,
    is_broken: AtomicBool,
}

impl RecordingMailer {
    /// The mails, in order.
    pub fn sent(&self) -> Vec<Mail> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sets whether sending fails.
    pub fn break_down(&self, broken: bool) {
        self.is_broken.store(broken, Ordering::SeqCst);
    }
}

impl Mailer for RecordingMailer {
    fn send<'a>(&'a self, mail: &'a Mail) -> BoxFuture<'a, Result<(), MailError>> {
        Box::pin(async move {
            if self.is_broken.load(Ordering::SeqCst) {
                return Err(MailError::Unavailable("the mail service is down".into()));
            }
            self.sent.lock().unwrap_or_else(PoisonError::into_inner).push(mail.clone());
            Ok(())
        })
    }
}

/// The token in the link of a mail.
pub fn token_in(mail: &Mail) -> String {
    let (_, after) = mail.text.split_once("#token=").expect("a link with a token");
    after.lines().next().expect("a token").to_owned()
}
