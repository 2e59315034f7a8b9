//! Providers that refuse a batch, have no room, do not answer, or lose its results.

use super::provider::{BATCH_COST, Provider};
use super::*;
use application_ai::settle_expired;
use ports::BatchJobState;
use testkit::BatchFault;

#[tokio::test]
async fn a_batch_that_the_provider_does_not_take_is_queued_at_ordinary_prices() {
    {
        let provider = Provider::start();
        let scene = &provider.scene;
        scene.with_file(1, &lines(100)).await;
        provider.jobs.fail(Some(BatchFault::Refused));
        provider.run_at(0).await.unwrap();
        provider.run_at(60).await.unwrap();
        let state = scene.state(1).await;
        assert_eq!((state.status, state.completed), (BatchStatus::Completed, 100));
        let metered = scene.metered().await;
        assert!(!metered[0]["price_version"].as_str().unwrap().contains("+batch"));
        assert_eq!(metered[0]["cost_nano_usd"], 100 * crate::gateway::scene::NOVA_COST);
    }
    let provider = Provider::start();
    provider.scene.with_file(1, &lines(100)).await;
    provider.run_at(0).await.unwrap();
    provider.jobs.end(&BatchJobState::Failed);
    provider.run_at(60).await.unwrap();
    assert_eq!(provider.scene.state(1).await.provider_model, None);
    assert!(provider.scene.state(1).await.completed > 50);
}

#[tokio::test]
async fn a_job_is_started_once_also_when_its_answer_is_lost() {
    let provider = Provider::start();
    let scene = &provider.scene;
    scene.with_file(1, &lines(100)).await;
    provider.jobs.fail(Some(BatchFault::LostStart));
    assert!(matches!(provider.run_at(0).await, Err(Error::ProviderJob(_))));
    assert_eq!(scene.state(1).await.provider_job, None);
    provider.jobs.fail(None);
    provider.run_at(1200).await.unwrap();
    assert_eq!(provider.jobs.started().len(), 1);
    assert!(scene.state(1).await.provider_job.is_some());
}

#[tokio::test]
async fn lines_of_a_job_without_its_results_are_queued() {
    let provider = Provider::start();
    let scene = &provider.scene;
    scene.with_file(1, &lines(100)).await;
    provider.run_at(0).await.unwrap();
    let place = format!("{}job/out", BatchFileKey::provider_results(tenant(1), &id(1)).as_str());
    provider.jobs.end(&BatchJobState::Completed { outputs: vec![place] });
    provider.run_at(60).await.unwrap();
    provider.run_at(120).await.unwrap();
    assert_eq!((scene.status(1).await, scene.output(1).len()), (BatchStatus::Completed, 100));
}

#[tokio::test]
async fn a_job_whose_id_came_after_a_cancellation_is_stopped_and_its_results_are_paid() {
    // The answer is lost, or comes when the batch is cancelled already.
    for fault in [BatchFault::LostStart, BatchFault::Slow] {
        let provider = Provider::start();
        let scene = &provider.scene;
        scene.with_file(1, &lines(100)).await;
        provider.jobs.fail(Some(fault));
        let cancelled = async {
            while provider.jobs.started().is_empty() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            if fault == BatchFault::Slow {
                scene.cancel(1).await;
            }
        };
        let (run, ()) = tokio::join!(provider.run_at(0), cancelled);
        assert_eq!(run.is_err(), fault == BatchFault::LostStart);
        provider.jobs.fail(None);
        if fault == BatchFault::LostStart {
            scene.cancel(1).await;
            provider.run_at(1200).await.unwrap();
        }
        assert_eq!((provider.jobs.started().len(), provider.jobs.stops()), (1, 1), "{fault:?}");
        assert_eq!(scene.status(1).await, BatchStatus::Cancelling);
        let outputs = provider.answer(&provider.record_ids()[..40]);
        provider.jobs.end(&BatchJobState::Stopped { outputs });
        // Usage is noted beside the money that is set aside before the batch is settled.
        scene.files.refuse_writes(Some("output.jsonl"));
        assert!(provider.run_at(2400).await.is_err());
        let swept = settle_expired(scene.state.as_ref(), &scene.at(3 * WINDOW)).await.unwrap();
        assert_eq!((swept.recorded, swept.presumed), (1, 0));
        scene.files.refuse_writes(None);
        provider.run_at(3600).await.unwrap();
        let state = scene.state(1).await;
        assert_eq!((state.status, state.completed), (BatchStatus::Cancelled, 40));
        assert_eq!(scene.spent().await.tenant_month.committed, 40 * BATCH_COST);
    }
}

#[tokio::test]
async fn a_provider_that_does_not_answer_keeps_no_batch() {
    // The lines are queued after two hours.
    for fault in [BatchFault::Away, BatchFault::Busy] {
        let provider = Provider::start();
        let scene = &provider.scene;
        scene.with_file(1, &lines(100)).await;
        provider.jobs.fail(Some(fault));
        for seconds in [0, 3600] {
            assert_eq!(provider.run_at(seconds).await.is_err(), fault == BatchFault::Away);
            let state = scene.state(1).await;
            assert_eq!((state.provider_model.as_deref(), state.lines_done), (Some(NOVA), 0), "{fault:?}");
        }
        provider.run_at(7260).await.unwrap();
        provider.run_at(7320).await.unwrap();
        assert_eq!((scene.status(1).await, scene.output(1).len()), (BatchStatus::Completed, 100));
    }
    // A provider that is busy once is asked again, and its prices are kept.
    let provider = Provider::start();
    provider.scene.with_file(1, &lines(100)).await;
    provider.jobs.fail(Some(BatchFault::Busy));
    provider.run_at(0).await.unwrap();
    provider.jobs.fail(None);
    provider.run_at(1200).await.unwrap();
    assert!(provider.scene.state(1).await.provider_job.is_some());
    // Its time is over, and nobody knows whether there is a job.
    let provider = Provider::start();
    let scene = &provider.scene;
    scene.with_file(1, &lines(100)).await;
    provider.jobs.fail(Some(BatchFault::Away));
    assert!(provider.run_at(0).await.is_err());
    assert!(provider.run_at(WINDOW).await.is_err());
    assert_eq!(scene.status(1).await, BatchStatus::Finalizing);
    // It is looked for during two hours.
    assert!(provider.run_at(WINDOW + 3600).await.is_err());
    assert_eq!(scene.status(1).await, BatchStatus::Finalizing);
    provider.run_at(WINDOW + 7260).await.unwrap();
    assert_eq!(scene.status(1).await, BatchStatus::Expired);
    assert_eq!(scene.spent().await.tenant_month.committed, 0);
}

#[tokio::test]
async fn a_cancelled_batch_that_has_no_job_gets_none() {
    let provider = Provider::start();
    let scene = &provider.scene;
    scene.with_file(1, &lines(100)).await;
    provider.jobs.fail(Some(BatchFault::Busy));
    provider.run_at(0).await.unwrap();
    scene.cancel(1).await;
    provider.jobs.fail(None);
    // A job that was started just before may not be in the provider's list yet.
    provider.run_at(1200).await.unwrap();
    assert_eq!(scene.status(1).await, BatchStatus::Cancelling);
    provider.run_at(2400).await.unwrap();
    assert_eq!(provider.jobs.started().len(), 0);
    assert_eq!(scene.status(1).await, BatchStatus::Cancelled);
    assert_eq!(scene.spent().await.tenant_month.committed, 0);
}

#[tokio::test]
async fn a_job_that_the_list_has_late_is_stopped_and_its_results_are_paid() {
    let provider = Provider::start();
    let scene = &provider.scene;
    scene.with_file(1, &lines(100)).await;
    provider.jobs.fail(Some(BatchFault::LostStart));
    assert!(provider.run_at(0).await.is_err());
    scene.cancel(1).await;
    provider.jobs.fail(None);
    provider.jobs.unlist(true);
    provider.run_at(1200).await.unwrap();
    assert_eq!(scene.status(1).await, BatchStatus::Cancelling);
    provider.jobs.unlist(false);
    provider.run_at(2400).await.unwrap();
    assert_eq!(provider.jobs.stops(), 1);
    let outputs = provider.answer(&provider.record_ids()[..40]);
    provider.jobs.end(&BatchJobState::Stopped { outputs });
    provider.run_at(3600).await.unwrap();
    let state = scene.state(1).await;
    assert_eq!((state.status, state.completed), (BatchStatus::Cancelled, 40));
    assert_eq!(scene.spent().await.tenant_month.committed, 40 * BATCH_COST);
}

#[tokio::test]
async fn results_of_a_job_that_stops_late_are_kept_and_paid() {
    for cancelled in [true, false] {
        let provider = Provider::start();
        let scene = &provider.scene;
        scene.with_file(1, &lines(100)).await;
        provider.run_at(0).await.unwrap();
        provider.jobs.go_on_when_stopped();
        let (ending, end) = if cancelled {
            scene.cancel(1).await;
            (BatchStatus::Cancelling, BatchStatus::Cancelled)
        } else {
            (BatchStatus::Finalizing, BatchStatus::Expired)
        };
        // The job runs to the end of the provider's own time.
        for hour in [0, 2, 23] {
            provider.run_at(WINDOW + hour * 3600).await.unwrap();
            assert_eq!(scene.status(1).await, ending, "{hour}");
        }
        assert!(provider.jobs.stops() >= 3);
        // The money is still set aside.
        let swept = settle_expired(scene.state.as_ref(), &scene.at(2 * WINDOW)).await.unwrap();
        assert_eq!(swept, Default::default());
        let outputs = provider.answer(&provider.record_ids()[..40]);
        provider.jobs.end(&BatchJobState::Completed { outputs });
        provider.run_at(2 * WINDOW).await.unwrap();
        let state = scene.state(1).await;
        assert_eq!((state.status, state.completed, state.failed), (end, 40, 60));
        assert_eq!(scene.metered().await[0]["cost_nano_usd"], 40 * BATCH_COST);
        assert_eq!(scene.spent().await.tenant_month.committed, 40 * BATCH_COST);
    }
}

#[tokio::test]
async fn a_job_that_never_ends_keeps_no_batch() {
    let provider = Provider::start();
    let scene = &provider.scene;
    scene.with_file(1, &lines(100)).await;
    provider.run_at(0).await.unwrap();
    provider.jobs.go_on_when_stopped();
    provider.run_at(WINDOW).await.unwrap();
    provider.run_at(2 * WINDOW + 3540).await.unwrap();
    assert_eq!(scene.status(1).await, BatchStatus::Finalizing);
    provider.run_at(2 * WINDOW + 3600).await.unwrap();
    let state = scene.state(1).await;
    assert_eq!((state.status, state.completed, state.failed), (BatchStatus::Expired, 0, 100));
    assert_eq!(scene.spent().await.tenant_month.committed, 0);
}

#[tokio::test]
async fn results_of_a_model_that_is_gone_are_kept_at_its_batch_prices() {
    for ends_early in [false, true] {
        let mut provider = Provider::start();
        provider.scene.with_file(1, &lines(100)).await;
        provider.run_at(0).await.unwrap();
        provider.scene.completions.registry = without_nova();
        let outputs = provider.answer(&provider.record_ids());
        if ends_early {
            provider.scene.cancel(1).await;
        }
        provider.jobs.end(&BatchJobState::Completed { outputs });
        provider.run_at(60).await.unwrap();
        assert_eq!(provider.scene.output(1).len(), 100);
        assert_eq!(provider.scene.metered().await[0]["cost_nano_usd"], 100 * BATCH_COST);
    }
    // Before there is a job, the lines are queued.
    let mut provider = Provider::start();
    provider.scene.with_file(1, &lines(100)).await;
    provider.jobs.fail(Some(BatchFault::Busy));
    provider.run_at(0).await.unwrap();
    provider.scene.completions.registry = without_nova();
    provider.run_at(1200).await.unwrap();
    provider.run_at(1260).await.unwrap();
    assert_eq!(provider.scene.errors(1)["r1"]["response"]["status_code"], 404);
}

/// A deployment that has the model no more.
fn without_nova() -> Registry {
    let table = json!({"version": "later", "models": [{"id": "amazon.nova-lite-v1:0", "provider": "bedrock",
        "use": "chat", "input": "1", "output": "1", "cache_read": "1", "cache_write": "1", "context_tokens": 1,
        "max_output_tokens": 1}]});
    Registry::parse(&table.to_string()).unwrap()
}
