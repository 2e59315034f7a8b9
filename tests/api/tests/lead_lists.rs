//! Lists of leads: order, filters, pages and cursors.

use api_tests::{Answer, Person, World, lead_body, thin_body};
use domain::tenancy::Role;
use serde_json::{Value, json};

fn id(lead: &Value) -> &str {
    lead["id"].as_str().unwrap()
}

fn ids(list: &Value) -> Vec<String> {
    list["data"].as_array().unwrap().iter().map(|lead| id(lead).to_owned()).collect()
}

/// Reads a list page by page. Returns the ids of every page.
async fn pages(world: &World, person: &Person, query: &[(&str, &str)]) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        world.pass(1);
        let mut call = world.call("listLeads").by(person);
        for (name, value) in query {
            call = call.query(name, value);
        }
        if let Some(cursor) = &cursor {
            call = call.query("cursor", cursor);
        }
        let page = call.send().await.expect(200).json();
        pages.push(ids(&page));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => return pages,
        }
        assert!(pages.len() < 200, "the list never ends");
    }
}

async fn list(world: &World, person: &Person, query: &[(&str, &str)]) -> Vec<String> {
    pages(world, person, query).await.concat()
}

#[tokio::test]
async fn lists_are_newest_first_whatever_the_page() {
    let world = World::start();
    let person = world.admin().await;
    let mut expected = Vec::new();
    for number in 0..23 {
        // Some leads are created in the same millisecond.
        if number % 3 != 0 {
            world.tick();
        }
        expected.push(world.lead(&person, &thin_body()).await);
    }
    expected.sort_by_key(|lead| (lead["created_at"].as_str().unwrap().to_owned(), id(lead).to_owned()));
    let expected: Vec<String> = expected.iter().rev().map(|lead| id(lead).to_owned()).collect();
    for limit in ["1", "2", "7", "23", "24", "100"] {
        let pages = pages(&world, &person, &[("limit", limit)]).await;
        assert_eq!(pages.concat(), expected, "limit {limit}");
        assert!(pages.iter().all(|page| page.len() <= limit.parse().unwrap()), "limit {limit}");
        let full = pages.len() - 1;
        assert!(
            pages[..full].iter().all(|page| page.len() == limit.parse::<usize>().unwrap()),
            "limit {limit}"
        );
    }
    // The default is twenty.
    assert_eq!(pages(&world, &person, &[]).await[0].len(), 20);
}

/// A set of leads that differ in all properties by which a list can be filtered.
async fn mixed(world: &World, person: &Person) -> Vec<Value> {
    let mut leads = Vec::new();
    for number in 0..12_usize {
        world.pass(60);
        let body = json!({
            "company_name": format!("Company {number}"),
            "industry": (["Logistics", "Retail", "logistics"][number % 3]),
            "status": (["new", "qualified"][number % 2]),
            "company_size": ([5, 500][number % 2]),
            "notes": (["The CEO needs it this week, budget approved", "No budget, no need, next year", ""][number % 3]),
            "contact_email": "ceo@contoso.example",
        });
        let lead = world.lead(person, &body).await;
        if number % 4 != 3 {
            world.call("scoreLead").by(person).path("id", id(&lead)).send().await.expect(200);
        }
        leads.push(world.get_lead(person, id(&lead)).await.expect(200).json());
    }
    leads
}

#[tokio::test]
async fn filters_narrow_a_list_to_what_they_say() {
    let world = World::start();
    let person = world.admin().await;
    let leads = mixed(&world, &person).await;
    let moment = leads[5]["created_at"].as_str().unwrap();
    let later = leads[9]["created_at"].as_str().unwrap();
    type Keep<'a> = Box<dyn Fn(&Value) -> bool + 'a>;
    let at = |lead: &Value| lead["created_at"].as_str().unwrap().to_owned();
    let cases: Vec<(Vec<(&str, &str)>, Keep<'_>)> = vec![
        (vec![("status", "qualified")], Box::new(|lead| lead["status"] == "qualified")),
        (vec![("industry", "Logistics")], Box::new(|lead| lead["industry"] == "Logistics")),
        (vec![("industry", "Log")], Box::new(|_| false)),
        (
            vec![("status", "new"), ("industry", "Retail")],
            Box::new(|lead| lead["status"] == "new" && lead["industry"] == "Retail"),
        ),
        (vec![("min_score", "50")], Box::new(|lead| lead["score"].as_u64().is_some_and(|score| score >= 50))),
        (vec![("min_score", "0")], Box::new(|lead| lead["score"].is_u64())),
        (vec![("created_from", moment)], Box::new(|lead| at(lead).as_str() >= moment)),
        (vec![("created_to", moment)], Box::new(|lead| at(lead).as_str() < moment)),
        (
            vec![("created_from", moment), ("created_to", later)],
            Box::new(|lead| at(lead).as_str() >= moment && at(lead).as_str() < later),
        ),
        (vec![("created_from", later), ("created_to", moment)], Box::new(|_| false)),
        (
            vec![("created_from", moment), ("min_score", "1"), ("status", "qualified")],
            Box::new(|lead| {
                at(lead).as_str() >= moment
                    && lead["score"].as_u64() >= Some(1)
                    && lead["status"] == "qualified"
            }),
        ),
    ];
    for (query, keep) in cases {
        let mut expected: Vec<String> =
            leads.iter().rev().filter(|lead| keep(lead)).map(|lead| id(lead).to_owned()).collect();
        for limit in ["1", "5", "100"] {
            let mut newest = query.clone();
            newest.push(("limit", limit));
            assert_eq!(list(&world, &person, &newest).await, expected, "{newest:?}");
        }
        // In the order of scores, the list has the same leads.
        let mut by_score = query.clone();
        by_score.extend([("sort", "score"), ("limit", "3")]);
        let mut found = list(&world, &person, &by_score).await;
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{by_score:?}");
    }
}

#[tokio::test]
async fn lists_by_score_are_highest_first_the_unscored_last() {
    let world = World::start();
    let person = world.admin().await;
    let mut leads = mixed(&world, &person).await;
    assert!(
        leads.iter().any(|lead| lead["score"].is_null()) && leads.iter().any(|lead| lead["score"].is_u64())
    );
    leads.sort_by_key(|lead| {
        let score = lead["score"].as_u64().map_or(0, |score| score + 1);
        std::cmp::Reverse((score, lead["created_at"].as_str().unwrap().to_owned()))
    });
    let expected: Vec<String> = leads.iter().map(|lead| id(lead).to_owned()).collect();
    for limit in ["1", "4", "100"] {
        assert_eq!(list(&world, &person, &[("sort", "score"), ("limit", limit)]).await, expected);
    }
    // A new score moves a lead in the list.
    let last = leads.last().unwrap();
    assert_eq!(last["score"], Value::Null);
    let mut body = json!({"company_name": "Moved", "status": "proposal", "company_size": 1000,
        "notes": "The CEO needs it this week and the budget is approved", "contact_email": "ceo@contoso.example"});
    let version = last["version"].as_u64().unwrap();
    world
        .call("updateLead")
        .by(&person)
        .path("id", id(last))
        .if_match(version)
        .json(&body)
        .send()
        .await
        .expect(200);
    world.pass(60);
    world.call("scoreLead").by(&person).path("id", id(last)).send().await.expect(200);
    assert_eq!(list(&world, &person, &[("sort", "score")]).await[0], id(last));
    body["status"] = "lost".into();
}

#[tokio::test]
async fn a_page_goes_on_where_it_ended_when_others_come_and_go() {
    let world = World::start();
    let person = world.admin().await;
    let mut all = Vec::new();
    for _ in 0..6 {
        world.tick();
        all.insert(0, id(&world.lead(&person, &thin_body()).await).to_owned());
    }
    let first = world.call("listLeads").by(&person).query("limit", "3").send().await.expect(200).json();
    assert_eq!(ids(&first), all[..3]);
    // A new lead is on no later page. The lead at which the page ended is deleted, and the next page still begins after
    // it.
    world.tick();
    world.lead(&person, &thin_body()).await;
    world.call("deleteLead").by(&person).path("id", &all[2]).send().await.expect(204);
    world.call("deleteLead").by(&person).path("id", &all[4]).send().await.expect(204);
    let cursor = first["next_cursor"].as_str().unwrap();
    let next = world.call("listLeads").by(&person).query("limit", "3").query("cursor", cursor).send().await;
    let next = next.expect(200).json();
    assert_eq!(ids(&next), [all[3].clone(), all[5].clone()]);
    assert_eq!(next["next_cursor"], Value::Null);
}

#[tokio::test]
async fn a_cursor_works_for_its_caller_and_its_list_only() {
    let world = World::start();
    let person = world.admin().await;
    let colleague = world.colleague(&person, Role::Admin).await;
    let stranger = world.admin().await;
    for who in [&person, &person, &colleague, &stranger, &stranger] {
        world.tick();
        world.lead(who, &lead_body()).await;
        world.notification(who).await;
    }
    let first =
        world.call("listLeads").by(&person).query("limit", "1").query("status", "qualified").send().await;
    let cursor = first.expect(200).json()["next_cursor"].as_str().unwrap().to_owned();
    let go_on = |cursor: &str| {
        world
            .call("listLeads")
            .by(&person)
            .query("limit", "1")
            .query("status", "qualified")
            .query("cursor", cursor)
    };
    go_on(&cursor).send().await.expect(200);
    // With another page size the list is the same.
    let larger = world.call("listLeads").by(&person).query("limit", "2").query("status", "qualified");
    larger.query("cursor", &cursor).send().await.expect(200);

    let other_person =
        |who: &Person| world.call("listLeads").by(who).query("status", "qualified").query("cursor", &cursor);
    let foreign: Vec<Answer> = vec![
        other_person(&colleague).send().await,
        other_person(&stranger).send().await,
        world.call("listLeads").by(&person).query("cursor", &cursor).send().await,
        world.call("listLeads").by(&person).query("status", "new").query("cursor", &cursor).send().await,
        go_on(&cursor).query("sort", "score").send().await,
        world.call("listNotifications").by(&person).query("cursor", &cursor).send().await,
    ];
    for answer in foreign {
        answer.problem(400, "invalid_cursor");
    }
    for position in 0..cursor.len() {
        let mut changed = cursor.clone().into_bytes();
        changed[position] = if changed[position] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        world.pass(1);
        go_on(&changed).send().await.problem(400, "invalid_cursor");
    }
    for cut in [1, cursor.len() / 2, cursor.len() - 1] {
        go_on(&cursor[..cut]).send().await.problem(400, "invalid_cursor");
    }
    let padded = go_on(&format!("{cursor}=")).send().await;
    padded.problem(400, "invalid_cursor");
}
