//! A tenant with a lead, on the real adapter.

use application_core::Context;
use application_core::limits::AI_CALLS_OF_ORGANIZATION;
use application_core::repository::{Actor, PendingChange};
use domain::ai::{AiBudget, AiBudgetEvent, BudgetSet, Limits};
use domain::authority::{Authority, Caller, Credential, Permission};
use domain::id::{AccountId, LeadId, OrganizationId, new_id};
use domain::sales::{Lead, LeadInput, create_lead};
use domain::tenancy::{Organization, RegisterOrganization, Role, register_organization};
use domain::{AggregateType, Timestamp, Versioned};
use ports::{AggregateKey, Store, TenantKeys, Transaction};
use std::sync::Arc;
use std::time::{Duration, Instant};
use testkit::TestEnvironment;

pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_793_610_000_000);

pub(crate) fn context(environment: &TestEnvironment) -> Context {
    Context {
        now: NOW,
        began: Instant::now(),
        correlation_id: "test".to_owned(),
        causation_id: None,
        deadline: Instant::now() + Duration::from_secs(29),
        entropy: environment.entropy(),
    }
}

pub(crate) struct Tenant {
    pub(crate) environment: TestEnvironment,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) tenant: OrganizationId,
    pub(crate) owner: AccountId,
    pub(crate) lead: LeadId,
}

pub(crate) fn input() -> LeadInput<'static> {
    LeadInput {
        company_name: "Contoso",
        company_size: Some(1200_i64.into()),
        contact_name: Some("Grace Hopper"),
        contact_email: Some("grace@contoso.example"),
        notes: Some("The CTO says the budget is approved"),
        ..LeadInput::default()
    }
}

impl Tenant {
    pub(crate) async fn start() -> Self {
        let environment = TestEnvironment::start();
        let store: Arc<dyn Store> = Arc::new(environment.store());
        let (tenant, owner): (OrganizationId, AccountId) = (new_id(NOW, &[1; 10]), new_id(NOW, &[2; 10]));
        let lead = new_id(NOW, &[3; 10]);
        let (_, wrapped) = environment.tenant_keys().generate(tenant).await.unwrap();
        let context = context(&environment);
        let key = AggregateKey::new(tenant, AggregateType::Organization, &tenant);
        let command = RegisterOrganization {
            id: tenant,
            name: "Northwind",
            home_region: "eu-west-1",
            registered_by: owner,
        };
        let registered = register_organization(&command).unwrap();
        let organization =
            PendingChange::<Organization>::create(key, [], &registered, &context, &Actor::anonymous())
                .unwrap();
        let key = AggregateKey::new(tenant, AggregateType::Lead, &lead);
        let created = create_lead(lead, owner, &input()).unwrap();
        let subject = Lead::subject(&lead);
        let pending =
            PendingChange::<Lead>::create(key, [subject], &created, &context, &Actor::account(owner))
                .unwrap();
        let transaction = Transaction {
            changes: vec![organization.finish().unwrap().0, pending.finish().unwrap().0],
            tenant_key: Some((tenant, wrapped)),
            ..Transaction::default()
        };
        store.commit(&transaction).await.unwrap();
        Self { environment, store, tenant, owner, lead }
    }

    pub(crate) fn context(&self) -> Context {
        context(&self.environment)
    }

    pub(crate) fn authority<P: Permission>(&self) -> Authority<P> {
        self.authority_of(Role::SalesRep)
    }

    pub(crate) fn authority_of<P: Permission>(&self, role: Role) -> Authority<P> {
        let caller = Caller {
            tenant: self.tenant,
            account: self.owner,
            credential: Credential::Session {
                id: new_id(NOW, &[4; 10]),
                role,
                account_organization: self.tenant,
                authenticated_at: NOW,
            },
        };
        caller.authorize().unwrap()
    }

    /// Another lead of the tenant, with this owner.
    pub(crate) async fn add_lead(&self, number: u8, owner: AccountId, input: &LeadInput<'_>) -> LeadId {
        let id = new_id(NOW, &[number; 10]);
        let key = AggregateKey::new(self.tenant, AggregateType::Lead, &id);
        let created = create_lead(id, owner, input).unwrap();
        let (subject, actor) = (Lead::subject(&id), Actor::account(owner));
        let pending = PendingChange::<Lead>::create(key, [subject], &created, &self.context(), &actor);
        pending.unwrap().commit(self.store.as_ref()).await.unwrap();
        id
    }

    /// Sets the tenant's limits and the models that it may call.
    pub(crate) async fn limit(&self, limits: Limits) {
        let key = AggregateKey::new(self.tenant, AggregateType::AiBudget, &self.tenant);
        let event = AiBudgetEvent::Set(BudgetSet { limits, set_by: self.owner });
        let actor = Actor::account(self.owner);
        let pending = PendingChange::<AiBudget>::create(key, [], &event, &self.context(), &actor);
        pending.unwrap().commit(self.store.as_ref()).await.unwrap();
    }

    pub(crate) fn lead_key(&self) -> AggregateKey {
        AggregateKey::new(self.tenant, AggregateType::Lead, &self.lead)
    }

    pub(crate) async fn load(&self) -> Versioned<Lead> {
        application_core::repository::load(self.store.as_ref(), &self.lead_key()).await.unwrap().unwrap()
    }
}

/// The limits that tests with many requests of one organization must not reach.
pub(crate) const ROOMY: &[&str] = &[AI_CALLS_OF_ORGANIZATION.name];
