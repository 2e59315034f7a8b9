//! Stored states keep their shape: there is one golden file for each aggregate and schema version in
//! `shared/domain/tests/states`. A state is stored for as long as its aggregate exists, so code must read every version
//! that was ever written.

use crate::events::written;
use crate::tree::{names, read_json};
use domain::ai::batch::Batch;
use domain::ai::fine_tune::FineTune;
use domain::ai::{AiBudget, AiMonth, AiPrices};
use domain::audit::{DeniedAccess, FailedLogin};
use domain::identity::{Account, AccountFactors, OneTimeToken, Session, SignInChallenge};
use domain::job::Job;
use domain::notification::Notification;
use domain::sales::Lead;
use domain::tenancy::{ApiKey, Member, Organization};
use domain::{Aggregate, AggregateType, DomainEvent, EventMeta, Timestamp};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Debug;

const FOLDER: &str = "shared/domain/tests/states";

/// All states that the sample events produce, in order.
pub(crate) fn states<A: Aggregate>() -> Vec<Value> {
    let meta = EventMeta { at: Timestamp::from_millis(1_763_716_200_000) };
    let mut state: Option<A> = None;
    let mut documents: Vec<Value> = Vec::new();
    for event in written().iter().filter_map(|event| A::Event::decode(event).ok()) {
        state = A::apply(state, &event, meta);
        documents.extend(state.iter().map(|state| serde_json::to_value(state).unwrap()));
    }
    documents.dedup();
    documents
}

/// The paths of all members, with `*` for each index.
fn paths(document: &Value, path: &str, found: &mut BTreeSet<String>) {
    match document {
        Value::Object(members) => {
            for (name, value) in members {
                let path = format!("{path}/{name}");
                paths(value, &path, found);
                found.insert(path);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| paths(item, &format!("{path}/*"), found)),
        _ => {}
    }
}

fn shape(documents: &[Value]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    documents.iter().for_each(|document| paths(document, "", &mut found));
    found
}

/// The errors in the golden files of one aggregate.
fn disagreements<A: Aggregate + Debug>(kind: AggregateType) -> Vec<String> {
    assert_eq!(A::TYPE, kind);
    let kind = kind.as_str();
    let mut wrong = Vec::new();
    for version in 1..=A::SCHEMA_VERSION {
        let file = format!("{FOLDER}/{kind}.v{version}.json");
        let golden = read_json(&file).as_array().cloned().unwrap_or_default();
        if golden.is_empty() {
            wrong.push(format!("{file} has no states"));
        }
        for document in &golden {
            let present = if version == A::SCHEMA_VERSION {
                Some(document.clone())
            } else {
                A::upcast(document.clone(), version)
            };
            let state = present.as_ref().and_then(|document| A::deserialize(document).ok());
            match state {
                None => wrong.push(format!("{file}: this code can't read {document}")),
                Some(state) if version == A::SCHEMA_VERSION => {
                    if serde_json::to_value(&state).ok().as_ref() != Some(document) {
                        wrong.push(format!("{file}: this code writes {state:?} in another way"));
                    }
                }
                Some(_) => {}
            }
        }
        if version == A::SCHEMA_VERSION && shape(&golden) != shape(&states::<A>()) {
            wrong.push(format!(
                "{file} has not the members that are written today. When documents without them can't be read, raise \
                 SCHEMA_VERSION, write upcast and add a file; otherwise let this file be {}",
                serde_json::to_string(&states::<A>()).unwrap()
            ));
        }
    }
    wrong
}

/// The errors in the golden files of a kind. A new kind does not compile until it is here.
fn disagreements_of(kind: AggregateType) -> Vec<String> {
    match kind {
        AggregateType::Organization => disagreements::<Organization>(kind),
        AggregateType::Member => disagreements::<Member>(kind),
        AggregateType::Account => disagreements::<Account>(kind),
        AggregateType::Session => disagreements::<Session>(kind),
        AggregateType::Lead => disagreements::<Lead>(kind),
        AggregateType::Notification => disagreements::<Notification>(kind),
        AggregateType::Access => disagreements::<DeniedAccess>(kind),
        AggregateType::FailedLogin => disagreements::<FailedLogin>(kind),
        AggregateType::AiBudget => disagreements::<AiBudget>(kind),
        AggregateType::AiPrices => disagreements::<AiPrices>(kind),
        AggregateType::AiMonth => disagreements::<AiMonth>(kind),
        AggregateType::ApiKey => disagreements::<ApiKey>(kind),
        AggregateType::FineTune => disagreements::<FineTune>(kind),
        AggregateType::Batch => disagreements::<Batch>(kind),
        AggregateType::Job => disagreements::<Job>(kind),
        AggregateType::OneTimeToken => disagreements::<OneTimeToken>(kind),
        AggregateType::AccountFactors => disagreements::<AccountFactors>(kind),
        AggregateType::SignInChallenge => disagreements::<SignInChallenge>(kind),
        // A request to the gateway has one event and no state.
        AggregateType::AiRequest => Vec::new(),
    }
}

#[test]
fn every_version_of_every_state_can_be_read() {
    let wrong: Vec<String> = AggregateType::ALL.into_iter().flat_map(disagreements_of).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_kind_of_aggregate_has_golden_files() {
    let files: BTreeSet<String> = names(FOLDER).into_iter().collect();
    // A request to the gateway has one event and no state.
    let kinds = AggregateType::ALL.into_iter().filter(|kind| *kind != AggregateType::AiRequest);
    let missing: Vec<_> =
        kinds.map(|kind| format!("{}.v1.json", kind.as_str())).filter(|file| !files.contains(file)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
