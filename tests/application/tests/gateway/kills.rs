//! Real processes that are ended by SIGKILL at every step. A request and a sweep run in their own processes, and all their
//! calls to the database and to the model go through this process. At the n-th point, before a call is carried out or before
//! its answer is sent, the process is killed, for every n. Its earlier writes stay, and another process sweeps.
//!
//! The process is another run of this test binary with one test, which learns its role from an environment variable.

mod far_model;

use super::scene::{NOVA, SONNET, Scene, ask, cacheable, judged, rest, until};
use super::tools::with_tools;
use crate::support::NOW;
use application_ai::gateway::{complete, stream};
use application_ai::{GatewayRequest, Providers, settle_expired};
use domain::ai::{AiRequestMetered, Month};
use domain::id::AiRequestId;
use domain::{AggregateType, DomainEvent};
use far_model::{FarModel, ModelServer};
use ports::{AggregateKey, AiUsage, MeteredRequest, ModelGateway, Store, StreamingModelGateway, ToolChoice};
use std::env;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;
use testkit::TestEnvironment;

/// Tells the process its task, the address of the wire, the address of the model, and the shards of the tenant.
const ORDER: &str = "SEXTANT_TEST_PROCESS";
const SIGKILL: i32 = 9;

/// Limit, look-up, reservation and settlement, before and after each; and the two parts of the answer.
const SIMPLE_STEPS: usize = 2 * 5 + 2;
/// Eight partitions and three settlements, before and after each.
const SWEEP_STEPS: usize = 2 * (8 + 3);

/// A process, and the points that it passes.
struct Victim {
    passed: AtomicUsize,
    /// The point at which it is killed.
    last: usize,
    process: Mutex<Option<Child>>,
}

impl Victim {
    /// Whether the process continues. Kills it at its last point, and returns when it has ended.
    fn pass(&self) -> bool {
        if self.passed.fetch_add(1, Ordering::SeqCst) != self.last {
            return true;
        }
        let mut process = self.process.lock().unwrap();
        let process = process.as_mut().unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
        false
    }

    fn ended(&self) -> ExitStatus {
        loop {
            if let Some(status) = self.process.lock().unwrap().as_mut().unwrap().try_wait().unwrap() {
                return status;
            }
            thread::sleep(Duration::from_millis(2));
        }
    }
}

/// The request of the process.
fn question(deed: &str) -> GatewayRequest {
    match deed {
        "troubled" => judged(cacheable(&format!("{NOVA},{SONNET}"))),
        "tools" | "streamed-tools" => with_tools(cacheable(NOVA), ToolChoice::Auto),
        "broken-tools" => with_tools(cacheable(&format!("{NOVA},{SONNET}")), ToolChoice::Auto),
        _ => cacheable(NOVA),
    }
}

/// With a task, this test is the process that the other tests here kill. Without one it lets such a process do its work
/// and does not kill it.
#[tokio::test]
async fn a_process_that_nobody_kills_does_its_work() {
    let Ok(order) = env::var(ORDER) else {
        let scene = Scene::start();
        let ended = run(&scene, "simple", &["text good|end"], usize::MAX);
        assert_eq!((ended.killed, ended.asked, scene.ledger().await.len()), (false, 1, 1));
        return;
    };
    let [deed, wire, model, shards] = order.split(' ').collect::<Vec<_>>().try_into().unwrap();
    let scene = Scene::on(TestEnvironment::join(wire.parse().unwrap()), shards.parse().unwrap());
    let model = Arc::new(FarModel(model.parse().unwrap()));
    let (context, asker, ask) = (scene.context(0), scene.asker(), question(deed));
    match deed {
        "sweep" => {
            settle_expired(scene.state.as_ref(), &scene.context(3600)).await.unwrap();
        }
        "stream" | "streamed-tools" => {
            let bedrock: Arc<dyn StreamingModelGateway> = model;
            let providers = Providers { bedrock, openai: None };
            let streamed = stream(&scene.gateway, &providers, &context, &asker, &ask).await.unwrap();
            rest(streamed).await;
        }
        _ => {
            let bedrock: Arc<dyn ModelGateway> = model;
            let providers = Providers { bedrock, openai: None };
            complete(&scene.gateway, &providers, &context, &asker, &ask).await.unwrap();
        }
    }
}

/// The work of a process before it ended.
struct Ended {
    killed: bool,
    asked: usize,
}

/// Runs a process that is killed at this point, if it gets that far.
fn run(scene: &Scene, deed: &str, script: &'static [&'static str], last: usize) -> Ended {
    let victim = Arc::new(Victim { passed: AtomicUsize::new(0), last, process: Mutex::default() });
    let gate = Arc::clone(&victim);
    scene.environment.wire().gate(move || gate.pass());
    let model = ModelServer::start(script, Arc::clone(&victim));
    let order = format!("{deed} {} {} {}", scene.environment.wire().address(), model.address, scene.shards);
    {
        let mut process = victim.process.lock().unwrap();
        let mut command = Command::new(env::current_exe().unwrap());
        let module = module_path!().split_once("::").unwrap().1;
        command.args([
            "--exact",
            &format!("{module}::a_process_that_nobody_kills_does_its_work"),
            "--test-threads=1",
        ]);
        *process = Some(command.env(ORDER, order).stdout(Stdio::null()).spawn().unwrap());
    }
    let status = victim.ended();
    scene.environment.wire().gate(|| true);
    let killed = status.signal() == Some(SIGKILL);
    assert!(killed || status.success(), "moment {last} of {deed}: {status}");
    assert_eq!(killed, victim.passed.load(Ordering::SeqCst) > last, "moment {last} of {deed}");
    Ended { killed, asked: model.asked.load(Ordering::SeqCst) }
}

/// Kills a process at each of its points, and lets another process sweep after each. Returns the number of points.
async fn kill_everywhere(shards: u32, deed: &str, script: &'static [&'static str]) -> usize {
    for last in 0.. {
        let scene = Scene::sharded(shards);
        let ended = run(&scene, deed, script, last);
        let what = format!("moment {last} of {deed}");
        let reserved = scene.spent().await.committed;
        assert!(ended.asked == 0 || reserved > 0, "{what}: a model was asked for nothing");
        let before = scene.ledger().await.len();
        assert!(!run(&scene, "sweep", &[], usize::MAX).killed);
        let ledger = scene.ledger().await;
        assert_eq!(ledger.len(), usize::from(reserved > 0), "{what}: recorded once, if at all");
        let settled = scene.settled().await;
        if ledger.len() > before {
            let said = (settled, ledger[0].outcome.as_str());
            assert_eq!(said, (reserved, "presumed"), "{what}: all that was set aside is charged");
        } else {
            assert_eq!(settled, reserved, "{what}: what it said itself stands");
        }
        // Nothing is left, and nothing counts twice.
        assert_eq!(scene.sweep().await, 0, "{what}");
        assert_eq!(metered(&scene).await, (settled, ledger.len() as u64), "{what}");
        if !ended.killed {
            assert_eq!(ledger[0].outcome, "answered", "{what}");
            return last;
        }
        // After the lease another request gets an answer and is charged once.
        scene.model.always("good");
        let other = scene.complete_in(&scene.context(120), &question(deed)).await.unwrap();
        assert_eq!(scene.settled().await, settled + other.cost.nano_usd, "{what}");
    }
    unreachable!("numbers don't end")
}

/// The cost and the requests of the month when every event of the ledger is delivered twice.
async fn metered(scene: &Scene) -> (u64, u64) {
    let (usage, store) = (scene.environment.ai_usage(), scene.environment.store());
    let mut counted = 0;
    for item in scene.environment.items(&scene.environment.tables().ledger).await {
        let id: AiRequestId = item["aggregate_id"].as_s().unwrap().parse().unwrap();
        let key = AggregateKey::new(scene.tenant, AggregateType::AiRequest, &id);
        for record in store.history(&key, u64::MAX).await.unwrap() {
            let request = MeteredRequest {
                tenant: scene.tenant,
                event_id: record.event_id,
                at: NOW,
                metered: AiRequestMetered::decode(&record.event).unwrap(),
            };
            assert!(usage.add(&request).await.unwrap());
            assert!(!usage.add(&request).await.unwrap());
            counted += 1;
        }
    }
    (usage.month_cost(scene.tenant, &Month::of(NOW)).await.unwrap(), counted)
}

#[tokio::test]
async fn a_simple_request_is_killed_at_every_step() {
    // The shards of a tenant with several are read first.
    for (shards, steps) in [(1, SIMPLE_STEPS), (4, SIMPLE_STEPS + 2)] {
        assert_eq!(kill_everywhere(shards, "simple", &["text good|end"]).await, steps);
    }
}

#[tokio::test]
async fn a_stream_is_killed_at_every_step() {
    let steps = kill_everywhere(1, "stream", &["text good|text good|text good|end"]).await;
    assert_eq!(steps, SIMPLE_STEPS + 2);
}

#[tokio::test]
async fn a_request_with_tools_is_killed_at_every_step() {
    let call = &["text I look.|call look|arguments {\"a\":|arguments 1}|end calls"];
    // Four parts more than the two of a simple request, minus one: the end is one, too.
    assert_eq!(kill_everywhere(1, "tools", call).await, SIMPLE_STEPS + 3);
    assert_eq!(kill_everywhere(1, "streamed-tools", call).await, SIMPLE_STEPS + 3);
}

/// The first model writes calls that can't be used, also when it is told so, and the second one a good one.
#[tokio::test]
async fn a_request_whose_calls_are_repaired_and_left_to_the_next_is_killed_at_every_step() {
    let script = &["call jump|end calls", "call jump|end calls", "call look|arguments {}|end calls"];
    let steps = kill_everywhere(1, "broken-tools", script).await;
    assert!(steps >= SIMPLE_STEPS + 5, "{steps}");
}

#[tokio::test]
async fn a_request_that_is_retried_repaired_and_left_to_the_next_is_killed_at_every_step() {
    let script = &["timeout", "text bad|end", "text still bad|end", "text good|end"];
    let steps = kill_everywhere(1, "troubled", script).await;
    // One call and six further parts, the window of the failure, and the reservation for what follows.
    assert!(steps >= SIMPLE_STEPS + 5 + 4 + 2, "{steps}");
}

#[tokio::test]
async fn a_sweep_is_killed_at_every_step_and_the_next_ends_it() {
    for last in 0..=SWEEP_STEPS {
        let scene = Scene::sharded(2);
        scene.model.hold();
        let dying: Vec<_> = (0..3).map(|_| scene.begin(ask(NOVA))).collect();
        until(|| scene.model.calls().len() == 3).await;
        dying.iter().for_each(tokio::task::JoinHandle::abort);
        let reserved = scene.spent().await.committed;
        assert_eq!(run(&scene, "sweep", &[], last).killed, last < SWEEP_STEPS, "moment {last}");
        let done = scene.ledger().await.len();
        assert_eq!(scene.sweep().await, 3 - done, "moment {last}");
        assert_eq!((scene.settled().await, scene.ledger().await.len()), (reserved, 3), "moment {last}");
        assert_eq!(metered(&scene).await, (reserved, 3), "moment {last}");
    }
}
