//! An organization: the tenant. Its name is a company's, not a person's.

use crate::Timestamp;
use crate::aggregate::{Aggregate, AggregateType};
use crate::event::{DecodeError, DomainEvent, EncodedEvent, EventMeta};
use crate::field::{FieldChecks, InvalidFields};
use crate::id::{AccountId, OrganizationId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The plan of an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubscriptionTier {
    /// The tier of every new organization.
    Starter,
    /// For teams.
    Professional,
    /// For companies with terms of their own.
    Enterprise,
}

/// The state of an organization.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Organization {
    /// Its id, which is the tenant of everything that it owns.
    pub id: OrganizationId,
    /// Its name.
    pub name: String,
    /// Its plan.
    pub subscription_tier: SubscriptionTier,
    /// The AWS region where its writes happen.
    pub home_region: String,
    /// The account that registered it; `None` if it registered before this was recorded.
    pub registered_by: Option<AccountId>,
    /// The active admins. There is always at least one, except in organizations that registered before this was recorded and
    /// whose admins never changed since: their only admin is the account that registered them.
    pub admin_ids: Vec<AccountId>,
    /// When it registered.
    pub created_at: Timestamp,
}

/// An event of an organization.
#[derive(Debug, Clone, PartialEq)]
pub enum OrganizationEvent {
    /// It registered.
    Registered(OrganizationRegistered),
    /// A member became an active admin.
    AdminAdded(AdminAdded),
    /// A member is no longer an active admin.
    AdminRemoved(AdminRemoved),
}

/// The facts of `organization_admin_added`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AdminAdded {
    account_id: AccountId,
}

/// The facts of `organization_admin_removed`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AdminRemoved {
    account_id: AccountId,
}

/// The change would leave the organization without an active admin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the last active admin stays")]
pub struct LastAdmin;

/// The facts of `organization_registered`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrganizationRegistered {
    organization_id: OrganizationId,
    name: String,
    subscription_tier: SubscriptionTier,
    home_region: String,
    /// The first schema version has none.
    #[serde(default)]
    registered_by: Option<AccountId>,
}

/// The command that registers an organization.
#[derive(Debug)]
pub struct RegisterOrganization<'a> {
    /// Its identifier.
    pub id: OrganizationId,
    /// Its name, 1 to 200 characters.
    pub name: &'a str,
    /// The AWS region that serves the registration.
    pub home_region: &'a str,
    /// The account that registers it, which is its first admin.
    pub registered_by: AccountId,
}

/// Decides `organization_registered`.
pub fn register_organization(command: &RegisterOrganization<'_>) -> Result<OrganizationEvent, InvalidFields> {
    let mut check = FieldChecks::default();
    let name = check.line("organization_name", command.name, 200);
    check.finish(OrganizationEvent::Registered(OrganizationRegistered {
        organization_id: command.id,
        name,
        subscription_tier: SubscriptionTier::Starter,
        home_region: command.home_region.to_owned(),
        registered_by: Some(command.registered_by),
    }))
}

/// Decides the events of an organization in which `account` becomes an active admin, or is one no longer. The acting admin
/// is the only one in an organization whose admins were never recorded.
pub fn change_admin(
    organization: &Organization,
    acting_admin: AccountId,
    account: AccountId,
    becomes_admin: bool,
) -> Result<Vec<OrganizationEvent>, LastAdmin> {
    let added = |account_id| OrganizationEvent::AdminAdded(AdminAdded { account_id });
    let mut admins = organization.admin_ids.clone();
    let mut events = Vec::new();
    if admins.is_empty() {
        admins.push(acting_admin);
        events.push(added(acting_admin));
    }
    match (becomes_admin, admins.contains(&account)) {
        (true, false) => events.push(added(account)),
        (false, true) if admins.len() == 1 => return Err(LastAdmin),
        (false, true) => events.push(OrganizationEvent::AdminRemoved(AdminRemoved { account_id: account })),
        (true, true) | (false, false) => {}
    }
    Ok(events)
}

impl Aggregate for Organization {
    const TYPE: AggregateType = AggregateType::Organization;
    type Event = OrganizationEvent;
    const SCHEMA_VERSION: u32 = 2;

    fn apply(state: Option<Self>, event: &OrganizationEvent, meta: EventMeta) -> Option<Self> {
        match event {
            OrganizationEvent::Registered(facts) => state.or_else(|| {
                Some(Self {
                    id: facts.organization_id,
                    name: facts.name.clone(),
                    subscription_tier: facts.subscription_tier,
                    home_region: facts.home_region.clone(),
                    registered_by: facts.registered_by,
                    admin_ids: facts.registered_by.into_iter().collect(),
                    created_at: meta.at,
                })
            }),
            OrganizationEvent::AdminAdded(facts) => state.map(|mut organization| {
                if !organization.admin_ids.contains(&facts.account_id) {
                    organization.admin_ids.push(facts.account_id);
                }
                organization
            }),
            OrganizationEvent::AdminRemoved(facts) => state.map(|mut organization| {
                organization.admin_ids.retain(|admin| *admin != facts.account_id);
                organization
            }),
        }
    }

    /// In the first version neither the registering account nor the admins were recorded.
    fn upcast(mut document: Value, schema_version: u32) -> Option<Value> {
        if schema_version != 1 {
            return None;
        }
        let organization = document.as_object_mut()?;
        organization.insert("registered_by".to_owned(), Value::Null);
        organization.insert("admin_ids".to_owned(), json!([]));
        Some(document)
    }
}

impl DomainEvent for OrganizationEvent {
    fn encode(&self) -> EncodedEvent {
        match self {
            Self::Registered(facts) => EncodedEvent::facts("organization_registered", facts).with_version(2),
            Self::AdminAdded(facts) => EncodedEvent::facts("organization_admin_added", facts),
            Self::AdminRemoved(facts) => EncodedEvent::facts("organization_admin_removed", facts),
        }
    }

    fn decode(event: &EncodedEvent) -> Result<Self, DecodeError> {
        match (event.event_type.as_str(), event.schema_version) {
            ("organization_registered", 1 | 2) => event.read().map(Self::Registered),
            ("organization_admin_added", 1) => event.read().map(Self::AdminAdded),
            ("organization_admin_removed", 1) => event.read().map(Self::AdminRemoved),
            _ => Err(DecodeError::unknown(event)),
        }
    }
}
