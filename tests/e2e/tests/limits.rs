//! The rate limits, with the real clock.

use crate::busy;
use e2e_tests::{Client, judgement, model};
use serde_json::json;
use std::time::Instant;

/// What the contract promises for scoring.
const SCORES_A_MINUTE: usize = 10;

#[test]
fn the_eleventh_score_in_a_minute_is_refused_and_costs_nothing() {
    let lead = busy().create_lead("Impatient Ltd");
    let path = format!("/v1/leads/{}/score", lead["id"].as_str().unwrap());
    let model = model();
    model.script(&[json!({"tool_input": judgement(50, 50, 50, 50)})]);
    let score = || busy().admin.send("POST", &path, &[], None);
    let started = Instant::now();
    let mut allowed = 0;
    let refused = loop {
        let answer = score();
        if answer.status == 429 {
            break answer;
        }
        allowed += 1;
        let answer = answer.expect(200);
        assert_eq!(answer.header("RateLimit-Policy"), Some("\"lead_scores\";q=10;w=60"));
        assert!(answer.header("RateLimit").is_some_and(|limit| limit.starts_with("\"lead_scores\";r=")));
    };
    // One request comes back every six seconds, should this take that long.
    let came_back = usize::try_from(started.elapsed().as_secs() / 6).unwrap() + 1;
    assert!((SCORES_A_MINUTE..SCORES_A_MINUTE + came_back).contains(&allowed), "{allowed} were allowed");
    assert!(refused.header("RateLimit").unwrap().starts_with("\"lead_scores\";r=0;t="));
    let wait: u64 = refused.header("Retry-After").unwrap().parse().unwrap();
    assert!((1..=6).contains(&wait), "{wait}");
    refused.problem(429, "rate_limited");
    // The lead did not change, so the first completion served all requests.
    assert_eq!(model.calls().len(), 1, "neither a repeated question nor a refused one asks the model");

    // The limit is the user's and the operation's: all other operations go on.
    busy().admin.get("/v1/leads").expect(200);
    Client::anonymous().get("/v1/health").expect(200);
}
