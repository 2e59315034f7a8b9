//! Registers an organization with its first admin: one transaction, so that neither exists without the other.

use super::password;
use application_core::command::{Command, commit_once};
use application_core::idempotency::RepeatableResult;
use application_core::limits::{LOGINS_PER_ADDRESS, allowed, network};
use application_core::mail_token::{MailTokenKey, NewMailToken, issue_mail_token};
use application_core::repository::{Actor, PendingChange};
use application_core::{Context, Error, IdempotencyConflict, fingerprint, repository};
use domain::email_address::mailbox_keys;
use domain::field::{FieldChecks, InvalidFields, all_of};
use domain::id::{AccountId, OrganizationId};
use domain::identity::{Account, AccountEvent, MailLanguage, OneTimeTokenPurpose, Person, check_password};
use domain::tenancy::{
    AddMember, Member, MemberEvent, MemberPerson, Organization, OrganizationEvent, RegisterOrganization,
    Role, add_member, register_organization,
};
use domain::{AggregateType, identity};
use ports::{
    AggregateKey, Change, IdempotencyKey, Limiter, PasswordHasher, Store, StoreError, TenantKeys,
    Transaction, Unique, UniqueKind,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;

/// The ports of the use case.
pub struct RegisterAccount {
    /// Commits the registration.
    pub store: Arc<dyn Store>,
    /// Counts registrations per address.
    pub limiter: Arc<dyn Limiter>,
    /// Hashes the password.
    pub passwords: Arc<dyn PasswordHasher>,
    /// Creates the tenant's data key.
    pub tenant_keys: Arc<dyn TenantKeys>,
    /// The key of the token in the mail that verifies the address.
    pub mail_token_key: MailTokenKey,
    /// The AWS region that serves this registration and becomes the tenant's home.
    pub home_region: String,
}

/// The fields of the request.
pub struct Registration<'a> {
    /// The e-mail address.
    pub email: &'a str,
    /// The password.
    pub password: &'a str,
    /// The name of the person.
    pub name: &'a str,
    /// The name of the organization.
    pub organization_name: &'a str,
    /// Network address, for the limit.
    pub source_address: &'a str,
    /// The language of the mail that verifies the address.
    pub language: MailLanguage,
}

/// The result of a registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    /// The account of the admin.
    pub account_id: AccountId,
    /// The organization.
    pub organization_id: OrganizationId,
}

/// Registers. A taken address is reported: otherwise a person could not know why the registration fails.
pub async fn register_account(
    needs: &RegisterAccount,
    context: &Context,
    registration: &Registration<'_>,
    idempotency: Option<&IdempotencyKey>,
) -> Result<RepeatableResult<Registered>, Error> {
    let who = fingerprint(network(registration.source_address).as_bytes());
    allowed(needs.limiter.take(LOGINS_PER_ADDRESS, &who, context.now).await?)?;

    let ids = Registered { account_id: context.new_id()?, organization_id: context.new_id()? };
    // Hashing is the expensive part, so the fields are checked first, with an empty hash.
    let organization_event = decide(ids, registration, &needs.home_region)?;
    let password_hash = password::hash(needs.passwords.as_ref(), registration.password)?;
    let account_event = account_event(ids, registration, password_hash)?;

    let tenant = ids.organization_id;
    let (_, wrapped_key) = needs.tenant_keys.generate(tenant).await?;
    let actor = Actor::anonymous();
    let account_key = AggregateKey::new(tenant, AggregateType::Account, &ids.account_id);
    let key = AggregateKey::new(tenant, AggregateType::Organization, &tenant);
    let organization = PendingChange::<Organization>::create(key, [], &organization_event, context, &actor)?;
    let subject = Account::subject(&ids.account_id);
    let account =
        PendingChange::<Account>::create(account_key.clone(), [subject], &account_event, context, &actor)?;
    let key = AggregateKey::new(tenant, AggregateType::Member, &ids.account_id);
    let member_event = add_admin(&account_event, ids)?;
    let member = PendingChange::<Member>::create(key, [], &member_event, context, &actor)?;

    let (account, registered) = account.finish()?;
    let verification = verification(needs, context, registration, ids, registered.state.person.as_ref())?;
    let unique = mailbox_keys(registration.email).into_iter().map(|value| Unique {
        kind: UniqueKind::Email,
        value,
        holder: account_key.clone(),
    });
    let transaction = Transaction {
        changes: vec![organization.finish()?.0, account, member.finish()?.0, verification],
        unique: unique.collect(),
        tenant_key: Some((tenant, wrapped_key)),
        ..Transaction::default()
    };
    let store = needs.store.as_ref();
    let command = Command { store, context, actor, idempotency: idempotency.into() };
    match commit_once(&command, transaction, json!(ids)).await? {
        None => Ok(RepeatableResult::first(ids)),
        Some(value) => {
            let value = Registered::deserialize(value).map_err(|error| StoreError::Decode(error.into()))?;
            same_password(needs, &value, registration.password).await?;
            Ok(RepeatableResult { value, replayed: true })
        }
    }
}

/// The token of the mail that verifies the address.
fn verification(
    needs: &RegisterAccount,
    context: &Context,
    registration: &Registration<'_>,
    ids: Registered,
    person: Option<&Person>,
) -> Result<Change, Error> {
    let token = NewMailToken {
        organization: ids.organization_id,
        account: ids.account_id,
        purpose: OneTimeTokenPurpose::EmailVerification,
        email: person.map_or(registration.email, |person| &person.email),
        language: registration.language,
    };
    issue_mail_token(&needs.mail_token_key, context, &Actor::anonymous(), &token)
}

/// Checks the fields of a registration.
pub fn check_registration(context: &Context, registration: &Registration<'_>) -> Result<(), InvalidFields> {
    // The ids are not checked; without randomness the registration itself fails.
    let (Ok(account_id), Ok(organization_id)) = (context.new_id(), context.new_id()) else { return Ok(()) };
    decide(Registered { account_id, organization_id }, registration, "").map(drop)
}

/// Checks all fields and decides the organization's event.
fn decide(
    ids: Registered,
    registration: &Registration<'_>,
    home_region: &str,
) -> Result<OrganizationEvent, InvalidFields> {
    let mut password_check = FieldChecks::default();
    check_password(&mut password_check, registration.password, registration.email);
    let organization = register_organization(&RegisterOrganization {
        id: ids.organization_id,
        name: registration.organization_name,
        home_region,
        registered_by: ids.account_id,
    });
    let account = account_event(ids, registration, String::new()).map(drop);
    all_of(password_check.finish(()), all_of(account, organization))
}

fn account_event(
    ids: Registered,
    registration: &Registration<'_>,
    password_hash: String,
) -> Result<AccountEvent, InvalidFields> {
    identity::register_account(identity::RegisterAccount {
        id: ids.account_id,
        organization_id: ids.organization_id,
        email: registration.email,
        name: registration.name,
        password_hash,
    })
}

/// The event that makes the new account the admin of its organization.
fn add_admin(account: &AccountEvent, ids: Registered) -> Result<MemberEvent, Error> {
    let AccountEvent::Registered { person: Some(person), .. } = account else {
        return Err(StoreError::Malformed("a registration without a person").into());
    };
    Ok(add_member(AddMember {
        account_id: ids.account_id,
        role: Role::Admin,
        account_organization_id: None,
        person: MemberPerson { email: person.email.clone(), name: person.name.clone() },
    }))
}

/// The stored hash of the request leaves the password out, so the password is compared with the account's: a request
/// with another password is another request.
async fn same_password(needs: &RegisterAccount, earlier: &Registered, password: &str) -> Result<(), Error> {
    let key = AggregateKey::new(earlier.organization_id, AggregateType::Account, &earlier.account_id);
    let account = repository::load::<Account>(needs.store.as_ref(), &key).await?;
    let person = account.and_then(|account| account.state.person);
    let hash = person.as_ref().map(|person| &*person.password_hash);
    if password::verify(needs.passwords.as_ref(), password, hash)? {
        Ok(())
    } else {
        Err(Error::Idempotency(IdempotencyConflict::OtherRequest))
    }
}
