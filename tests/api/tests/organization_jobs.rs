//! Jobs: who sees and cancels them, and how a cancellation and an end meet.

use api_tests::World;
use application_core::jobs::{JobWorker, job_key};
use domain::job::{JobFact, JobFacts};
use domain::tenancy::Role;
use futures_util::future::join;
use serde_json::{Value, json};

async fn ids(world: &World, by: &api_tests::Person, query: &[(&str, &str)]) -> Vec<String> {
    let mut call = world.call("listJobs").by(by);
    for (name, value) in query {
        call = call.query(name, value);
    }
    let page = call.send().await.expect(200).json();
    page["data"].as_array().unwrap().iter().map(|job| job["id"].as_str().unwrap().to_owned()).collect()
}

fn worker<'a>(
    world: &'a World,
    context: &'a application_core::Context,
    of: &api_tests::Person,
    id: &str,
) -> JobWorker<'a> {
    let key = job_key(of.tenant, &id.parse().unwrap());
    JobWorker { store: world.store().as_ref(), context, function: "test", key }
}

#[tokio::test]
async fn everybody_sees_their_own_jobs_and_admins_see_all() {
    let world = World::start();
    let admin = world.admin().await;
    let manager = world.colleague(&admin, Role::Manager).await;
    let rep = world.colleague(&admin, Role::SalesRep).await;
    let stranger = world.admin().await;
    let mut jobs = Vec::new();
    for person in [&admin, &manager, &rep, &stranger] {
        world.pass(1);
        jobs.push(world.job(person).await);
    }
    let [of_admin, of_manager, of_rep, of_stranger] = <[String; 4]>::try_from(jobs).unwrap();
    assert_eq!(ids(&world, &admin, &[]).await, [of_rep.clone(), of_manager.clone(), of_admin.clone()]);
    assert_eq!(ids(&world, &manager, &[]).await, [of_manager.as_str()]);
    assert_eq!(ids(&world, &rep, &[]).await, [of_rep.as_str()]);
    assert_eq!(ids(&world, &stranger, &[]).await, [of_stranger.as_str()]);
    for (person, id, status) in [
        (&admin, &of_rep, 200),
        (&rep, &of_rep, 200),
        (&rep, &of_manager, 404),
        (&manager, &of_rep, 404),
        (&admin, &of_stranger, 404),
    ] {
        world.call("getJob").by(person).path("id", id).send().await.expect(status);
        world.call("cancelJob").by(person).path("id", id).send().await.expect(status);
    }
    assert_eq!(ids(&world, &admin, &[("status", "queued")]).await, [of_manager, of_admin]);
    assert_eq!(ids(&world, &admin, &[("status", "canceled"), ("kind", "audit_export")]).await, [of_rep]);
    for (name, value) in [("status", "done"), ("kind", "import"), ("colour", "red")] {
        world.call("listJobs").by(&admin).query(name, value).send().await.problem(400, "invalid_request");
    }
    world.check_folds().await;
}

#[tokio::test]
async fn a_job_is_gone_after_thirty_days() {
    let world = World::start();
    let admin = world.admin().await;
    let id = world.job(&admin).await;
    world.pass(30 * 24 * 3600 - 60);
    assert_eq!(ids(&world, &admin, &[]).await, [id.as_str()]);
    world.call("getJob").by(&admin).path("id", &id).send().await.expect(200);
    world.pass(60);
    assert_eq!(ids(&world, &admin, &[]).await, Vec::<String>::new());
    world.call("getJob").by(&admin).path("id", &id).send().await.expect(404);
    world.call("cancelJob").by(&admin).path("id", &id).send().await.expect(404);
}

#[tokio::test]
async fn a_running_job_is_ended_by_its_worker() {
    let world = World::start();
    let admin = world.admin().await;
    let id = world.job(&admin).await;
    let context = world.context();
    let worker = worker(&world, &context, &admin, &id);
    assert!(worker.begin(10).await.unwrap().is_some());
    assert_eq!(worker.progress(4, "reading").await.unwrap().unwrap().progress, 40);
    // A step that is repeated, or comes late, changes nothing.
    assert_eq!(worker.progress(4, "reading").await.unwrap().unwrap().progress, 40);
    assert_eq!(worker.progress(2, "reading").await.unwrap().unwrap().progress, 40);
    assert_eq!(worker.begin(99).await.unwrap().unwrap().extent, Some(10));
    let cancel = || world.call("cancelJob").by(&admin).path("id", &id).send();
    let asked = cancel().await.expect(200).json();
    assert_eq!((&asked["status"], &asked["cancel_requested"]), (&json!("running"), &json!(true)));
    assert_eq!(cancel().await.expect(200).json(), asked);
    assert!(worker.progress(6, "reading").await.unwrap().is_none());
    let ended = cancel().await.expect(200).json();
    assert_eq!((&ended["status"], &ended["progress"]), (&json!("canceled"), &json!(40)));
    worker.succeed(JobFacts::new(), None).await.unwrap();
    worker.fail("late", "Late.").await.unwrap();
    assert_eq!(cancel().await.expect(200).json(), ended);
    world.check_folds().await;
}

#[tokio::test]
async fn a_job_whose_worker_is_gone_is_canceled_at_once() {
    let world = World::start();
    let admin = world.admin().await;
    let id = world.job(&admin).await;
    let context = world.context();
    worker(&world, &context, &admin, &id).begin(10).await.unwrap();
    let cancel = || world.call("cancelJob").by(&admin).path("id", &id).send();
    assert_eq!(cancel().await.expect(200).json()["status"], "running");
    world.pass(30 * 60 + 1);
    assert_eq!(cancel().await.expect(200).json()["status"], "canceled");
}

#[tokio::test]
async fn a_cancellation_and_an_end_at_the_same_time_leave_one_end() {
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..10 {
        let world = World::start();
        let admin = world.admin().await;
        let id = world.job(&admin).await;
        let context = world.context();
        let worker = worker(&world, &context, &admin, &id);
        worker.begin(10).await.unwrap();
        let result = JobFacts::from([("entries".to_owned(), JobFact::Number(7))]);
        let cancel = world.call("cancelJob").by(&admin).path("id", &id).send();
        let (canceled, ended) = join(cancel, worker.succeed(result, None)).await;
        canceled.expect(200);
        ended.unwrap();
        // Whichever came first, the worker's end is recorded at most once, and nothing follows it.
        let job: Value = world.call("getJob").by(&admin).path("id", &id).send().await.expect(200).json();
        let status = job["status"].as_str().unwrap().to_owned();
        assert!(["succeeded", "canceled"].contains(&status.as_str()), "{status}");
        assert_eq!(job["result"].is_null(), status == "canceled");
        let ends = world.events("job_succeeded").await.len() + world.events("job_canceled").await.len();
        assert_eq!(ends, 1);
        world.check_folds().await;
        seen.insert(status);
    }
    assert!(!seen.is_empty());
}

#[tokio::test]
async fn a_repeated_cancellation_is_answered_like_the_first() {
    let world = World::start();
    let admin = world.admin().await;
    let id = world.job(&admin).await;
    let cancel = || world.call("cancelJob").by(&admin).path("id", &id).key("k1").send();
    let first = cancel().await.expect(200);
    let again = cancel().await.expect(200);
    assert!(again.is_replay());
    assert_eq!(again.json(), first.json());
    assert_eq!(world.events("job_canceled").await.len(), 1);
}
