//! Models that are deployed: asked again, refused, without room, failed, canceled in between, and retired.

use super::{Scene, later, name};
use application_ai::fine_tunes::AdvanceReport;
use domain::ai::fine_tune::{FailureReason, FineTuneStatus, SUBMIT_FOR};
use ports::{DeploymentState, JobState};
use testkit::TrainingFault;

fn active() -> DeploymentState {
    DeploymentState::Active("deployment-1".to_owned())
}

#[tokio::test]
async fn a_deployment_whose_answer_was_lost_is_found_again() {
    let scene = Scene::start();
    scene.trained(1).await;
    scene.training.fail(TrainingFault::LostDeployment);
    assert!(scene.run().await.is_err());
    assert_eq!(scene.status(1).await, FineTuneStatus::Deploying);
    scene.training.mend();
    // It is being made.
    assert_eq!(scene.run().await.unwrap(), AdvanceReport { seen: 1, ..AdvanceReport::default() });
    scene.training.deploy_as(&name(1), active());
    assert_eq!(scene.run().await.unwrap().steps, 1);
    let deployed = scene.training.deployed();
    assert_eq!((deployed.len(), deployed[0].model.as_str(), &deployed[0].name), (1, "model-1", &name(1)));
    assert_eq!(scene.state(1).await.deployment.as_deref(), Some("deployment-1"));
}

#[tokio::test]
async fn a_model_that_can_t_be_deployed_is_deleted_and_its_fine_tune_has_failed() {
    for refused in [true, false] {
        let scene = Scene::start();
        scene.trained(1).await;
        if refused {
            scene.training.fail(TrainingFault::DeploymentRefused);
        }
        scene.run().await.unwrap();
        scene.training.mend();
        if !refused {
            scene.training.deploy_as(&name(1), DeploymentState::Failed);
        }
        // The failure is recorded, the deployment deleted, and then the model.
        for _ in 0..3 {
            scene.run().await.unwrap();
        }
        let state = scene.state(1).await;
        assert_eq!((state.status, state.stopping), (FineTuneStatus::Failed, false), "{refused}");
        assert_eq!(state.failure.unwrap().reason, FailureReason::Provider);
        assert_eq!(scene.training.discarded(), ["model-1"]);
        assert!(scene.training.deployments().is_empty());
        assert_eq!(scene.run().await.unwrap(), AdvanceReport::default());
        // The training was billed, whatever became of its model.
        assert_eq!(scene.spent().await, (super::COST, super::COST));
    }
}

#[tokio::test]
async fn room_for_a_deployment_is_waited_for_three_days() {
    let scene = Scene::start();
    scene.trained(1).await;
    scene.training.fail(TrainingFault::DeploymentBusy);
    assert_eq!(scene.run().await.unwrap(), AdvanceReport { seen: 1, steps: 0, waiting: 1 });
    assert_eq!(scene.status(1).await, FineTuneStatus::Deploying);
    assert_eq!(scene.run_at(&later(&scene, SUBMIT_FOR - 1)).await.unwrap().waiting, 1);
    assert_eq!(scene.run_at(&later(&scene, SUBMIT_FOR)).await.unwrap().steps, 2);
    let state = scene.state(1).await;
    let why = state.failure.unwrap().message;
    assert_eq!(why.as_deref(), Some("The provider did not deploy the model for three days."));
    assert_eq!(scene.training.discarded(), ["model-1"]);
}

#[tokio::test]
async fn one_that_is_canceled_while_it_is_deployed_leaves_nothing() {
    let scene = Scene::start();
    scene.trained(1).await;
    scene.run().await.unwrap();
    assert_eq!(scene.cancel(1).await.status, FineTuneStatus::Canceled);
    // A deployment that is being made can't be deleted yet.
    assert_eq!(scene.run().await.unwrap(), AdvanceReport { seen: 1, steps: 0, waiting: 1 });
    scene.training.deploy_as(&name(1), active());
    scene.run().await.unwrap();
    assert!(scene.training.deployments().is_empty());
    scene.run().await.unwrap();
    assert_eq!(scene.training.discarded(), ["model-1"]);
    let state = scene.state(1).await;
    assert_eq!((state.status, state.stopping), (FineTuneStatus::Canceled, false));
    assert_eq!(scene.run().await.unwrap(), AdvanceReport::default());
}

#[tokio::test]
async fn a_retired_model_is_gone_at_the_provider() {
    let scene = Scene::start();
    scene.completed(1).await;
    let canceled = scene.cancel(1).await;
    assert_eq!((canceled.status, canceled.model()), (FineTuneStatus::Canceled, None));
    scene.training.fail(TrainingFault::Discard);
    assert!(scene.run().await.is_err());
    assert!(scene.state(1).await.stopping);
    scene.training.mend();
    for _ in 0..2 {
        scene.run().await.unwrap();
    }
    assert!(scene.training.deployments().is_empty() && !scene.state(1).await.stopping);
    assert_eq!(scene.training.discarded(), ["model-1"]);
    // The provider forgets jobs; the model is known all the same.
    let forgotten = Scene::start();
    forgotten.completed(1).await;
    forgotten.training.forget(&name(1));
    forgotten.cancel(1).await;
    for _ in 0..2 {
        forgotten.run().await.unwrap();
    }
    assert_eq!(forgotten.training.discarded(), ["model-1"]);
}

#[tokio::test]
async fn runs_at_the_same_time_make_one_deployment() {
    let scene = Scene::start();
    scene.trained(1).await;
    for result in futures_util::future::join_all((0..4).map(|_| scene.run())).await {
        result.unwrap();
    }
    assert_eq!(scene.training.deployed().len(), 1);
    scene.training.deploy_as(&name(1), active());
    for result in futures_util::future::join_all((0..4).map(|_| scene.run())).await {
        result.unwrap();
    }
    let state = scene.state(1).await;
    assert_eq!((state.status, state.custom_model.as_deref()), (FineTuneStatus::Completed, Some("model-1")));
    assert_eq!(scene.training.started().len(), 1);
    assert_eq!(scene.training.end_of(&name(1)), Some(JobState::Completed("model-1".to_owned())));
}
