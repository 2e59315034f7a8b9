//! People and their organizations. An administrator is registered by the real route; colleagues are added in the way in
//! which the use case of invitations would add them.

use crate::world::World;
use application_core::repository::{Actor, PendingChange};
use application_identity::{RegisterAccount, Registration, register_account};
use application_notifications::{Cause, notify_in_app};
use domain::AggregateType;
use domain::authority::{Caller, Credential};
use domain::id::{AccountId, NotificationId, OrganizationId, SessionId, derived};
use domain::identity::{self, Account};
use domain::notification::NotificationKind;
use domain::tenancy::{Member, Role, add_member};
use ports::{AggregateKey, PasswordError, PasswordHasher, Store, Transaction, Unique, UniqueKind};
use std::sync::Arc;

/// A person with a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The organization.
    pub tenant: OrganizationId,
    /// The account.
    pub account: AccountId,
    /// The role in the organization.
    pub role: Role,
    /// The session.
    pub session: SessionId,
    /// The address.
    pub email: String,
}

impl Person {
    /// The claims that the authorizer states about the person.
    pub(crate) fn claims(&self) -> Vec<(&'static str, String)> {
        vec![
            ("principalId", self.account.to_string()),
            ("sub", self.account.to_string()),
            ("org_id", self.tenant.to_string()),
            ("role", self.role.as_str().to_owned()),
            ("sid", self.session.to_string()),
        ]
    }

    /// The person as a caller of use cases.
    pub fn caller(&self) -> Caller {
        let credential = Credential::Session { id: self.session, role: self.role };
        Caller { tenant: self.tenant, account: self.account, credential }
    }

    /// The same person in another role.
    pub fn as_role(&self, role: Role) -> Self {
        Self { role, ..self.clone() }
    }
}

/// Hashing takes long, and nobody logs in with these accounts.
struct NoPasswords;

impl PasswordHasher for NoPasswords {
    fn hash(&self, _: &str) -> Result<String, PasswordError> {
        Ok("$none$".to_owned())
    }

    fn verify(&self, _: &str, _: Option<&str>) -> Result<bool, PasswordError> {
        Ok(false)
    }
}

impl World {
    /// A new organization's administrator.
    pub async fn admin(&self) -> Person {
        let context = self.context();
        let email = format!("admin-{}@northwind.example", context.correlation_id);
        let needs = RegisterAccount {
            store: Arc::clone(self.store()) as Arc<dyn Store>,
            limiter: self.parts.limiter.clone(),
            passwords: Arc::new(NoPasswords),
            tenant_keys: self.environment().tenant_keys(),
            home_region: "eu-west-1".to_owned(),
        };
        let registration = Registration {
            email: &email,
            password: "correct horse battery staple",
            name: "Ada Byron",
            organization_name: "Northwind",
            source_address: &context.correlation_id,
        };
        let registered =
            register_account(&needs, &context, &registration, None).await.expect("a registration");
        Person {
            tenant: registered.value.organization_id,
            account: registered.value.account_id,
            role: Role::Admin,
            session: context.new_id().expect("randomness"),
            email,
        }
    }

    /// A new member of the same organization.
    pub async fn colleague(&self, of: &Person, role: Role) -> Person {
        let context = self.context();
        let id: AccountId = context.new_id().expect("randomness");
        let email = format!("{}-{}@northwind.example", role.as_str(), context.correlation_id);
        let key = |kind| AggregateKey::new(of.tenant, kind, &id);
        let actor = Actor::account(of.account);
        let registered = identity::register_account(identity::RegisterAccount {
            id,
            organization_id: of.tenant,
            email: &email,
            name: "Charles Babbage",
            password_hash: "$none$".to_owned(),
        });
        let account = PendingChange::<Account>::create(
            key(AggregateType::Account),
            [Account::subject(&id)],
            &registered.expect("an account"),
            &context,
            &actor,
        )
        .expect("an event");
        let added = add_member(id, role);
        let member =
            PendingChange::<Member>::create(key(AggregateType::Member), [], &added, &context, &actor)
                .expect("an event");
        let transaction = Transaction {
            changes: vec![account.finish().expect("an account").0, member.finish().expect("a member").0],
            unique: vec![Unique {
                kind: UniqueKind::Email,
                value: email.clone(),
                holder: key(AggregateType::Account),
            }],
            ..Transaction::default()
        };
        self.store().commit(&transaction).await.expect("a new member");
        let session = context.new_id().expect("randomness");
        Person { tenant: of.tenant, account: id, role, session, email }
    }
    /// A new notification of this person; its id.
    pub async fn notification(&self, recipient: &Person) -> String {
        let context = self.context();
        let event_id = context.new_id().expect("randomness");
        let kind =
            NotificationKind::LeadScored { lead_id: context.new_id().expect("randomness"), score: Some(78) };
        let cause = Cause { tenant: recipient.tenant, event_id, recipient: recipient.account, kind };
        assert!(notify_in_app(self.store().as_ref(), &context, cause).await.expect("a notification"));
        let id: NotificationId = derived(&event_id);
        id.to_string()
    }
}
