//! Many writers at once: no change is lost, and the ledger and the state agree.

use api_tests::{MODELS, Person, World, lead_body};
use domain::tenancy::Role;
use futures_util::future::join_all;
use serde_json::{Value, json};

/// Adds one to the size of the company and repeats after each conflict. Returns the number of conflicts.
async fn add_one(world: &World, person: &Person, id: &str) -> usize {
    let mut lost = 0;
    loop {
        let lead = world.get_lead(person, id).await.expect(200).json();
        let mut body = lead_body();
        body["company_size"] = (lead["company_size"].as_u64().unwrap() + 1).into();
        let version = lead["version"].as_u64().unwrap();
        let answer =
            world.call("updateLead").by(person).path("id", id).if_match(version).json(&body).send().await;
        match answer.status {
            200 => return lost,
            409 | 412 => lost += 1,
            _ => panic!("{}", answer.body),
        }
    }
}

/// A team, so that nobody reaches the limits for one person.
async fn team(world: &World, of: &Person, size: usize) -> Vec<Person> {
    let mut team = Vec::new();
    for _ in 0..size {
        team.push(world.colleague(of, Role::Manager).await);
    }
    team
}

fn small() -> Value {
    let mut body = lead_body();
    body["company_size"] = json!(1);
    body
}

#[tokio::test]
async fn fifty_writers_of_one_lead_lose_nothing() {
    let world = World::start();
    let person = world.admin().await;
    let id = world.lead(&person, &small()).await["id"].as_str().unwrap().to_owned();
    let team = team(&world, &person, 50).await;
    let lost = join_all(team.iter().map(|writer| add_one(&world, writer, &id))).await;
    assert!(lost.iter().sum::<usize>() > 0, "the writers never met, so this shows nothing");
    let lead = world.get_lead(&person, &id).await.expect(200).json();
    assert_eq!((lead["company_size"].as_u64(), lead["version"].as_u64()), (Some(51), Some(51)));
    assert_eq!(world.events("lead_updated").await.len(), 50);
    assert_eq!(world.check_folds().await["lead"], 1);
}

#[tokio::test]
async fn scores_and_replacements_race_without_losing_either() {
    let world = World::with_chain(MODELS);
    let person = world.admin().await;
    let id = world.lead(&person, &small()).await["id"].as_str().unwrap().to_owned();
    let judgement = json!({
        "abstain": false, "budget": 80, "authority": 60, "need": 70, "timeline": 50, "confidence_percent": 82,
        "factors": [{"dimension": "need", "impact": 30, "field": "notes", "quote": "replace the old tool",
            "reason": "They need one"}],
    });
    let team = team(&world, &person, 20).await;
    let (scorers, writers) = team.split_at(10);
    let score = async |scorer: &Person| {
        loop {
            world.model().script.answer(judgement.to_string());
            let answer = world.call("scoreLead").by(scorer).path("id", &id).send().await;
            match answer.status {
                200 => return,
                409 => {}
                _ => panic!("{}", answer.body),
            }
        }
    };
    let scores = join_all(scorers.iter().map(&score));
    let writers = join_all(writers.iter().map(|writer| add_one(&world, writer, &id)));
    futures_util::future::join(scores, writers).await;
    let lead = world.get_lead(&person, &id).await.expect(200).json();
    assert_eq!(lead["company_size"], 11);
    assert_eq!(lead["version"], 21);
    assert_eq!(lead["score"], 67);
    assert_eq!(world.events("lead_scored").await.len(), 10);
    world.check_folds().await;
}

#[tokio::test]
async fn concurrent_deletions_delete_once() {
    let world = World::start();
    let person = world.admin().await;
    let id = world.lead(&person, &lead_body()).await["id"].as_str().unwrap().to_owned();
    // With and without `If-Match`, the second request finds the lead deleted.
    let delete = || world.call("deleteLead").by(&person).path("id", &id);
    let all = (0..10).map(|number| if number % 2 == 0 { delete() } else { delete().if_match(1) }.send());
    for answer in join_all(all).await {
        answer.expect(204);
    }
    assert_eq!(world.events("lead_deleted").await.len(), 1);
    world.check_folds().await;
}

#[tokio::test]
async fn one_address_is_registered_once_however_many_try() {
    let world = World::start();
    let register = |number: usize| {
        let body = json!({"email": "ada@northwind.example", "password": "correct horse battery staple",
            "name": format!("Ada {number}"), "organization_name": "Northwind"});
        world.call("registerAccount").json(&body).from(&format!("10.0.0.{number}")).send()
    };
    let answers = join_all((0..6).map(register)).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.code() == "email_taken").count(), 5);
    let counts = world.check_folds().await;
    assert_eq!((counts["organization"], counts["account"], counts["member"]), (1, 1, 1));
}
