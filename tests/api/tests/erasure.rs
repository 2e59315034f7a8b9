//! After a lead's contact is erased, nothing that identifies the person can be read anywhere, and everything else still
//! works.

use api_tests::{MODELS, Person, World, lead_body};
use application_core::Error;
use application_sales::erase_lead_contact;
use domain::authority::WriteLeads;
use domain::tenancy::Role;
use serde_json::{Value, json};

/// Texts that identify the person, or that the person said, or that were said about the person.
const PERSONAL: [&str; 6] = [
    "Grace Hopper",
    "grace.hopper@contoso.example",
    "contoso.example",
    "555 0100",
    "budget is approved",
    "replace the old tool",
];

const FIELDS: [&str; 4] = ["contact_name", "contact_email", "contact_phone", "notes"];

async fn erase(world: &World, by: &Person, id: &str) -> Result<(), Error> {
    let caller = by.caller();
    let authority = caller.authorize::<WriteLeads>().unwrap();
    let id = id.parse().unwrap();
    erase_lead_contact(world.store().as_ref(), &world.context(), &authority, &id).await.map(drop)
}

async fn readable(world: &World) -> Vec<&'static str> {
    let bytes = world.bytes().await;
    let stands =
        |text: &str| bytes.windows(text.len()).any(|window| window.eq_ignore_ascii_case(text.as_bytes()));
    PERSONAL.into_iter().filter(|text| stands(text)).collect()
}

/// A lead that was updated and scored by a model, with quotes, and whose creation can be replayed.
async fn known_lead(world: &World, person: &Person) -> String {
    let create = world.call("createLead").by(person).json(&lead_body()).key("k1");
    let id = create.send().await.expect(201).json()["id"].as_str().unwrap().to_owned();
    let mut body = lead_body();
    body["company_size"] = json!(1300);
    world.call("updateLead").by(person).path("id", &id).if_match(1).json(&body).send().await.expect(200);
    world.model().script.answer(
        json!({
            "abstain": false, "budget": 80, "authority": 60, "need": 70, "timeline": 50, "confidence_percent": 82,
            "factors": [
                {"dimension": "budget", "impact": 30, "field": "notes", "quote": "the budget is approved",
                    "reason": "She said the budget is approved"},
                {"dimension": "authority", "impact": 5, "field": "contact_email", "quote": "contoso.example",
                    "reason": "An address of the company"},
            ],
        })
        .to_string(),
    );
    world.call("scoreLead").by(person).path("id", &id).key("k2").send().await.expect(200);
    id
}

#[tokio::test]
async fn nothing_of_the_person_can_be_read_in_any_table() {
    let world = World::with_chain(MODELS);
    let person = world.admin().await;
    let id = known_lead(&world, &person).await;
    assert_eq!(readable(&world).await, PERSONAL, "it was never readable, so erasing shows nothing");
    erase(&world, &person, &id).await.unwrap();
    assert_eq!(readable(&world).await, Vec::<&str>::new());
    world.check_folds().await;
}

/// A score quotes the notes of its time; data that a client clears must not stay readable in a quotation.
#[tokio::test]
async fn clearing_the_contact_clears_the_quotes_of_it() {
    let world = World::with_chain(MODELS);
    let person = world.admin().await;
    let id = known_lead(&world, &person).await;
    let body = json!({"company_name": "Contoso", "status": "new"});
    world.call("updateLead").by(&person).path("id", &id).if_match(3).json(&body).send().await.expect(200);
    assert_eq!(readable(&world).await, Vec::<&str>::new());
    world.check_folds().await;
}

#[tokio::test]
async fn the_ledger_never_held_the_person_in_the_clear() {
    let world = World::with_chain(MODELS);
    let person = world.admin().await;
    known_lead(&world, &person).await;
    for item in world.ledger().await {
        let text = item.to_string();
        for personal in PERSONAL {
            assert!(!text.contains(personal), "{personal} in {}", item["event_type"]["S"]);
        }
    }
}

#[tokio::test]
async fn every_route_goes_on_without_the_person() {
    let world = World::with_chain(MODELS);
    let person = world.admin().await;
    let id = known_lead(&world, &person).await;
    erase(&world, &person, &id).await.unwrap();
    world.pass(60);

    let lead = world.get_lead(&person, &id).await.expect(200).json();
    assert_eq!(
        (lead["company_name"].as_str(), lead["score"].as_u64()),
        (Some("Contoso Logistics"), Some(67))
    );
    let list = world.call("listLeads").by(&person).send().await.expect(200).json();
    assert_eq!(list["data"], json!([lead]));
    for field in FIELDS {
        assert_eq!(lead[field], Value::Null, "{field}");
    }

    // The earlier score is repeated: its numbers stay, its quotations are gone.
    let score = world.call("scoreLead").by(&person).path("id", &id).key("k2").send().await.expect(200);
    assert!(score.is_replay());
    let score = score.json();
    assert_eq!(score["factors"].as_array().unwrap().len(), 2);
    for factor in score["factors"].as_array().unwrap() {
        assert_eq!((&factor["evidence"]["quote"], &factor["reason"]), (&Value::Null, &Value::Null));
        assert!(factor["impact"].is_i64());
    }

    // The lead can be changed, but the contact can't be set again.
    let version = lead["version"].as_u64().unwrap();
    let update =
        |body: &Value| world.call("updateLead").by(&person).path("id", &id).if_match(version).json(body);
    let refused = update(&lead_body()).send().await.expect(400);
    assert_eq!(refused.fields(), FIELDS.map(|field| format!("/{field}")));
    let body = json!({"company_name": "Contoso", "status": "won"});
    let updated = update(&body).send().await.expect(200).json();
    assert_eq!((&updated["company_name"], &updated["contact_name"]), (&json!("Contoso"), &Value::Null));

    // The model gets the company only, and its answer is stored without quotations.
    world.model().script.answer(
        json!({
            "abstain": false, "budget": 10, "authority": 10, "need": 10, "timeline": 10, "confidence_percent": 10,
            "factors": [{"dimension": "need", "impact": 1, "field": "company_name", "quote": "Contoso", "reason": "Name"}],
        })
        .to_string(),
    );
    let scored = world.call("scoreLead").by(&person).path("id", &id).send().await.expect(200).json();
    assert_eq!(scored["score"], 10);
    assert_eq!(scored["factors"][0]["evidence"]["quote"], Value::Null);
    let asked = world.model().script.calls().last().unwrap().messages[0].joined_text();
    assert!(PERSONAL.iter().all(|text| !asked.contains(text)), "{asked}");

    world.call("deleteLead").by(&person).path("id", &id).send().await.expect(204);
    world.check_folds().await;
}

#[tokio::test]
async fn erasing_again_changes_nothing() {
    let world = World::with_chain(MODELS);
    let person = world.admin().await;
    let id = known_lead(&world, &person).await;
    erase(&world, &person, &id).await.unwrap();
    let before = world.snapshot().await;
    erase(&world, &person, &id).await.unwrap();
    world.unchanged_since(&before).await;
    assert_eq!(world.events("lead_contact_erased").await.len(), 1);
}

#[tokio::test]
async fn a_deleted_lead_can_be_erased() {
    let world = World::with_chain(MODELS);
    let person = world.admin().await;
    let id = known_lead(&world, &person).await;
    world.call("deleteLead").by(&person).path("id", &id).send().await.expect(204);
    assert_eq!(readable(&world).await, PERSONAL);
    erase(&world, &person, &id).await.unwrap();
    assert_eq!(readable(&world).await, Vec::<&str>::new());
    world.check_folds().await;
    world.get_lead(&person, &id).await.expect(404);
}

#[tokio::test]
async fn only_who_may_change_a_lead_may_erase_it() {
    let world = World::with_chain(MODELS);
    let person = world.admin().await;
    let rep = world.colleague(&person, Role::SalesRep).await;
    let stranger = world.admin().await;
    let id = known_lead(&world, &person).await;
    // Whoever answers the request records this one; the existence of a stranger's lead is not told even there.
    let Err(Error::Refused(refused)) = erase(&world, &rep, &id).await else { panic!("not refused") };
    assert_eq!((refused.permission, &refused.id), ("lead:write", &id));
    assert!(matches!(erase(&world, &stranger, &id).await, Err(Error::NotFound)));
    assert_eq!(readable(&world).await, PERSONAL);
}

#[tokio::test]
async fn erasing_one_contact_leaves_the_others() {
    let world = World::start();
    let person = world.admin().await;
    let one = world.lead(&person, &lead_body()).await["id"].as_str().unwrap().to_owned();
    let other = world.lead(&person, &lead_body()).await;
    erase(&world, &person, &one).await.unwrap();
    let kept = world.get_lead(&person, other["id"].as_str().unwrap()).await.expect(200).json();
    assert_eq!(kept, other);
    world.check_folds().await;
}
