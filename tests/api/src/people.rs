//! People and their organizations. An administrator is registered by the real route; colleagues are added in the way in
//! which the use case of invitations would add them.

use crate::world::World;
use application_core::repository::{Actor, PendingChange};
use application_identity::{RegisterAccount, Registration, register_account};
use application_notifications::{Cause, notify_in_app};
use domain::AggregateType;
use domain::Timestamp;
use domain::authority::{Caller, Credential};
use domain::id::{AccountId, NotificationId, OrganizationId, SessionId, derived};
use domain::identity::{
    self, Account, AccountEvent, AuthenticationMethod, MailLanguage, RefreshToken, Session, StartSession,
    start_session,
};
use domain::notification::NotificationKind;
use domain::tenancy::{AddMember, Member, MemberPerson, Organization, Role, add_member, change_admin};
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
    /// The organization where the account is stored.
    pub account_organization: OrganizationId,
    /// When the person signed in.
    pub authenticated_at: Timestamp,
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
            ("account_org_id", self.account_organization.to_string()),
            ("auth_time", self.authenticated_at.seconds().to_string()),
        ]
    }

    /// The person as a caller of use cases.
    pub fn caller(&self) -> Caller {
        let credential = Credential::Session {
            id: self.session,
            role: self.role,
            account_organization: self.account_organization,
            authenticated_at: self.authenticated_at,
        };
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

    fn is_outdated(&self, _: &str) -> bool {
        false
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
            mail_token_key: crate::routes::mail_token_key(),
            home_region: "eu-west-1".to_owned(),
        };
        let registration = Registration {
            email: &email,
            password: "correct horse battery staple",
            name: "Ada Byron",
            organization_name: "Northwind",
            source_address: &context.correlation_id,
            language: MailLanguage::English,
        };
        let registered =
            register_account(&needs, &context, &registration, None).await.expect("a registration");
        Person {
            tenant: registered.value.organization_id,
            account: registered.value.account_id,
            role: Role::Admin,
            session: context.new_id().expect("randomness"),
            email,
            account_organization: registered.value.organization_id,
            authenticated_at: context.now,
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
        let person = MemberPerson { email: email.clone(), name: "Charles Babbage".to_owned() };
        let added = add_member(AddMember { account_id: id, role, account_organization_id: None, person });
        let member =
            PendingChange::<Member>::create(key(AggregateType::Member), [], &added, &context, &actor)
                .expect("an event");
        let mut changes = vec![account.finish().expect("an account").0, member.finish().expect("a member").0];
        if role == Role::Admin {
            let key = AggregateKey::new(of.tenant, AggregateType::Organization, &of.tenant);
            let organization = PendingChange::<Organization>::load(self.store().as_ref(), key, &[]).await;
            let mut organization = organization.expect("a read").expect("an organization");
            for event in change_admin(organization.state(), of.account, id, true).expect("one more admin") {
                organization.record(&event, &context, &actor).expect("an event");
            }
            changes.push(organization.finish().expect("an organization").0);
        }
        let transaction = Transaction {
            changes,
            unique: vec![Unique {
                kind: UniqueKind::Email,
                value: email.clone(),
                holder: key(AggregateType::Account),
            }],
            ..Transaction::default()
        };
        self.store().commit(&transaction).await.expect("a new member");
        let session = context.new_id().expect("randomness");
        Person {
            tenant: of.tenant,
            account: id,
            role,
            session,
            email,
            account_organization: of.tenant,
            authenticated_at: context.now,
        }
    }

    /// Stores the session of a person, as a sign-in does.
    pub async fn sign_in(&self, person: &Person) {
        let context = self.context();
        let event = start_session(StartSession {
            id: person.session,
            account_id: person.account,
            family_hash: "family".to_owned(),
            token: RefreshToken { hash: "hash".to_owned(), salt: String::new() },
            device: None,
            methods: vec![AuthenticationMethod::Password],
            at: context.now,
        });
        let key = AggregateKey::new(person.tenant, AggregateType::Session, &person.session);
        let actor = Actor::account(person.account);
        let started = PendingChange::<Session>::create(key, [], &event, &context, &actor);
        started.expect("an event").commit(self.store().as_ref()).await.expect("a session");
    }

    /// Gives the account of this address another hash of its password, as a sign-in does when the parameters have risen.
    pub async fn rehash_password(&self, email: &str, hash: &str) {
        self.change_account(email, |account| identity::rehash_password(account, hash.to_owned())).await;
    }

    /// Changes the password of the account of this address to one that nobody knows, and ends no session.
    pub async fn change_password(&self, email: &str) {
        self.change_account(email, |account| identity::change_password(account, "$none$".to_owned())).await;
    }

    async fn change_account(&self, email: &str, decide: impl Fn(&Account) -> AccountEvent) {
        let (context, store) = (self.context(), self.store().as_ref());
        let holder = store.find_unique(UniqueKind::Email, email).await.expect("a read").expect("an account");
        let id: AccountId = holder.id().parse().expect("an id");
        let subjects = [Account::subject(&id)];
        let account = PendingChange::<Account>::load(store, holder, &subjects);
        let mut account = account.await.expect("a read").expect("an account");
        let event = decide(account.state());
        account.record(&event, &context, &Actor::account(id)).expect("an event");
        account.commit(store).await.expect("a change");
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
