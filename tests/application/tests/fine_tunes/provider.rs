//! Providers that refuse, fail, have no room, or never answer.

use super::{Scene, good, later, name};
use application_ai::fine_tunes::AdvanceReport;
use domain::ai::fine_tune::{FailureReason, FineTuneStatus, LATE_START, SUBMIT_FOR};
use ports::JobState;
use testkit::TrainingFault;

#[tokio::test]
async fn what_the_provider_refuses_or_ends_has_failed_by_its_code() {
    let scene = Scene::start();
    scene.with_file(1, &good()).await;
    scene.training.fail(TrainingFault::Refused);
    scene.run().await.unwrap();
    let failure = scene.state(1).await.failure.unwrap();
    assert_eq!(failure.message.as_deref(), Some("ValidationException"));
    scene.training.mend();
    for (number, end) in [(2, JobState::Failed { trained: true }), (3, JobState::Stopped { trained: true })] {
        scene.with_file(number, &good()).await;
        scene.run().await.unwrap();
        scene.training.end(&name(number), end);
        scene.run().await.unwrap();
        assert_eq!(scene.state(number).await.failure.unwrap().reason, FailureReason::Provider);
    }
}

#[tokio::test]
async fn a_full_provider_is_waited_for_but_not_for_ever() {
    let scene = Scene::start();
    scene.with_file(1, &good()).await;
    scene.training.fail(TrainingFault::Busy);
    let waiting = AdvanceReport { seen: 1, steps: 0, waiting: 1 };
    // This is not a failure of the fine-tune, because nobody can correct it.
    assert_eq!(scene.run().await.unwrap(), waiting);
    assert_eq!(scene.run_at(&later(&scene, SUBMIT_FOR - 1)).await.unwrap(), waiting);
    assert_eq!(scene.status(1).await, FineTuneStatus::Submitting);
    assert_eq!(scene.run_at(&later(&scene, SUBMIT_FOR)).await.unwrap().steps, 1);
    let failure = scene.state(1).await.failure.unwrap();
    assert_eq!(failure.message.as_deref(), Some("The provider took no job for three days."));
    scene.training.mend();
    // It stays open while a job may still appear, and is then let go.
    let closing = AdvanceReport { seen: 1, steps: 1, waiting: 0 };
    assert_eq!(scene.run_at(&later(&scene, SUBMIT_FOR + LATE_START)).await.unwrap(), closing);
    assert_eq!(scene.run().await.unwrap(), AdvanceReport::default());
    assert!(scene.training.started().is_empty());
}

#[tokio::test]
async fn a_full_provider_that_has_room_again_trains() {
    let scene = Scene::start();
    scene.with_file(1, &good()).await;
    scene.training.fail(TrainingFault::Busy);
    scene.run().await.unwrap();
    scene.training.mend();
    assert_eq!(scene.run_at(&later(&scene, SUBMIT_FOR)).await.unwrap().steps, 1);
    assert_eq!(scene.status(1).await, FineTuneStatus::Training);
}

#[tokio::test]
async fn a_job_whose_start_is_never_answered_is_not_given_up() {
    let scene = Scene::start();
    scene.with_file(1, &good()).await;
    scene.training.fail(TrainingFault::LostStart);
    assert!(scene.run().await.is_err());
    assert!(scene.run_at(&later(&scene, SUBMIT_FOR)).await.is_err());
    assert_eq!(scene.status(1).await, FineTuneStatus::Submitting);
}
