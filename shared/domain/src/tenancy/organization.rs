//! An organization: the tenant. Its name is a company's, not a person's.

use crate::Timestamp;
use crate::aggregate::{Aggregate, AggregateType};
use crate::event::{DecodeError, DomainEvent, EncodedEvent, EventMeta};
use crate::field::{FieldChecks, InvalidFields};
use crate::id::OrganizationId;
use serde::{Deserialize, Serialize};

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
    /// When it registered.
    pub created_at: Timestamp,
}

/// An event of an organization.
#[derive(Debug, Clone, PartialEq)]
pub enum OrganizationEvent {
    /// It registered.
    Registered(OrganizationRegistered),
}

/// The facts of `organization_registered`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrganizationRegistered {
    organization_id: OrganizationId,
    name: String,
    subscription_tier: SubscriptionTier,
    home_region: String,
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
    }))
}

impl Aggregate for Organization {
    const TYPE: AggregateType = AggregateType::Organization;
    type Event = OrganizationEvent;

    fn apply(state: Option<Self>, event: &OrganizationEvent, meta: EventMeta) -> Option<Self> {
        match event {
            OrganizationEvent::Registered(facts) => state.or_else(|| {
                Some(Self {
                    id: facts.organization_id,
                    name: facts.name.clone(),
                    subscription_tier: facts.subscription_tier,
                    home_region: facts.home_region.clone(),
                    created_at: meta.at,
                })
            }),
        }
    }
}

impl DomainEvent for OrganizationEvent {
    fn encode(&self) -> EncodedEvent {
        match self {
            Self::Registered(facts) => EncodedEvent::facts("organization_registered", facts),
        }
    }

    fn decode(event: &EncodedEvent) -> Result<Self, DecodeError> {
        match (event.event_type.as_str(), event.schema_version) {
            ("organization_registered", 1) => event.read().map(Self::Registered),
            _ => Err(DecodeError::unknown(event)),
        }
    }
}
