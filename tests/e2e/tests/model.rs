//! Scores by the model: its prompt, the score that follows from its completion, and the cost.

use crate::shared;
use e2e_tests::{Client, MODEL, PERSONAL, judgement, model};
use serde_json::{Value, json};

#[test]
fn the_model_s_judgement_becomes_a_score_with_its_cost() {
    let model = model();
    let lead = shared().create_lead("Costly Ltd");
    let usage = json!({"inputTokens": 1000, "outputTokens": 200});
    model.script(&[json!({"tool_input": judgement(90, 80, 70, 60), "usage": usage})]);
    let scored = score(&shared().admin, &lead);

    assert_eq!((&scored["engine"], &scored["model"]), (&json!("model"), &json!(MODEL)));
    let breakdown = json!({"budget": 90, "authority": 80, "need": 70, "timeline": 60});
    assert_eq!(scored["score_breakdown"], breakdown);
    // 1,000 tokens at $0.80 and 200 at $3.20 a million.
    assert_eq!(scored["cost_usd"], "0.001440000");
    assert_eq!(scored["confidence"], 0.8);
    assert_eq!(scored["factors"][0]["evidence"], json!({"field": "notes", "quote": "budget approved"}));

    // The lead has the same score from now on.
    let path = format!("/v1/leads/{}", lead["id"].as_str().unwrap());
    let now = shared().admin.get(&path).json(200);
    for field in ["score", "score_breakdown", "scored_at", "version"] {
        assert_eq!(now[field], scored[field], "{field}");
    }
    assert_eq!(now["version"], 2);

    // The prompt has the data that scoring needs, and not the identity of the contact.
    let calls = model.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!((&calls[0]["model_id"], &calls[0]["operation"]), (&json!(MODEL), &json!("converse")));
    let asked = calls[0]["body"]["messages"][0]["content"][0]["text"].as_str().unwrap();
    assert!(asked.contains("Budget approved: 120k") && asked.contains(&format!("{PERSONAL}.example")));
    for hidden in [format!("Ida {PERSONAL}"), format!("ida@{PERSONAL}"), "+49 30".to_owned()] {
        assert!(!asked.contains(&hidden), "the model is told {hidden}");
    }
}

#[test]
fn an_answer_that_does_not_fit_is_repaired_once() {
    let model = model();
    let lead = shared().create_lead("Second Thoughts Ltd");
    let mut invented = judgement(50, 50, 50, 50);
    invented["factors"][0]["quote"] = json!("unlimited money");
    let usage = json!({"inputTokens": 100, "outputTokens": 10});
    model.script(&[
        json!({"tool_input": invented, "usage": usage}),
        json!({"tool_input": judgement(40, 40, 40, 40), "usage": usage}),
    ]);
    let scored = score(&shared().admin, &lead);

    assert_eq!((&scored["engine"], &scored["score_breakdown"]["budget"]), (&json!("model"), &json!(40)));
    // Both answers are paid: 2 x (100 x $0.80 + 10 x $3.20) / 1,000,000.
    assert_eq!(scored["cost_usd"], "0.000224000");
    let calls = model.calls();
    assert_eq!(calls.len(), 2);
    let complaint = calls[1]["body"]["messages"].as_array().unwrap().last().unwrap();
    assert!(
        complaint["content"][0]["text"].as_str().unwrap().contains("/factors/0/quote"),
        "the model is told what was wrong: {complaint}"
    );
}

#[test]
fn leads_are_judged_together_and_a_foreign_one_is_none() {
    let model = model();
    let (one, other) = (shared().create_lead("Together Ltd"), shared().create_lead("Apart Ltd"));
    let foreign = crate::busy().create_lead("Foreign Ltd");
    let missing = json!("lead_01jd2x5k8qf3v9m4t7w6z0r1sa");
    let usage = json!({"inputTokens": 1000, "outputTokens": 200});
    let answer = json!({"0": judgement(90, 80, 70, 60), "1": judgement(40, 40, 40, 40)});
    model.script(&[json!({"tool_input": answer, "usage": usage})]);
    let body = json!({"lead_ids": [one["id"], foreign["id"], other["id"], missing]});
    let key = format!("together-{}", one["id"].as_str().unwrap());
    let send = || shared().admin.post_with("/v1/lead-scores", &[("Idempotency-Key", &key)], &body);
    let scores = send().json(200);
    let data = &scores["data"];
    let status = |at: usize| data[at]["status"].as_str().unwrap();
    assert_eq!([0, 1, 2, 3].map(status), ["scored", "not_found", "scored", "not_found"]);
    assert_eq!(
        (&data[0]["score"]["score_breakdown"]["budget"], &data[2]["score"]["engine"]),
        (&json!(90), &json!("model"))
    );
    // 1,000 tokens at $0.80 and 200 at $3.20 a million, by two.
    assert_eq!(data[0]["score"]["cost_usd"], "0.000720000");
    let (foreign, missing) = (foreign["id"].as_str().unwrap(), missing.as_str().unwrap());
    assert_eq!(data[1].to_string().replace(foreign, missing), data[3].to_string());

    let again = send().expect(200);
    assert_eq!(again.header("Idempotency-Replayed"), Some("true"));
    assert_eq!(again.json(200)["data"][0], data[0]);
    assert_eq!(model.calls().len(), 1);
}

fn score(client: &Client, lead: &Value) -> Value {
    let id = lead["id"].as_str().unwrap();
    client.send("POST", &format!("/v1/leads/{id}/score"), &[], None).json(200)
}
