//! Fine-tunes that are canceled: before a job exists, while it starts, while it runs, and after the model is done.

use super::{Scene, good, later, name, place};
use application_ai::fine_tunes::AdvanceReport;
use domain::ai::fine_tune::FineTuneStatus;
use ports::JobState;
use testkit::TrainingFault;

#[tokio::test]
async fn a_canceled_job_is_stopped_and_then_let_go() {
    let scene = Scene::start();
    scene.with_file(1, &good()).await;
    scene.run().await.unwrap();
    let canceled = scene.cancel(1).await;
    assert!(canceled.stopping);
    scene.training.fail(TrainingFault::Provider);
    assert!(scene.run().await.is_err());
    scene.training.mend();
    scene.run().await.unwrap();
    assert_eq!(scene.training.stops(), 1);
    scene.run().await.unwrap();
    let state = scene.state(1).await;
    assert_eq!((state.status, state.stopping), (FineTuneStatus::Canceled, false));
    assert_eq!(scene.run().await.unwrap(), AdvanceReport::default());
    assert_eq!(scene.training.stops(), 1);
}

#[tokio::test]
async fn a_job_that_starts_after_the_cancellation_is_stopped_too() {
    let scene = Scene::start();
    scene.with_file(1, &good()).await;
    scene.training.fail(TrainingFault::Provider);
    assert!(scene.run().await.is_err());
    scene.cancel(1).await;
    scene.training.mend();
    // The provider has no job yet. An earlier run that is still active may start one.
    assert_eq!(scene.run().await.unwrap(), AdvanceReport { seen: 1, ..AdvanceReport::default() });
    scene.training.end(&name(1), JobState::Running);
    scene.run().await.unwrap();
    assert_eq!(scene.training.stops(), 1);
    scene.run().await.unwrap();
    assert!(!scene.state(1).await.stopping);
}

#[tokio::test]
async fn a_canceled_one_without_a_job_is_let_go_after_an_hour() {
    let scene = Scene::start();
    scene.with_file(1, &good()).await;
    scene.training.fail(TrainingFault::Provider);
    assert!(scene.run().await.is_err());
    scene.cancel(1).await;
    scene.training.mend();
    assert_eq!(scene.run_at(&later(&scene, 3599)).await.unwrap().steps, 0);
    assert_eq!(scene.run_at(&later(&scene, 3600)).await.unwrap().steps, 1);
    assert_eq!(scene.run().await.unwrap(), AdvanceReport::default());
}

#[tokio::test]
async fn one_that_waits_for_its_file_is_canceled_at_once_and_for_good() {
    let scene = Scene::start();
    scene.created(1, &good()).await;
    assert_eq!(scene.cancel(1).await.status, FineTuneStatus::Canceled);
    scene.training.bring(&place(1), good());
    assert_eq!(scene.run().await.unwrap(), AdvanceReport::default());
    assert_eq!(scene.cancel(1).await.status, FineTuneStatus::Canceled);
}

#[tokio::test]
async fn a_model_that_was_done_when_it_was_canceled_is_deleted() {
    let scene = Scene::start();
    scene.with_file(1, &good()).await;
    scene.run().await.unwrap();
    scene.cancel(1).await;
    scene.training.end(&name(1), JobState::Completed("model-1".to_owned()));
    scene.training.fail(TrainingFault::Discard);
    assert!(scene.run().await.is_err());
    assert!(scene.state(1).await.stopping);
    scene.training.mend();
    scene.run().await.unwrap();
    assert_eq!(scene.training.discarded(), ["model-1"]);
    assert!(!scene.state(1).await.stopping);
    assert_eq!(scene.run().await.unwrap(), AdvanceReport::default());
}
