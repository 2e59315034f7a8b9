//! Mails with links: to verify an address and to choose another password. The links are read from the mails that the job sends.

mod email_verification;
mod hostile_tokens;
mod password_reset;
mod sending;

use api_tests::{Answer, RecordingMailer, World, token_in};
use ports::Mail;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

const ADA: &str = "ada@northwind.example";
const PASSWORD: &str = "correct horse battery staple";
const OTHER_PASSWORD: &str = "purple horse battery staple";

/// A world in which Ada has registered, with the mails that were sent.
struct Post {
    world: World,
    mailer: Arc<RecordingMailer>,
}

impl Post {
    async fn start() -> Self {
        let post = Self { world: World::start(), mailer: Arc::default() };
        post.register(ADA).await;
        post
    }

    async fn register(&self, email: &str) -> Value {
        let body = json!({"email": email, "password": PASSWORD, "name": "Ada Byron", "organization_name": "Northwind"});
        self.world.call("registerAccount").json(&body).from(email).send().await.expect(201).json()
    }

    /// Delivers every event of the ledger, also those that were delivered before, and answers the mails that were sent now.
    async fn deliver(&self) -> Vec<Mail> {
        let known = self.mailer.sent().len();
        let messages = self.world.messages().await;
        assert_eq!(self.world.send_mails(&self.mailer, &messages).await.failed, Vec::<String>::new());
        self.mailer.sent().split_off(known)
    }

    async fn forgot(&self, email: &str) -> Answer {
        self.world
            .call("requestPasswordReset")
            .json(&json!({"email": email}))
            .named("one and the same")
            .from("192.0.2.1")
            .send()
            .await
    }

    /// The token of a new mail.
    async fn reset_token(&self) -> String {
        self.deliver().await;
        self.forgot(ADA).await.expect(202);
        let sent = self.deliver().await;
        assert_eq!(sent.len(), 1);
        token_in(&sent[0])
    }

    async fn reset(&self, token: &str, password: &str) -> Answer {
        let body = json!({"token": token, "password": password});
        self.world.call("resetPassword").json(&body).named("one and the same").from(token).send().await
    }

    async fn verify(&self, token: &str) -> Answer {
        let call = self.world.call("verifyEmail").json(&json!({"token": token}));
        call.named("one and the same").from(token).send().await
    }

    async fn login(&self, password: &str) -> Answer {
        let body = json!({"email": ADA, "password": password});
        self.world.call("login").json(&body).from(password).send().await
    }

    async fn refresh(&self, token: &Value) -> Answer {
        self.world.call("refreshSession").json(&json!({"refresh_token": token})).send().await
    }
}

fn subjects(mails: &[Mail]) -> BTreeSet<&str> {
    mails.iter().map(|mail| mail.subject.as_str()).collect()
}
