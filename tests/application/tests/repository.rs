//! Loading and saving of aggregates.

use crate::support::{NOW, Tenant, input};
use application_core::precondition::Versions;
use application_core::repository::{Actor, PendingChange, fold, load};
use application_core::{Error, Precondition};
use application_sales::{LeadReplacement, delete_lead, erase_lead_contact, update_lead};
use domain::AggregateType;
use domain::authority::WriteLeads;
use domain::id::{AccountId, LeadId, new_id};
use domain::sales::{Lead, LeadInput};
use ports::{AggregateKey, StoreError};

#[tokio::test]
async fn what_is_stored_is_the_fold_of_what_happened() {
    let tenant = Tenant::start().await;
    let store = tenant.store.as_ref();
    let authority = tenant.authority::<WriteLeads>();
    let other = LeadInput { company_name: "Fabrikam", ..input() };
    let precondition = Precondition { required: Some(Versions::Listed(vec![1])), excluded: None };
    let replacement = LeadReplacement { precondition: &precondition, input: &other, check: &|_| Ok(()) };
    let updated =
        update_lead(store, &tenant.context(), &authority, &tenant.lead, &replacement).await.unwrap();
    assert_eq!((updated.version, updated.state.details.company_name.as_str()), (2, "Fabrikam"));
    assert_eq!(tenant.load().await, updated);
    assert_eq!(fold::<Lead>(store, &tenant.lead_key(), 2).await.unwrap().unwrap(), updated);
    // The state before the change.
    let before = fold::<Lead>(store, &tenant.lead_key(), 1).await.unwrap().unwrap();
    assert_eq!((before.version, before.state.details.company_name.as_str()), (1, "Contoso"));
    assert!(before.state.contact.unwrap().notes.is_some());
    assert_eq!(fold::<Lead>(store, &tenant.lead_key(), 0).await.unwrap(), None);
}

#[tokio::test]
async fn what_is_not_there_is_none() {
    let tenant = Tenant::start().await;
    let missing: LeadId = new_id(NOW, &[9; 10]);
    let key = AggregateKey::new(tenant.tenant, AggregateType::Lead, &missing);
    let store = tenant.store.as_ref();
    assert_eq!(load::<Lead>(store, &key).await.unwrap(), None);
    assert!(PendingChange::<Lead>::load(store, key.clone(), &[]).await.unwrap().is_none());
    assert_eq!(fold::<Lead>(store, &key, 9).await.unwrap(), None);
}

#[tokio::test]
async fn a_history_with_a_gap_is_a_defect_and_never_an_older_state() {
    let tenant = Tenant::start().await;
    let store = tenant.store.as_ref();
    for (seen_version, name) in [(1, "Fabrikam"), (2, "Globex")] {
        let other = LeadInput { company_name: name, ..input() };
        let precondition =
            Precondition { required: Some(Versions::Listed(vec![seen_version])), excluded: None };
        let replacement = LeadReplacement { precondition: &precondition, input: &other, check: &|_| Ok(()) };
        update_lead(store, &tenant.context(), &tenant.authority(), &tenant.lead, &replacement).await.unwrap();
    }
    let partition = format!("{}#lead#{}", tenant.tenant, tenant.lead);
    tenant.environment.forget_event(&partition, 2).await;
    for through in [3, 9] {
        let error = fold::<Lead>(store, &tenant.lead_key(), through).await.unwrap_err();
        assert!(matches!(error, StoreError::IncompleteHistory { missing_version: 2 }), "{error:?}");
    }
    // The history before the gap is complete.
    assert_eq!(fold::<Lead>(store, &tenant.lead_key(), 1).await.unwrap().unwrap().version, 1);
    tenant.environment.forget_event(&partition, 1).await;
    let error = fold::<Lead>(store, &tenant.lead_key(), 3).await.unwrap_err();
    assert!(matches!(error, StoreError::IncompleteHistory { missing_version: 1 }), "{error:?}");
}

#[tokio::test]
async fn of_two_that_loaded_the_same_version_one_is_told() {
    let tenant = Tenant::start().await;
    let store = tenant.store.as_ref();
    let (lead, context) = (tenant.load().await.state, tenant.context());
    let event = domain::sales::delete_lead(&lead).unwrap();
    let mut changes = Vec::new();
    for _ in 0..2 {
        let loaded = PendingChange::<Lead>::load(store, tenant.lead_key(), &[]).await.unwrap();
        let mut pending = loaded.unwrap();
        pending.record(&event, &context, &Actor::account(tenant.owner)).unwrap();
        changes.push(pending);
    }
    let second = changes.pop().unwrap();
    assert_eq!(changes.pop().unwrap().commit(store).await.unwrap().version, 2);
    assert!(matches!(second.commit(store).await, Err(Error::Conflict)));
    assert_eq!(store.history(&tenant.lead_key(), 9).await.unwrap().len(), 2);
}

#[tokio::test]
async fn an_event_says_who_when_and_for_which_request() {
    let tenant = Tenant::start().await;
    let store = tenant.store.as_ref();
    let (authority, unconditional) = (tenant.authority(), Precondition::NONE);
    delete_lead(store, &tenant.context(), &authority, &tenant.lead, &unconditional).await.unwrap();
    let history = store.history(&tenant.lead_key(), 9).await.unwrap();
    let last = history.last().unwrap();
    assert_eq!((last.version, last.event.event_type.as_str()), (2, "lead_deleted"));
    assert_eq!(
        (last.actor.as_str(), last.correlation_id.as_str()),
        (tenant.owner.to_string().as_str(), "test")
    );
    assert_eq!((last.occurred_at, last.causation_id), (NOW, None));
    assert_ne!(history[0].event_id, last.event_id);
}

#[tokio::test]
async fn an_erased_persons_history_stays_without_the_person() {
    let tenant = Tenant::start().await;
    let store = tenant.store.as_ref();
    let known = store.history(&tenant.lead_key(), 9).await.unwrap();
    assert_eq!(known[0].event.personal.len(), 1);
    let authority = tenant.authority::<WriteLeads>();
    erase_lead_contact(store, &tenant.context(), &authority, &tenant.lead).await.unwrap();
    let erased = store.history(&tenant.lead_key(), 9).await.unwrap();
    assert_eq!(erased.len(), 2);
    assert!(erased.iter().all(|record| record.event.personal.is_empty()));
    assert_eq!(erased[0].event.data, known[0].event.data);
    let folded = fold::<Lead>(store, &tenant.lead_key(), 1).await.unwrap().unwrap();
    assert_eq!((folded.state.contact, folded.state.details.company_name.as_str()), (None, "Contoso"));
}

#[test]
fn actors_are_named_apart() {
    let account: AccountId = new_id(NOW, &[1; 10]);
    assert_ne!(Actor::anonymous(), Actor::system("anonymous"));
    assert_ne!(Actor::account(account), Actor::system(&account.to_string()));
}
