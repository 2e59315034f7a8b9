//! Batches that end before every line has a result.

use super::*;
use crate::gateway::scene::NOVA_COST;
use application_ai::batches::links_of;
use domain::Timestamp;
use domain::ai::batch::BatchFile;
use domain::authority::Permission;
use ports::{BatchLinks, BoxFuture, FileError, Upload};

/// Addresses that are the keys of their files.
struct Links;

impl BatchLinks for Links {
    fn upload<'a>(
        &'a self,
        _: &'a BatchFileKey,
        _: &'a BatchFile,
        _: Timestamp,
        _: Duration,
    ) -> BoxFuture<'a, Result<Upload, FileError>> {
        Box::pin(async { Err(FileError("nothing is uploaded".into())) })
    }

    fn download<'a>(
        &'a self,
        key: &'a BatchFileKey,
        _: Timestamp,
        _: Duration,
    ) -> BoxFuture<'a, Result<String, FileError>> {
        Box::pin(async { Ok(key.as_str().to_owned()) })
    }
}

#[tokio::test]
async fn results_have_addresses_until_they_are_deleted() {
    let scene = Scene::start();
    scene.with_file(1, &lines(1)).await;
    scene.run().await;
    let state = scene.state(1).await;
    let output = async |days: i64| {
        let context = scene.at(days * 24 * 3600);
        links_of(&Links, &context, tenant(1), &state).await.unwrap().output
    };
    assert!(output(29).await.is_some_and(|address| address.ends_with("/output.jsonl")));
    assert_eq!(output(31).await, None);
}

#[tokio::test]
async fn a_batch_that_waits_for_its_file_is_cancelled_at_once() {
    let scene = Scene::start();
    scene.created(1, &lines(1)).await;
    scene.cancel(1).await;
    assert_eq!(scene.status(1).await, BatchStatus::Cancelled);
    scene.files.bring(&BatchFileKey::input(tenant(1), &id(1)), lines(1));
    assert_eq!(scene.run().await, BatchReport::default());
}

#[tokio::test]
async fn a_cancelled_batch_keeps_and_pays_for_the_results_so_far() {
    let scene = Scene::start();
    scene.with_file(1, &lines(20)).await;
    scene.model.hold();
    let (_, ()) = tokio::join!(scene.run(), async {
        while scene.model.calls().len() < 8 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        scene.cancel(1).await;
        assert_eq!(scene.status(1).await, BatchStatus::Cancelling);
        scene.model.let_go(1000);
    });
    let state = scene.state(1).await;
    // The lines of the chunk that was being asked have results.
    assert_eq!((state.status, state.completed), (BatchStatus::Cancelled, 20));
    assert_eq!(scene.output(1).len(), 20);
    let month = scene.spent().await.tenant_month;
    assert_eq!((month.committed, month.settled), (20 * NOVA_COST, 20 * NOVA_COST));
    // Cancelling again changes nothing.
    scene.cancel(1).await;
    assert_eq!(scene.state(1).await, state);
    assert_eq!(scene.metered().await.len(), 1);
}

#[tokio::test]
async fn a_batch_that_is_cancelled_between_two_chunks_asks_no_more() {
    let scene = Scene::start();
    scene.with_file(1, &lines(90)).await;
    scene.run().await;
    let done = scene.state(1).await.lines_done;
    assert!(done < 90);
    scene.cancel(1).await;
    scene.run_at(60).await.unwrap();
    let state = scene.state(1).await;
    assert_eq!((state.status, state.completed, state.failed), (BatchStatus::Cancelled, done, 90 - done));
    assert_eq!(scene.output(1).len(), done as usize);
    assert_unfinished(&scene.errors(1), 90 - done, "batch_cancelled");
    let month = scene.spent().await.tenant_month;
    assert_eq!(month.committed, u64::from(done) * NOVA_COST);
}

#[tokio::test]
async fn a_batch_ends_after_a_day_with_the_results_so_far() {
    let scene = Scene::start();
    scene.with_file(1, &lines(90)).await;
    scene.created(2, &lines(1)).await;
    scene.run().await;
    let done = scene.state(1).await.lines_done;
    scene.run_at(WINDOW - 1).await.unwrap();
    assert_eq!(scene.status(2).await, BatchStatus::Validating);
    // The rest was asked within its time.
    assert_eq!(scene.status(1).await, BatchStatus::Completed);
    assert!(done < 90);
    scene.run_at(WINDOW).await.unwrap();
    assert_eq!(scene.status(2).await, BatchStatus::Expired);

    scene.with_file(3, &lines(90)).await;
    scene.run().await;
    let done = scene.state(3).await.lines_done;
    scene.run_at(WINDOW).await.unwrap();
    let state = scene.state(3).await;
    assert_eq!((state.status, state.completed, state.failed), (BatchStatus::Expired, done, 90 - done));
    assert_eq!(state.bytes_done, lines(90).len() as u64);
    assert_eq!(scene.output(3).len(), done as usize);
    assert_unfinished(&scene.errors(3), 90 - done, "batch_expired");
}

/// The last lines of a batch were never finished.
fn assert_unfinished(errors: &BTreeMap<String, Value>, count: u32, code: &str) {
    assert_eq!(errors.len(), count as usize);
    let last = &errors["r90"];
    assert_eq!((&last["response"], &last["error"]["code"]), (&Value::Null, &json!(code)));
    assert!(last["error"]["message"].is_string() && last["id"].as_str().unwrap().starts_with("batch_req_"));
}

#[tokio::test]
async fn the_errors_of_unfinished_lines_are_written_again_when_a_run_is_killed() {
    let scene = Scene::start();
    scene.limit(Limits { user_day: 20_000_000_000, ..Limits::default() }).await;
    let long = "x".repeat(900_000);
    let file: String = (0..12).map(|number| line(&format!("r{number}"), &long)).collect();
    scene.with_file(1, &file).await;
    for _ in 0..61 {
        let who = tenant(1).to_string();
        scene.limiter.take(AI_CALLS_OF_ORGANIZATION, &who, NOW).await.unwrap();
    }
    scene.run().await;
    scene.cancel(1).await;
    // The errors are in several chunks, of which the run leaves some behind.
    scene.files.refuse_writes(Some("chunks/00000003"));
    assert!(scene.run_at(60).await.is_err());
    scene.files.refuse_writes(None);
    scene.run_at(1200).await.unwrap();
    let state = scene.state(1).await;
    assert_eq!((state.status, state.completed, state.failed), (BatchStatus::Cancelled, 0, 12));
    assert_eq!((scene.errors(1).len(), state.bytes_done), (12, file.len() as u64));
    assert_eq!(scene.spent().await.tenant_month.committed, 0);
}

#[tokio::test]
async fn money_is_given_back_when_a_batch_is_cancelled_while_its_file_is_checked() {
    let scene = Scene::start();
    scene.limit(Limits { user_day: 20_000_000_000, ..Limits::default() }).await;
    let long = "x".repeat(900_000);
    let file: String = (0..12).map(|number| line(&format!("r{number}"), &long)).collect();
    scene.with_file(1, &file).await;
    // The first commit is the claim. The cancellation comes before the second one, which starts the batch.
    let claimed = async {
        while scene.state(1).await.claimed_until.is_none() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        scene.cancel(1).await;
    };
    tokio::join!(scene.run(), claimed);
    scene.run().await;
    let status = scene.status(1).await;
    assert_eq!(status, BatchStatus::Cancelled);
    let month = scene.spent().await.tenant_month;
    assert_eq!(month.committed, month.settled);
}

#[tokio::test]
async fn a_batch_of_another_organization_or_owner_does_not_exist() {
    let scene = Scene::start();
    scene.created(1, &lines(1)).await;
    let caller = |tenant: OrganizationId, account: AccountId, role| {
        let credential = Credential::Session {
            id: new_id(NOW, &[9; 10]),
            role,
            account_organization: tenant,
            authenticated_at: NOW,
        };
        Caller { tenant, account, credential }.authorize::<UseBatches>().unwrap()
    };
    let get = async |authority: &Authority<UseBatches>| {
        application_ai::batches::get_batch(scene.store.as_ref(), authority, &id(1)).await
    };
    let stranger = caller(tenant(9), account(), Role::Admin);
    assert!(matches!(get(&stranger).await, Err(Error::NotFound)));
    let colleague = caller(tenant(1), new_id(NOW, &[5; 10]), Role::SalesRep);
    let Err(Error::Refused(refused)) = get(&colleague).await else { panic!("it is not refused") };
    assert_eq!(refused.permission, UseBatches::NAME);
    assert_eq!(get(&manager()).await.unwrap().state.id, id(1));
    let own = caller(tenant(1), account(), Role::SalesRep);
    let list = async |authority: &Authority<UseBatches>| {
        let listed = application_ai::batches::list_batches(scene.store.as_ref(), authority, 10, None);
        listed.await.unwrap().batches.len()
    };
    assert_eq!((list(&own).await, list(&colleague).await, list(&stranger).await), (1, 0, 0));
}
