//! One request scores many leads: an outcome for each lead, and a repeated request continues where the first one ended.

use api_tests::{Answer, Call, MODELS, Person, World, lead_body};
use domain::tenancy::Role;
use ports::ModelError;
use serde_json::{Value, json};
use std::time::Duration;
use testkit::Fault;

const SONNET: &str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
const MISSING: &str = "lead_01jd2x5k8qf3v9m4t7w6z0r1sa";

struct Scene {
    world: World,
    manager: Person,
    leads: Vec<String>,
}

impl Scene {
    /// A manager and leads of a colleague.
    async fn start(chain: &str, leads: usize) -> Self {
        let world = World::with_chain(chain);
        let admin = world.admin().await;
        let manager = world.colleague(&admin, Role::Manager).await;
        let rep = world.colleague(&admin, Role::SalesRep).await;
        let mut ids = Vec::new();
        for _ in 0..leads {
            ids.push(world.lead(&rep, &lead_body()).await["id"].as_str().unwrap().to_owned());
        }
        Self { world, manager, leads: ids }
    }

    fn score(&self, leads: &[String]) -> Call<'_> {
        self.world.call("scoreLeads").by(&self.manager).json(&json!({ "lead_ids": leads }))
    }

    async fn scored(&self) -> usize {
        self.world.events("lead_scored").await.len()
    }
}

fn judgement(budget: u8) -> Value {
    json!({
        "abstain": false, "budget": budget, "authority": 60, "need": 70, "timeline": 50, "confidence_percent": 82,
        "factors": [{"dimension": "budget", "impact": 30, "field": "notes", "quote": "the budget is approved",
            "reason": "Money is there"}],
    })
}

fn together(budgets: &[u8]) -> String {
    let parts = budgets.iter().enumerate().map(|(at, budget)| (at.to_string(), judgement(*budget)));
    Value::Object(parts.collect()).to_string()
}

fn statuses(answer: &Answer) -> Vec<String> {
    let data = answer.json()["data"].as_array().unwrap().clone();
    data.iter().map(|outcome| outcome["status"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn each_lead_has_an_outcome_and_a_foreign_one_that_of_a_missing_one() {
    let scene = Scene::start(MODELS, 2).await;
    let stranger = scene.world.admin().await;
    let foreign = scene.world.lead(&stranger, &lead_body()).await["id"].as_str().unwrap().to_owned();
    let leads = [scene.leads[0].clone(), foreign.clone(), scene.leads[1].clone(), MISSING.to_owned()];
    scene.world.model().script.answer(together(&[80, 40]));
    let answer = scene.score(&leads).send().await.expect(200);
    assert_eq!(answer.header("RateLimit-Policy"), Some("\"lead_scores\";q=10;w=60"));
    assert_eq!(statuses(&answer), ["scored", "not_found", "scored", "not_found"]);
    let body = answer.json();
    // The score is the one that the lead has now.
    for (at, lead) in [(0, &scene.leads[0]), (2, &scene.leads[1])] {
        let outcome = &body["data"][at];
        assert_eq!((&outcome["lead_id"], &outcome["score"]["lead_id"]), (&json!(lead), &json!(lead)));
        let stored = scene.world.get_lead(&scene.manager, lead).await.json();
        assert_eq!((&stored["score"], &stored["version"]), (&outcome["score"]["score"], &json!(2)));
        assert!(outcome.get("problem").is_none());
    }
    // 6,600,000 nano-dollars shared by two leads.
    assert_eq!(body["data"][0]["score"]["cost_usd"], "0.003300000");
    // The bytes are the same, except for the correlation id, which the caller chose.
    let part = |at: usize| body["data"][at].to_string();
    assert_eq!(part(1).replace(&foreign, MISSING), part(3));
    assert_eq!(body["data"][3]["problem"]["code"], "not_found");
    assert_eq!(scene.world.model().script.calls().len(), 1);
    assert!(!scene.world.model().script.calls()[0].messages[0].joined_text().contains("\"2\":"));
    let theirs = scene.world.get_lead(&stranger, &foreign).await.json();
    assert_eq!((&theirs["score"], &theirs["version"]), (&Value::Null, &json!(1)));
}

#[tokio::test]
async fn a_repeated_request_is_answered_alike_and_judged_once() {
    let scene = Scene::start(MODELS, 2).await;
    let leads = [scene.leads.clone(), vec![MISSING.to_owned()]].concat();
    scene.world.model().script.answer(together(&[80, 40]));
    let first = scene.score(&leads).key("k1").send().await.expect(200);
    assert!(!first.is_replay());
    // The answer stays the same, except for a deleted lead.
    for deleted in [false, true] {
        if deleted {
            let delete = scene.world.call("deleteLead").by(&scene.manager).path("id", &scene.leads[0]);
            delete.send().await.expect(204);
        }
        scene.world.pass(3600);
        let again = scene.score(&leads).key("k1").send().await.expect(200);
        assert!(again.is_replay());
        // A problem has the correlation id of its own request.
        let mut body = again.json();
        body["data"][2]["problem"]["correlation_id"] =
            first.json()["data"][2]["problem"]["correlation_id"].clone();
        let mut expected = first.json();
        if deleted {
            expected["data"][0] = json!({"lead_id": scene.leads[0], "status": "not_found",
                "problem": body["data"][0]["problem"]});
            assert_eq!(body["data"][0]["problem"]["code"], "not_found");
        }
        assert_eq!(body, expected);
    }
    assert_eq!((scene.world.model().script.calls().len(), scene.scored().await), (1, 2));
    // A request with fewer or other leads is another request.
    for other in [&scene.leads[..1], &[MISSING.to_owned()]] {
        scene.score(other).key("k1").send().await.problem(422, "idempotency_key_reused");
    }
    assert_eq!(scene.scored().await, 2);
}

#[tokio::test]
async fn a_repetition_after_a_crash_halfway_judges_only_what_has_no_score() {
    let scene = Scene::start(MODELS, 2).await;
    scene.world.model().script.answer(together(&[80, 40]));
    scene.world.model().script.answer(judgement(20).to_string());
    // Reservation and settlement succeed; then the process fails to write one of the two scores.
    let wire = scene.world.environment().wire();
    for delay in [0, 0, 60] {
        wire.fail_next("TransactWriteItems", Fault::Delay(Duration::from_secs(delay)));
    }
    let send = || scene.score(&scene.leads).key("k1").send();
    assert!(tokio::time::timeout(Duration::from_millis(1500), send()).await.is_err(), "it was answered");
    assert_eq!((wire.faults_left(), scene.scored().await), (0, 1));
    send().await.problem(409, "request_in_progress");
    scene.world.pass(31);
    let second = send().await.expect(200);
    assert_eq!(statuses(&second), ["scored", "scored"]);
    assert!(!second.is_replay());
    let calls = scene.world.model().script.calls();
    assert_eq!((calls.len(), scene.scored().await), (2, 2));
    // One lead keeps the score from the shared prompt; the other one was scored alone.
    let mut costs: Vec<_> = second.json()["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|outcome| outcome["score"]["cost_usd"].as_str().unwrap().to_owned())
        .collect();
    costs.sort();
    assert_eq!(costs, ["0.003300000", "0.006600000"]);
    let third = send().await.expect(200);
    assert!(third.is_replay());
    assert_eq!(third.essence(), second.essence());
    assert_eq!((scene.world.model().script.calls().len(), scene.scored().await), (2, 2));
}

#[tokio::test]
async fn what_failed_is_judged_again_by_a_repetition_and_nothing_else_is() {
    // The chain has no rules, so a lead that no model scores fails.
    let scene = Scene::start(SONNET, 2).await;
    let mut one_of_two: Value = serde_json::from_str(&together(&[80, 40])).unwrap();
    one_of_two["1"] = json!("nonsense");
    scene.world.model().script.answer(one_of_two.to_string());
    scene.world.model().script.fail(ModelError::NoSuchModel);
    let send = || scene.score(&scene.leads).key("k1").send();
    let first = send().await.expect(200);
    assert_eq!(statuses(&first), ["scored", "failed"]);
    let problem = &first.json()["data"][1]["problem"];
    assert_eq!((&problem["code"], &problem["status"]), (&json!("models_unavailable"), &json!(503)));
    // Some of the leads with the same key are another request, even while it has no outcome.
    scene.score(&scene.leads[..1]).key("k1").send().await.problem(422, "idempotency_key_reused");

    scene.world.model().script.answer(judgement(20).to_string());
    let second = send().await.expect(200);
    assert!(!second.is_replay());
    assert_eq!(statuses(&second), ["scored", "scored"]);
    assert_eq!(second.json()["data"][0], first.json()["data"][0]);
    assert_eq!((scene.world.model().script.calls().len(), scene.scored().await), (3, 2));
    let third = send().await.expect(200);
    assert!(third.is_replay());
    assert_eq!(third.essence(), second.essence());
}

#[tokio::test]
async fn leads_that_share_a_failure_are_each_told_of_it() {
    let scene = Scene::start(SONNET, 3).await;
    scene.world.model().script.fail(ModelError::NoSuchModel);
    let answer = scene.score(&scene.leads).send().await.expect(200);
    assert_eq!(statuses(&answer), ["failed"; 3]);
    let data = answer.json()["data"].clone();
    assert!((0..3).all(|at| data[at]["problem"]["code"] == "models_unavailable"), "{data}");
    assert_eq!(scene.scored().await, 0);
}

/// The causes in the log lines about leads without a score.
fn causes(lines: &[String]) -> Vec<Value> {
    let lines = lines.iter().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let failed = lines.filter(|line| line["message"] == "a lead of several has no score");
    failed.map(|line| line["lead_failure"].clone()).collect()
}

/// The alarm about leads counts the failures of the service alone.
#[tokio::test]
async fn leads_over_the_budget_are_logged_as_the_callers_failure() {
    let scene = Scene::start(SONNET, 2).await;
    scene.world.model().script.fail(ModelError::NoSuchModel);
    let (_, lines) = edge::log::capture(scene.score(&scene.leads).send()).await;
    assert_eq!(causes(&lines), ["service", "service"]);
    let admin = scene.manager.as_role(Role::Admin);
    let limits = json!({
        "tenant_month_usd": "0.000001", "tenant_day_usd": "0.000001", "user_day_usd": "0.000001",
        "feature_month_usd": {}, "expected_month_usd": "1",
    });
    scene.world.call("updateBudget").by(&admin).if_match(0).json(&limits).send().await.expect(200);
    let (answer, lines) = edge::log::capture(scene.score(&scene.leads).send()).await;
    assert_eq!(answer.json()["data"][0]["problem"]["code"], "budget_exceeded", "{}", answer.body);
    assert_eq!(causes(&lines), ["request", "request"]);
}

#[tokio::test]
async fn a_lead_for_which_there_is_no_time_is_told_so_and_costs_no_other_its_score() {
    let scene = Scene::start("rules", 3).await;
    let wire = scene.world.environment().wire();
    wire.fail_next("TransactWriteItems", Fault::Delay(Duration::from_secs(60)));
    let answer = scene.score(&scene.leads).key("k1").within(Duration::from_secs(2)).send().await.expect(200);
    let mut seen = statuses(&answer);
    seen.sort();
    assert_eq!(seen, ["failed", "scored", "scored"]);
    let data = answer.json()["data"].as_array().unwrap().clone();
    let failed = data.iter().find(|outcome| outcome["status"] == "failed").unwrap();
    assert_eq!(failed["problem"]["code"], "deadline_exceeded");
    // The score may have been written, so nobody may write it again before that is known.
    let soon = scene.score(&scene.leads).key("k1").send().await.expect(200).json();
    let problems: Vec<_> =
        soon["data"].as_array().unwrap().iter().map(|lead| &lead["problem"]["code"]).collect();
    assert_eq!(problems.iter().filter(|code| ***code == "request_in_progress").count(), 1, "{soon}");
    assert_eq!(problems.iter().filter(|code| code.is_null()).count(), 2, "{soon}");
    scene.world.pass(31);
    let again = scene.score(&scene.leads).key("k1").send().await.expect(200);
    assert_eq!((statuses(&again), scene.scored().await), (vec!["scored".to_owned(); 3], 3));
}

#[tokio::test]
async fn a_wrong_list_of_leads_is_refused_and_a_request_counts_once() {
    let scene = Scene::start("rules", 1).await;
    let many = |many: usize| (0..many).map(|at| format!("lead_01jd2x5k8qf3v9m4t7w6z0r{at:03}")).collect();
    let wrong: [Vec<String>; 4] = [vec![], many(51), vec![MISSING.to_owned(); 2], vec!["lead_1".to_owned()]];
    for leads in wrong {
        let answer = scene.score(&leads).send().await.problem(400, "invalid_request");
        assert!(answer.fields()[0].starts_with("/lead_ids"), "{}", answer.body);
    }
    let fifty = scene.score(&many(50)).send().await.expect(200);
    assert_eq!(statuses(&fifty), ["not_found"; 50]);
    // Nine requests of this minute and this person are left, including requests for single leads.
    for _ in 0..8 {
        scene.score(&scene.leads).send().await.expect(200);
    }
    let alone = || scene.world.call("scoreLead").by(&scene.manager).path("id", &scene.leads[0]);
    alone().send().await.expect(200);
    scene.score(&scene.leads).send().await.problem(429, "rate_limited");
}
