//! The money for training: set aside before the provider is asked, charged once, given back when nothing was trained, and
//! refused when a budget has no room.

use super::{COST, Scene, admin, good, later, name, tenant};
use crate::support::{NOW, context};
use application_ai::fine_tunes::{AdvanceReport, Tools, advance_fine_tunes};
use application_ai::{Registry, settle_expired};
use application_core::repository::{Actor, PendingChange};
use domain::AggregateType;
use domain::ai::fine_tune::{FailureReason, FineTuneStatus, LATE_START, SUBMIT_FOR};
use domain::ai::{AiBudget, AiBudgetEvent, BudgetSet, Feature, Limits};
use domain::id::new_id;
use ports::{AggregateKey, DeploymentState, JobState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use testkit::TrainingFault;
use tokio::sync::Notify;

async fn limit(scene: &Scene, limits: Limits) {
    let key = AggregateKey::new(tenant(1), AggregateType::AiBudget, &tenant(1));
    let event = AiBudgetEvent::Set(BudgetSet { limits, set_by: new_id(NOW, &[2; 10]) });
    let (context, actor) = (context(&scene.environment), Actor::anonymous());
    let pending = PendingChange::<AiBudget>::create(key, [], &event, &context, &actor);
    pending.unwrap().commit(scene.store.as_ref()).await.unwrap();
}

#[tokio::test]
async fn training_is_set_aside_when_it_begins_and_charged_when_it_ended() {
    let scene = Scene::start();
    scene.with_file(1, &good()).await;
    scene.run().await.unwrap();
    assert_eq!(scene.spent().await, (COST, 0));
    assert_eq!(scene.run().await.unwrap().steps, 0);
    assert_eq!(scene.spent().await, (COST, 0));
    scene.training.end(&name(1), JobState::Completed("model-1".to_owned()));
    for _ in 0..3 {
        scene.run().await.unwrap();
    }
    assert_eq!(scene.spent().await, (COST, COST));
    let events = scene.metered().await;
    assert_eq!(events.len(), 1);
    let charged = &events[0];
    assert_eq!((charged.feature, charged.cost_nano_usd), (Feature::FineTuning, COST));
    // 1,510 bytes are 504 tokens, twice.
    assert_eq!((charged.tokens.input, charged.unmetered.tokens.input), (1_008, 1_008));
    assert_eq!(charged.unmetered.cost_nano_usd, COST);
    assert_eq!(charged.model, format!("ft:amazon.nova-lite-v1:0:{}", super::id(1)));
    assert_eq!(charged.account_id, admin().account());
}

#[tokio::test]
async fn a_job_that_ended_before_it_trained_costs_nothing_and_one_that_trained_costs_all() {
    for (end, cost) in [
        (JobState::Failed { trained: false }, 0),
        (JobState::Failed { trained: true }, COST),
        (JobState::Stopped { trained: false }, 0),
        (JobState::Stopped { trained: true }, COST),
    ] {
        let scene = Scene::start();
        scene.with_file(1, &good()).await;
        scene.run().await.unwrap();
        scene.training.end(&name(1), end.clone());
        scene.run().await.unwrap();
        assert_eq!(scene.status(1).await, FineTuneStatus::Failed);
        assert_eq!(scene.spent().await, (cost, cost), "{end:?}");
        assert_eq!(scene.metered().await.len(), 1);
    }
}

#[tokio::test]
async fn canceled_training_is_charged_once_it_has_stopped() {
    let scene = Scene::start();
    scene.with_file(1, &good()).await;
    scene.run().await.unwrap();
    scene.cancel(1).await;
    scene.run().await.unwrap();
    assert_eq!(scene.spent().await, (COST, 0));
    scene.run().await.unwrap();
    assert_eq!(scene.spent().await, (COST, COST));
}

#[tokio::test]
async fn a_job_that_was_never_taken_gives_the_money_back() {
    let refused = Scene::start();
    refused.with_file(1, &good()).await;
    refused.training.fail(TrainingFault::Refused);
    refused.run().await.unwrap();
    assert_eq!((refused.status(1).await, refused.spent().await), (FineTuneStatus::Failed, (0, 0)));
    let busy = Scene::start();
    busy.with_file(1, &good()).await;
    busy.training.fail(TrainingFault::Busy);
    busy.run().await.unwrap();
    assert_eq!(busy.spent().await, (COST, 0));
    busy.run_at(&later(&busy, SUBMIT_FOR)).await.unwrap();
    assert_eq!((busy.status(1).await, busy.spent().await), (FineTuneStatus::Failed, (0, 0)));
    let canceled = Scene::start();
    canceled.with_file(1, &good()).await;
    canceled.training.fail(TrainingFault::Provider);
    assert!(canceled.run().await.is_err());
    canceled.cancel(1).await;
    canceled.training.mend();
    canceled.run_at(&later(&canceled, LATE_START)).await.unwrap();
    assert_eq!(canceled.spent().await, (0, 0));
}

#[tokio::test]
async fn a_budget_without_room_refuses_training_before_the_provider_is_asked() {
    for (limits, budget) in [
        (Limits { tenant_month: COST - 1, ..Limits::default() }, "tenant_month"),
        (Limits { tenant_day: COST - 1, ..Limits::default() }, "tenant_day"),
        (Limits { user_day: COST - 1, ..Limits::default() }, "user_day"),
        (
            Limits { feature_month: [(Feature::FineTuning, COST - 1)].into(), ..Limits::default() },
            "feature_month",
        ),
    ] {
        let scene = Scene::start();
        limit(&scene, limits).await;
        scene.with_file(1, &good()).await;
        scene.run().await.unwrap();
        let state = scene.state(1).await;
        let failure = state.failure.unwrap();
        assert_eq!(
            (failure.reason, failure.message.as_deref()),
            (FailureReason::BudgetExceeded, Some(budget))
        );
        assert!(scene.training.started().is_empty());
        assert_eq!(scene.spent().await, (0, 0));
        // Another run may have found money; none did.
        assert_eq!(scene.run_at(&later(&scene, LATE_START)).await.unwrap().steps, 1);
        assert_eq!(scene.run().await.unwrap(), AdvanceReport::default());
    }
    let scene = Scene::start();
    limit(&scene, Limits { user_day: COST, ..Limits::default() }).await;
    scene.with_file(1, &good()).await;
    scene.run().await.unwrap();
    assert_eq!(scene.status(1).await, FineTuneStatus::Training);
}

#[tokio::test]
async fn the_sweeper_leaves_training_alone_for_a_month() {
    let scene = Scene::start();
    scene.with_file(1, &good()).await;
    scene.run().await.unwrap();
    let ai = scene.environment.ai_state();
    let day = 24 * 3600;
    assert_eq!(settle_expired(&ai, &later(&scene, 30 * day - 1)).await.unwrap().presumed, 0);
    assert_eq!(settle_expired(&ai, &later(&scene, 30 * day)).await.unwrap().presumed, 1);
    assert_eq!(scene.spent().await, (COST, COST));
    // The end of the training charges nothing more.
    scene.training.end(&name(1), JobState::Completed("model-1".to_owned()));
    scene.run().await.unwrap();
    assert_eq!((scene.status(1).await, scene.spent().await), (FineTuneStatus::Deploying, (COST, COST)));
}

/// Takes the provider, or an admin, to where the next run has something to do.
async fn prepare(scene: &Scene, phase: usize) {
    match phase {
        0 => drop(scene.with_file(1, &good()).await),
        1 => scene.training.end(&name(1), JobState::Completed("model-1".to_owned())),
        2 => scene.training.deploy_as(&name(1), DeploymentState::Active("deployment-1".to_owned())),
        3 => drop(scene.cancel(1).await),
        _ => {}
    }
}

/// The status after each phase.
const AFTER: [FineTuneStatus; 5] = [
    FineTuneStatus::Training,
    FineTuneStatus::Deploying,
    FineTuneStatus::Completed,
    FineTuneStatus::Canceled,
    FineTuneStatus::Canceled,
];

#[tokio::test]
async fn a_run_that_is_killed_at_any_call_is_made_good_by_the_next() {
    for (phase, after) in AFTER.into_iter().enumerate() {
        for last in 0.. {
            let scene = Scene::start();
            for earlier in 0..phase {
                prepare(&scene, earlier).await;
                scene.run().await.unwrap();
            }
            prepare(&scene, phase).await;
            let (passed, killed) = (Arc::new(AtomicU64::new(0)), Arc::new(Notify::new()));
            let (counted, told) = (Arc::clone(&passed), Arc::clone(&killed));
            scene.environment.wire().gate(move || {
                let alive = counted.fetch_add(1, Ordering::SeqCst) < last;
                if !alive {
                    told.notify_one();
                }
                alive
            });
            let ended = tokio::select! {
                biased;
                () = killed.notified() => false,
                result = scene.run() => result.is_ok(),
            };
            scene.environment.wire().gate(|| true);
            scene.run().await.unwrap();
            assert_eq!(scene.status(1).await, after, "{phase} {last}");
            assert_eq!(scene.training.started().len(), 1, "{phase} {last}");
            assert!(scene.training.deployed().len() <= 1, "{phase} {last}");
            let settled = if phase == 0 { 0 } else { COST };
            assert_eq!(scene.spent().await, (COST, settled), "{phase} {last}");
            assert_eq!(scene.metered().await.len(), usize::from(phase > 0), "{phase} {last}");
            if ended {
                assert!(last >= 4, "phase {phase} made only {last} calls");
                break;
            }
        }
    }
}

#[tokio::test]
async fn runs_at_the_same_time_charge_once() {
    let scene = Scene::start();
    scene.with_file(1, &good()).await;
    for result in futures_util::future::join_all((0..4).map(|_| scene.run())).await {
        result.unwrap();
    }
    assert_eq!(scene.spent().await, (COST, 0));
    scene.training.end(&name(1), JobState::Completed("model-1".to_owned()));
    for result in futures_util::future::join_all((0..4).map(|_| scene.run())).await {
        result.unwrap();
    }
    assert_eq!(scene.spent().await, (COST, COST));
    assert_eq!(scene.metered().await.len(), 1);
}

#[tokio::test]
async fn money_that_is_set_aside_needs_no_room_again() {
    let scene = Scene::start();
    scene.with_file(1, &good()).await;
    scene.training.fail(TrainingFault::Busy);
    scene.run().await.unwrap();
    assert_eq!(scene.spent().await, (COST, 0));
    // The limit falls below what is set aside.
    limit(&scene, Limits { user_day: COST - 1, ..Limits::default() }).await;
    scene.training.mend();
    scene.run().await.unwrap();
    assert_eq!((scene.status(1).await, scene.spent().await), (FineTuneStatus::Training, (COST, 0)));
}

#[tokio::test]
async fn a_model_that_is_not_trained_any_more_gives_the_money_back() {
    let scene = Scene::start();
    scene.with_file(1, &good()).await;
    scene.training.fail(TrainingFault::Busy);
    scene.run().await.unwrap();
    // A lost answer: the reservation is there, and the table has no price any more.
    let ai = scene.environment.ai_state();
    let registry = Registry::parse(r#"{"version": "x", "models": []}"#).unwrap();
    let tools = Tools {
        store: scene.store.as_ref(),
        files: &scene.training,
        trainer: &scene.training,
        ai: &ai,
        registry: &registry,
    };
    scene.training.fail(TrainingFault::Refused);
    advance_fine_tunes(tools, &context(&scene.environment)).await.unwrap();
    assert_eq!((scene.status(1).await, scene.spent().await), (FineTuneStatus::Failed, (0, 0)));
}
