//! The state of every aggregate is the fold of its ledger.

use crate::world::World;
use application_core::repository;
use domain::ai::batch::Batch;
use domain::ai::fine_tune::FineTune;
use domain::ai::{AiBudget, AiMonth, AiPrices};
use domain::audit::{DeniedAccess, FailedLogin};
use domain::id::{
    AccessId, AccountId, AiMonthId, ApiKeyId, BatchId, FineTuneId, JobId, LeadId, NotificationId,
    OneTimeTokenId, OrganizationId, SessionId, SignInChallengeId, SignInId,
};
use domain::identity::{Account, AccountFactors, OneTimeToken, Session, SignInChallenge};
use domain::job::Job;
use domain::notification::Notification;
use domain::sales::Lead;
use domain::tenancy::{ApiKey, Member, Organization};
use domain::{Aggregate, AggregateType};
use ports::{AggregateKey, Store};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::str::FromStr;

impl World {
    /// Fails unless the versions of every aggregate in the ledger have no gap and fold to the stored state. Returns the
    /// number of aggregates of each kind.
    pub async fn check_folds(&self) -> BTreeMap<&'static str, usize> {
        let mut aggregates: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for item in self.ledger().await {
            aggregates.entry(item["pk"]["S"].as_str().expect("a key").to_owned()).or_default().push(item);
        }
        let mut counts = BTreeMap::new();
        for (pk, items) in aggregates {
            let mut versions: Vec<u64> = items.iter().map(|item| parsed(&item["sk"]["N"])).collect();
            versions.sort_unstable();
            assert_eq!(
                versions,
                (1..=items.len() as u64).collect::<Vec<_>>(),
                "the versions of {pk} have a gap"
            );
            let kind =
                items[0]["aggregate_type"]["S"].as_str().and_then(AggregateType::from_name).expect("a kind");
            self.check_fold(kind, &items[0], items.len() as u64).await;
            *counts.entry(kind.as_str()).or_default() += 1;
        }
        counts
    }

    async fn check_fold(&self, kind: AggregateType, item: &Value, versions: u64) {
        let tenant: OrganizationId = parsed(&item["tenant_id"]["S"]);
        let id = &item["aggregate_id"]["S"];
        match kind {
            AggregateType::Organization => {
                let key = AggregateKey::new(tenant, kind, &parsed::<OrganizationId>(id));
                self.compare::<Organization>(&key, versions).await;
            }
            AggregateType::Member => {
                let key = AggregateKey::new(tenant, kind, &parsed::<AccountId>(id));
                self.compare::<Member>(&key, versions).await;
            }
            AggregateType::Account => {
                let key = AggregateKey::new(tenant, kind, &parsed::<AccountId>(id));
                self.compare::<Account>(&key, versions).await;
            }
            AggregateType::Session => {
                let key = AggregateKey::new(tenant, kind, &parsed::<SessionId>(id));
                self.compare::<Session>(&key, versions).await;
            }
            AggregateType::OneTimeToken => {
                let key = AggregateKey::new(tenant, kind, &parsed::<OneTimeTokenId>(id));
                self.compare::<OneTimeToken>(&key, versions).await;
            }
            AggregateType::Lead => {
                let key = AggregateKey::new(tenant, kind, &parsed::<LeadId>(id));
                self.compare::<Lead>(&key, versions).await;
            }
            AggregateType::Notification => {
                let key = AggregateKey::new(tenant, kind, &parsed::<NotificationId>(id));
                self.compare::<Notification>(&key, versions).await;
            }
            AggregateType::ApiKey => {
                let key = AggregateKey::new(tenant, kind, &parsed::<ApiKeyId>(id));
                self.compare::<ApiKey>(&key, versions).await;
            }
            AggregateType::FineTune => {
                let key = AggregateKey::new(tenant, kind, &parsed::<FineTuneId>(id));
                self.compare::<FineTune>(&key, versions).await;
            }
            AggregateType::Batch => {
                let key = AggregateKey::new(tenant, kind, &parsed::<BatchId>(id));
                self.compare::<Batch>(&key, versions).await;
            }
            AggregateType::Job => {
                let key = AggregateKey::new(tenant, kind, &parsed::<JobId>(id));
                self.compare::<Job>(&key, versions).await;
            }
            AggregateType::AccountFactors => {
                let key = AggregateKey::new(tenant, kind, &parsed::<AccountId>(id));
                self.compare::<AccountFactors>(&key, versions).await;
            }
            AggregateType::SignInChallenge => {
                let key = AggregateKey::new(tenant, kind, &parsed::<SignInChallengeId>(id));
                self.compare::<SignInChallenge>(&key, versions).await;
            }
            AggregateType::Access => {
                let key = AggregateKey::new(tenant, kind, &parsed::<AccessId>(id));
                self.compare::<DeniedAccess>(&key, versions).await;
            }
            AggregateType::FailedLogin => {
                let key = AggregateKey::new(tenant, kind, &parsed::<SignInId>(id));
                self.compare::<FailedLogin>(&key, versions).await;
            }
            AggregateType::AiBudget => {
                let key = AggregateKey::new(tenant, kind, &parsed::<OrganizationId>(id));
                self.compare::<AiBudget>(&key, versions).await;
            }
            AggregateType::AiPrices => {
                let key = AggregateKey::new(tenant, kind, &parsed::<OrganizationId>(id));
                self.compare::<AiPrices>(&key, versions).await;
            }
            AggregateType::AiMonth => {
                let key = AggregateKey::new(tenant, kind, &parsed::<AiMonthId>(id));
                self.compare::<AiMonth>(&key, versions).await;
            }
            // This aggregate has no state; its only event is the record.
            AggregateType::AiRequest => assert_eq!(versions, 1),
        }
    }

    async fn compare<A: Aggregate>(&self, key: &AggregateKey, versions: u64) {
        let store = self.store().as_ref();
        let stored =
            store.load(key).await.expect("the store").unwrap_or_else(|| panic!("{key:?} has no state"));
        let folded =
            repository::fold::<A>(store, key, u64::MAX).await.expect("a history").expect("a first event");
        assert_eq!(stored.version, versions, "the version of {key:?}");
        assert_eq!(folded.version, versions, "the history of {key:?}");
        let stored: Value = serde_json::from_str(&stored.state).expect("JSON");
        assert_eq!(serde_json::to_value(folded.state).expect("JSON"), stored, "the state of {key:?}");
    }
}

fn parsed<T: FromStr<Err: Debug>>(value: &Value) -> T {
    value.as_str().expect("a text").parse().expect("what is stored can be read")
}
