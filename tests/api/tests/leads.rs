//! Leads from their creation to their deletion, and lists of them.

use api_tests::{Answer, Person, World, lead_body, thin_body};
use domain::tenancy::Role;
use serde_json::{Value, json};

fn id(lead: &Value) -> &str {
    lead["id"].as_str().unwrap()
}

fn ids(list: &Value) -> Vec<String> {
    list["data"].as_array().unwrap().iter().map(|lead| id(lead).to_owned()).collect()
}

#[tokio::test]
async fn a_lead_from_creation_to_deletion() {
    let world = World::start();
    let person = world.admin().await;
    let created = world.call("createLead").by(&person).json(&lead_body()).send().await.expect(201);
    let lead = created.json();
    assert_eq!(created.header("Location"), Some(format!("/v1/leads/{}", id(&lead)).as_str()));
    assert_eq!(created.header("ETag"), Some("\"1\""));
    for (field, value) in lead_body().as_object().unwrap() {
        assert_eq!(&lead[field], value, "{field}");
    }
    assert_eq!(lead["owner_id"], person.account.to_string());
    assert_eq!(
        (&lead["score"], &lead["score_breakdown"], &lead["scored_at"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    assert_eq!(
        (&lead["created_at"], &lead["updated_at"]),
        (&json!("2026-11-02T09:00:00.000Z"), &json!("2026-11-02T09:00:00.000Z"))
    );
    assert_eq!(world.get_lead(&person, id(&lead)).await.expect(200).json(), lead);

    world.pass(60);
    let replaced = json!({"company_name": " Contoso ", "status": "won", "notes": "  ", "industry": null});
    let call = world.call("updateLead").by(&person).path("id", id(&lead)).if_match(1).json(&replaced);
    let updated = call.send().await.expect(200);
    assert_eq!(updated.header("ETag"), Some("\"2\""));
    let updated = updated.json();
    assert_eq!((&updated["company_name"], &updated["status"]), (&json!("Contoso"), &json!("won")));
    for cleared in ["industry", "company_size", "contact_name", "contact_email", "contact_phone", "notes"] {
        assert_eq!(updated[cleared], Value::Null, "{cleared}");
    }
    assert_eq!(
        (&updated["created_at"], &updated["updated_at"]),
        (&lead["created_at"], &json!("2026-11-02T09:01:00.000Z"))
    );
    assert_eq!(world.get_lead(&person, id(&lead)).await.expect(200).json(), updated);

    for _ in 0..2 {
        world.call("deleteLead").by(&person).path("id", id(&lead)).send().await.expect(204);
        world.get_lead(&person, id(&lead)).await.problem(404, "not_found");
    }
    let list = world.call("listLeads").by(&person).send().await.expect(200).json();
    assert_eq!(list, json!({"data": [], "next_cursor": null}));
    assert_eq!(world.events("lead_deleted").await.len(), 1);
    world.check_folds().await;
}

#[tokio::test]
async fn what_is_left_out_takes_its_default() {
    let world = World::start();
    let person = world.admin().await;
    let lead = world.lead(&person, &thin_body()).await;
    assert_eq!(lead["status"], "new");
    for field in ["industry", "company_size", "contact_name", "contact_email", "contact_phone", "notes"] {
        assert_eq!(lead[field], Value::Null, "{field}");
    }
    let mut body = thin_body();
    body["contact_email"] = " Grace.HOPPER@Contoso.EXAMPLE ".into();
    assert_eq!(world.lead(&person, &body).await["contact_email"], "grace.hopper@contoso.example");
}

#[tokio::test]
async fn a_replacement_needs_the_current_version() {
    let world = World::start();
    let person = world.admin().await;
    let lead = world.lead(&person, &lead_body()).await;
    let update = || world.call("updateLead").by(&person).path("id", id(&lead)).json(&thin_update());
    let before = world.snapshot().await;
    update().send().await.problem(428, "precondition_required");
    for stale in
        ["\"0\"", "\"2\"", "\"01\"", "W/\"1\"", "\"x\"", "\"18446744073709551616\"", "\"2\", W/\"1\""]
    {
        let answer = update().header("If-Match", stale).send().await;
        assert_eq!((answer.status, answer.code()), (412, "precondition_failed".into()), "{stale}");
    }
    world.unchanged_since(&before).await;
    update().header("If-Match", "\"x\", \"1\"").send().await.expect(200);
    // `If-Match` has an earlier version.
    update().if_match(1).send().await.problem(412, "precondition_failed");
}

fn thin_update() -> Value {
    json!({"company_name": "Fabrikam", "status": "new"})
}

#[tokio::test]
async fn a_replacement_by_the_same_changes_nothing() {
    let world = World::start();
    let person = world.admin().await;
    let lead = world.lead(&person, &lead_body()).await;
    let before = world.snapshot().await;
    world.pass(60);
    let call = world.call("updateLead").by(&person).path("id", id(&lead)).if_match(1).json(&lead_body());
    assert_eq!(call.send().await.expect(200).json(), lead);
    world.unchanged_since(&before).await;
}

#[tokio::test]
async fn a_deleted_lead_can_not_be_changed_or_scored() {
    let world = World::start();
    let person = world.admin().await;
    let lead = world.lead(&person, &lead_body()).await;
    world.call("deleteLead").by(&person).path("id", id(&lead)).send().await.expect(204);
    let before = world.snapshot().await;
    let call = world.call("updateLead").by(&person).path("id", id(&lead)).if_match(2).json(&thin_update());
    call.send().await.problem(404, "not_found");
    world.call("scoreLead").by(&person).path("id", id(&lead)).send().await.problem(404, "not_found");
    world.unchanged_since(&before).await;
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

#[tokio::test]
async fn reads_are_limited_for_each_person() {
    let world = World::start();
    let person = world.admin().await;
    let colleague = world.colleague(&person, Role::Admin).await;
    let lead = world.lead(&person, &thin_body()).await;
    for left in (0..100).rev() {
        let answer = world.get_lead(&person, id(&lead)).await.expect(200);
        assert!(
            answer.header("RateLimit").unwrap().starts_with(&format!("\"reads\";r={left};t=")),
            "{answer:?}"
        );
        assert_eq!(answer.header("RateLimit-Policy"), Some("\"reads\";q=100;w=60"));
    }
    // All reads count against one limit.
    for operation in ["getLead", "listLeads", "getProfile", "getOrganization", "listNotifications"] {
        let call = world.call(operation).by(&person);
        let call = if operation == "getLead" { call.path("id", id(&lead)) } else { call };
        let answer = call.send().await.problem(429, "rate_limited");
        assert_eq!(answer.number("Retry-After"), 1);
        assert!(answer.header("RateLimit").unwrap().starts_with("\"reads\";r=0;t=60"), "{answer:?}");
    }
    world.get_lead(&colleague, id(&lead)).await.expect(200);
    world.pass(1);
    world.get_lead(&person, id(&lead)).await.expect(200);
}

#[tokio::test]
async fn a_profile_and_an_organization_are_ones_own() {
    let world = World::start();
    let admin = world.admin().await;
    let rep = world.colleague(&admin, Role::SalesRep).await;
    for person in [&admin, &rep] {
        let profile = world.call("getProfile").by(person).send().await.expect(200).json();
        assert_eq!(profile["id"], person.account.to_string());
        assert_eq!(profile["email"], person.email);
        assert_eq!(profile["role"], person.role.as_str());
        assert_eq!(profile["organization_id"], person.tenant.to_string());
        let organization = world.call("getOrganization").by(person).send().await.expect(200).json();
        assert_eq!(organization["id"], person.tenant.to_string());
        assert_eq!(
            (&organization["name"], &organization["subscription_tier"]),
            (&json!("Northwind"), &json!("starter"))
        );
    }
}
