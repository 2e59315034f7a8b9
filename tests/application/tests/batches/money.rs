//! The money of a batch: set aside once, settled once, and never more than was set aside.

use super::*;
use crate::gateway::scene::NOVA_COST;
use application_ai::settle_expired;
use ports::{ModelAnswer, StopReason, ToolCall, Usage};
use testkit::Fault;

#[tokio::test]
async fn the_money_of_all_lines_is_set_aside_once_and_settled_once() {
    let scene = Scene::start();
    scene.with_file(1, &lines(2)).await;
    scene.model.hold();
    let (report, ()) = tokio::join!(scene.run(), async {
        // Both lines are being asked, and their bounds are set aside together.
        while scene.model.calls().len() < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let aside = scene.state(1).await.reservation.unwrap();
        let spent = scene.spent().await;
        assert_eq!((spent.tenant_month.committed, spent.tenant_month.settled), (aside.bound_nano_usd, 0));
        assert_eq!(spent.user_day.committed, aside.bound_nano_usd);
        // A line has 9 bytes and 16 tokens each around the turn and the instructions, and at most 1,000 tokens are answered.
        assert_eq!(aside.bound_nano_usd, 2 * ((9 + 2 * 16) * 800 + 1000 * 3200));
        scene.model.let_go(2);
    });
    assert_eq!(report.steps, 3);
    let spent = scene.spent().await;
    let month = spent.tenant_month;
    assert_eq!((month.committed, month.settled), (2 * NOVA_COST, 2 * NOVA_COST));
    let metered = scene.metered().await;
    assert_eq!(metered.len(), 1);
    let facts = &metered[0];
    assert_eq!((&facts["cost_nano_usd"], &facts["attempts"]), (&json!(2 * NOVA_COST), &json!(2)));
    assert_eq!((&facts["model"], &facts["outcome"]), (&json!(NOVA), &json!("answered")));
    assert_eq!(facts["tokens"]["input"], 2000);
    assert_eq!(facts["account_id"], account().to_string());
    // Nothing is left for the sweeper.
    let later = scene.at(2 * WINDOW);
    assert_eq!(settle_expired(scene.state.as_ref(), &later).await.unwrap(), Default::default());
}

#[tokio::test]
async fn a_batch_without_room_in_a_budget_fails_before_any_line_is_asked() {
    let scene = Scene::start();
    scene.limit(Limits { tenant_day: 1_000_000, ..Limits::default() }).await;
    scene.with_file(1, &lines(2)).await;
    scene.run().await;
    let state = scene.state(1).await;
    let failure = state.failure.unwrap();
    assert_eq!((state.status, failure.reason), (BatchStatus::Failed, BatchFailureReason::BudgetExceeded));
    assert_eq!(failure.budget.as_deref(), Some("tenant_day"));
    assert!(scene.model.calls().is_empty() && scene.metered().await.is_empty());
    assert_eq!(scene.spent().await.tenant_month.committed, 0);
}

#[tokio::test]
async fn usage_of_several_models_is_told_apart() {
    let scene = Scene::start();
    let lite = "amazon.nova-lite-v1:0";
    let body = json!({"model": lite, "messages": [{"role": "user", "content": "Hi"}]});
    scene.with_file(1, &format!("{}{}", lines(1), of_body("lite", &body))).await;
    scene.run().await;
    let metered = scene.metered().await;
    assert_eq!(metered.len(), 1);
    let others = metered[0]["other_models"].as_array().unwrap();
    assert_eq!((&metered[0]["model"], others.len()), (&json!(NOVA), 1));
    let lite_cost = 1000 * 60 + 200 * 240;
    assert_eq!((&others[0]["model"], &others[0]["cost_nano_usd"]), (&json!(lite), &json!(lite_cost)));
    assert_eq!(metered[0]["cost_nano_usd"], NOVA_COST + lite_cost);
}

#[tokio::test]
async fn a_repair_that_the_batch_has_no_money_for_is_an_error_of_its_line() {
    let scene = Scene::start();
    let schema = json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]});
    let format = json!({"type": "json_schema", "json_schema": {"name": "s", "schema": schema}});
    let body = json!({"model": NOVA, "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 200,
        "response_format": format});
    scene.with_file(1, &of_body("r1", &body)).await;
    // It costs what was set aside, to the token, and then needs a second call.
    let usage = Usage { input_tokens: 700, output_tokens: 200, ..Usage::default() };
    let (text, stop) = ("{\"b\": 1}".to_owned(), StopReason::EndTurn);
    let tool_calls: Vec<ToolCall> = Vec::new();
    scene.model.script(Ok(ModelAnswer { reasoning: Vec::new(), text, tool_calls, stop, usage: Some(usage) }));
    scene.run().await;
    let state = scene.state(1).await;
    let aside = state.reservation.clone().unwrap();
    assert_eq!((state.status, state.failed), (BatchStatus::Completed, 1));
    let error = &scene.errors(1)["r1"]["response"]["body"]["error"];
    assert_eq!(error["code"], "budget_exceeded");
    assert!(error["message"].as_str().unwrap().contains("set aside for the batch"), "{error}");
    assert_eq!(scene.model.calls().len(), 1);
    assert!(state.cost_nano_usd() <= aside.bound_nano_usd);
    assert_eq!(scene.spent().await.tenant_month.settled, state.cost_nano_usd());
}

#[tokio::test]
async fn the_sweeper_charges_the_noted_usage_of_a_batch_that_nobody_ends() {
    let scene = Scene::start();
    scene.with_file(1, &lines(2)).await;
    scene.files.refuse_writes(Some("output.jsonl"));
    assert!(scene.run_at(0).await.is_err());
    assert_eq!(scene.status(1).await, BatchStatus::Finalizing);
    let swept = settle_expired(scene.state.as_ref(), &scene.at(2 * WINDOW)).await.unwrap();
    assert_eq!((swept.recorded, swept.presumed), (1, 0));
    assert_eq!(scene.spent().await.tenant_month.settled, 2 * NOVA_COST);
    // The end of the batch settles nothing a second time.
    scene.files.refuse_writes(None);
    scene.run_at(2 * WINDOW).await.unwrap();
    assert_eq!(scene.status(1).await, BatchStatus::Completed);
    assert_eq!((scene.metered().await.len(), scene.spent().await.tenant_month.settled), (1, 2 * NOVA_COST));
}

#[tokio::test]
async fn a_batch_is_paid_also_when_the_answer_that_it_was_started_is_lost() {
    let scene = Scene::start();
    scene.with_file(1, &lines(2)).await;
    let wire = scene.environment.wire();
    // The claim and the reservation are made. The batch is started, and the run does not get to know it.
    for _ in 0..2 {
        wire.fail_next("TransactWriteItems", Fault::Delay(Duration::ZERO));
    }
    wire.fail_next("TransactWriteItems", Fault::LostAnswer);
    let denied = json!({ "__type": "com.amazonaws.dynamodb.v20120810#AccessDeniedException" });
    wire.fail_next("TransactWriteItems", Fault::Answer(400, denied));
    assert!(matches!(scene.run_at(0).await, Err(Error::Store(_))));
    assert_eq!(wire.faults_left(), 0);
    let state = scene.state(1).await;
    let aside = state.reservation.unwrap();
    assert_eq!(state.status, BatchStatus::InProgress);
    assert_eq!(scene.spent().await.tenant_month.committed, aside.bound_nano_usd);
    scene.run_at(60).await.unwrap();
    assert_eq!(scene.status(1).await, BatchStatus::Completed);
    let month = scene.spent().await.tenant_month;
    assert_eq!((month.committed, month.settled), (2 * NOVA_COST, 2 * NOVA_COST));
    assert_eq!(scene.metered().await.len(), 1);
}
