//! A score that is asked for with a key is made once.

use super::*;

#[tokio::test]
async fn scoring_with_a_key_asks_the_model_once() {
    let world = World::with_chain(MODELS);
    let person = world.admin().await;
    let lead = world.lead(&person, &lead_body()).await;
    let score = || world.call("scoreLead").by(&person).path("id", lead["id"].as_str().unwrap()).key("k1");
    world.model().script.answer(judgement());
    let first = score().send().await.expect(200);
    world.pass(60);
    assert_replay(&first, &score().send().await.expect(200));
    assert_eq!(world.model().script.calls().len(), 1);
    assert_eq!(world.events("lead_scored").await.len(), 1);

    // A later score does not change the answer of the first one. A lead with the same content has the same score.
    let mut body = lead_body();
    body["company_size"] = 7.into();
    let update = world.call("updateLead").by(&person).path("id", lead["id"].as_str().unwrap());
    update.if_match(2).json(&body).send().await.expect(200);
    world.model().script.answer(judgement().replace("80", "10"));
    let id = lead["id"].as_str().unwrap();
    let later = world.call("scoreLead").by(&person).path("id", id).key("k2").send().await.expect(200);
    assert_ne!(later.json()["score"], first.json()["score"]);
    assert_replay(&first, &score().send().await.expect(200));
}

#[tokio::test]
async fn scoring_another_lead_with_the_same_key_is_refused() {
    let world = World::with_chain(MODELS);
    let person = world.admin().await;
    let (one, other) = (world.lead(&person, &lead_body()).await, world.lead(&person, &lead_body()).await);
    world.model().script.answer(judgement());
    let score = |lead: &Value| {
        world.call("scoreLead").by(&person).path("id", lead["id"].as_str().unwrap()).key("k1").send()
    };
    score(&one).await.expect(200);
    score(&other).await.problem(422, "idempotency_key_reused");
    assert_eq!(world.model().script.calls().len(), 1);
}

#[tokio::test]
async fn while_a_score_is_being_made_its_key_is_in_flight() {
    let world = World::with_chain(MODELS);
    let person = world.admin().await;
    let lead = world.lead(&person, &lead_body()).await;
    let score =
        || world.call("scoreLead").by(&person).path("id", lead["id"].as_str().unwrap()).key("k1").send();
    world.model().hold();
    world.model().script.answer(judgement());
    let during = async {
        world.model().reached().await;
        let answers = join_all((0..3).map(|_| score())).await;
        world.model().release();
        answers
    };
    let (first, during) = futures_util::future::join(score(), during).await;
    let first = first.expect(200);
    for answer in during {
        let answer = answer.problem(409, "request_in_progress");
        assert_eq!(answer.header("Retry-After"), Some("1"));
    }
    assert_eq!(world.model().script.calls().len(), 1);
    assert_replay(&first, &score().await.expect(200));
}

#[tokio::test]
async fn a_failed_judgement_gives_its_key_back_at_once() {
    let world = World::with_chain("us.anthropic.claude-sonnet-4-5-20250929-v1:0");
    let person = world.admin().await;
    let lead = world.lead(&person, &lead_body()).await;
    let score = || world.call("scoreLead").by(&person).path("id", lead["id"].as_str().unwrap()).key("k1");
    world.model().script.fail(ModelError::Unavailable("500".into()));
    score().send().await.problem(503, "models_unavailable");
    world.model().script.answer(judgement());
    let first = score().send().await.expect(200);
    assert!(!first.is_replay());
    assert_replay(&first, &score().send().await.expect(200));
}

#[tokio::test]
async fn a_claim_that_was_never_given_back_ends_by_itself() {
    let world = World::with_chain(MODELS);
    let person = world.admin().await;
    let lead = world.lead(&person, &lead_body()).await;
    let score = || world.call("scoreLead").by(&person).path("id", lead["id"].as_str().unwrap()).key("k1");
    world.model().hold();
    world.model().script.answer(judgement());
    {
        // The request is dropped during the call to the model, as if the process had died.
        let dying = score().send();
        tokio::select! {
            biased;
            _ = dying => panic!("it was answered"),
            () = world.model().reached() => {}
        }
    }
    world.model().release();
    score().send().await.problem(409, "request_in_progress");
    world.pass(31);
    score().send().await.expect(200);
}
