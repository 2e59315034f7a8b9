//! Runs of the job that end early, that fail for some fine-tunes, or that happen at the same time.

use super::{Scene, good, key, tenant};
use crate::support::{NOW, context};
use application_ai::fine_tunes::AdvanceReport;
use application_core::repository::load;
use application_core::{Context, Error};
use domain::ai::fine_tune::{FineTune, FineTuneStatus};
use domain::id::new_id;
use futures_util::future::join_all;
use ports::StoreError;
use serde_json::json;
use std::time::{Duration, Instant};
use testkit::{Fault, TrainingFault};

#[tokio::test]
async fn an_entry_that_can_t_be_read_stops_no_other_and_fails_the_run() {
    let scene = Scene::start();
    let key = scene.with_file(1, &good()).await;
    let pk = format!("{}#fine_tune#{}", key.tenant(), key.id());
    let answer = json!({
        "Items": [
            {"pk": {"S": "nobody"}, "list2_sk": {"S": "2"}, "state": {"B": "e30="}, "version": {"N": "1"}},
            {"pk": {"S": pk}, "list2_sk": {"S": "1"}, "state": {"B": "e30="}, "version": {"N": "1"}},
        ],
        "ScannedCount": 2,
    });
    scene.environment.wire().fail_next("Query", Fault::Answer(200, answer));
    let error = scene.run().await.unwrap_err();
    assert!(matches!(error, Error::Store(StoreError::Malformed(_))), "{error:?}");
    assert_eq!(scene.status(1).await, FineTuneStatus::Training);
    assert_eq!(scene.run().await.unwrap().seen, 1);
}

#[tokio::test]
async fn the_failure_of_one_does_not_stop_the_others() {
    let scene = Scene::start();
    // The ninth one belongs to another tenant.
    for number in [1, 9, 2] {
        scene.with_file(number, &good()).await;
    }
    scene.training.fail(TrainingFault::LostStart);
    assert!(matches!(scene.run().await, Err(Error::ProviderJob(_))));
    for number in [1, 9, 2] {
        assert_eq!(scene.status(number).await, FineTuneStatus::Submitting, "{number}");
    }
    // All three jobs exist, and none is started again.
    assert_eq!(scene.training.started().len(), 3);
    scene.training.mend();
    assert_eq!(scene.run().await.unwrap(), AdvanceReport { seen: 3, steps: 3, waiting: 0 });
    assert_eq!(scene.training.started().len(), 3);
}

#[tokio::test]
async fn a_run_that_ends_anywhere_is_made_good_by_the_next() {
    for fault in [TrainingFault::Files, TrainingFault::Provider, TrainingFault::LostStart] {
        let scene = Scene::start();
        scene.with_file(1, &good()).await;
        scene.training.fail(fault);
        assert!(scene.run().await.is_err(), "{fault:?}");
        assert!(scene.run().await.is_err(), "{fault:?}");
        scene.training.mend();
        scene.run().await.unwrap();
        assert_eq!(scene.status(1).await, FineTuneStatus::Training, "{fault:?}");
        assert_eq!(scene.training.started().len(), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn a_start_that_could_not_be_recorded_is_found_again() {
    let scene = Scene::start();
    scene.with_file(1, &good()).await;
    scene.training.fail(TrainingFault::Provider);
    assert!(scene.run().await.is_err());
    scene.training.mend();
    // The job is started, and then the store fails before this is recorded.
    let refused =
        json!({"__type": "com.amazonaws.dynamodb.v20120810#AccessDeniedException", "message": "no"});
    // The money is set aside already, so the first transaction of the run records the start.
    scene.environment.wire().fail_next("TransactWriteItems", Fault::Answer(400, refused));
    assert!(scene.run().await.is_err());
    assert_eq!(scene.status(1).await, FineTuneStatus::Submitting);
    assert_eq!(scene.training.started().len(), 1);
    scene.run().await.unwrap();
    assert_eq!(scene.status(1).await, FineTuneStatus::Training);
    assert_eq!(scene.training.started().len(), 1);
}

#[tokio::test]
async fn runs_at_the_same_time_start_one_job() {
    let scene = Scene::start();
    for number in 1..=4 {
        scene.with_file(number, &good()).await;
    }
    for result in join_all((0..6).map(|_| scene.run())).await {
        result.unwrap();
    }
    scene.run().await.unwrap();
    assert_eq!(scene.training.started().len(), 4);
    for number in 1..=4 {
        assert_eq!(scene.status(number).await, FineTuneStatus::Training);
        let version = load::<FineTune>(scene.store.as_ref(), &key(number)).await.unwrap().unwrap().version;
        assert_eq!(version, 3);
    }
}

#[tokio::test]
async fn none_is_begun_when_there_is_no_time() {
    let scene = Scene::start();
    scene.with_file(1, &good()).await;
    let context =
        Context { deadline: Instant::now() + Duration::from_secs(19), ..context(&scene.environment) };
    assert_eq!(scene.run_at(&context).await.unwrap(), AdvanceReport::default());
}

#[tokio::test]
async fn none_waits_behind_a_thousand_others() {
    let scene = Scene::start();
    for number in 0..=1000_u16 {
        let [high, low] = number.to_be_bytes();
        scene.created_as(new_id(NOW, &[high, low, 0, 0, 0, 0, 0, 0, 0, 0]), tenant(1), &good()).await;
    }
    assert_eq!(scene.run().await.unwrap().seen, 1001);
}
