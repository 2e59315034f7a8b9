//! Texts and numbers in the forms in which people and programs write them, for every function that reads them.

use adapter_password::Argon2Passwords;
use api_tests::{Answer, World, lead_body};
use application_core::repository::{Actor, PendingChange};
use domain::AggregateType;
use domain::id::AccountId;
use domain::identity::{Account, RegisterAccount, register_account};
use domain::tenancy::{AddMember, Member, MemberPerson, Role, add_member};
use ports::{AggregateKey, PasswordHasher, Store, Transaction, Unique, UniqueKind};
use serde_json::{Value, json};

const PASSWORD: &str = "correct horse battery staple";
const UNICODE: &str = "ada@m\u{fc}nchen.example";
const DECOMPOSED: &str = "Ada@mu\u{308}nchen.example";
const ASCII: &str = "ada@xn--mnchen-3ya.example";

async fn register(world: &World, email: &str, password: &str) -> Answer {
    let body = json!({"email": email, "password": password, "name": "Ada", "organization_name": "Northwind"});
    world.call("registerAccount").json(&body).from(email).send().await
}

async fn login(world: &World, email: &str, password: &str) -> Answer {
    let body = json!({"email": email, "password": password});
    world.call("login").json(&body).named("one and the same").from(email).send().await
}

#[tokio::test]
async fn a_domain_and_its_a_labels_are_one_account() {
    for (registered, others) in
        [(UNICODE, [ASCII, DECOMPOSED]), (ASCII, [UNICODE, DECOMPOSED]), (DECOMPOSED, [ASCII, UNICODE])]
    {
        let world = World::start();
        register(&world, registered, PASSWORD).await.expect(201);
        for other in others {
            register(&world, other, PASSWORD).await.problem(409, "email_taken");
        }
        for email in [registered, others[0], others[1]] {
            login(&world, email, PASSWORD).await.expect(200);
        }
    }
}

/// An account in the form in which it was stored before mailboxes were compared by A-labels and passwords were
/// prepared.
async fn former_account(world: &World, key: &str, password: &str) {
    let of = world.admin().await;
    let context = world.context();
    let id: AccountId = context.new_id().unwrap();
    let holder = AggregateKey::new(of.tenant, AggregateType::Account, &id);
    let registered = register_account(RegisterAccount {
        id,
        organization_id: of.tenant,
        email: key,
        name: "Ada",
        password_hash: Argon2Passwords::new().unwrap().hash(password).unwrap(),
    });
    let actor = Actor::account(of.account);
    let subjects = [Account::subject(&id)];
    let registered = registered.unwrap();
    let account =
        PendingChange::<Account>::create(holder.clone(), subjects, &registered, &context, &actor).unwrap();
    let of_ada = AddMember {
        account_id: id,
        role: Role::Admin,
        account_organization_id: None,
        person: MemberPerson { email: key.to_owned(), name: "Ada".to_owned() },
    };
    let (of_member, added) = (AggregateKey::new(of.tenant, AggregateType::Member, &id), add_member(of_ada));
    let member = PendingChange::<Member>::create(of_member, [], &added, &context, &actor).unwrap();
    let transaction = Transaction {
        changes: vec![account.finish().unwrap().0, member.finish().unwrap().0],
        unique: vec![Unique { kind: UniqueKind::Email, value: key.to_owned(), holder }],
        ..Transaction::default()
    };
    world.store().commit(&transaction).await.unwrap();
}

#[tokio::test]
async fn an_account_of_before_is_found_and_keeps_its_mailbox() {
    for key in [UNICODE, ASCII] {
        let world = World::start();
        former_account(&world, key, PASSWORD).await;
        for email in [UNICODE, ASCII] {
            login(&world, email, PASSWORD).await.expect(200);
            register(&world, email, PASSWORD).await.problem(409, "email_taken");
        }
    }
}

#[tokio::test]
async fn a_password_is_the_same_on_every_keyboard() {
    let (composed, decomposed) = ("sch\u{f6}ne gr\u{fc}\u{df}e 1", "scho\u{308}ne gru\u{308}\u{df}e\u{a0}1");
    for (registered, typed) in [(composed, decomposed), (decomposed, composed)] {
        let world = World::start();
        register(&world, "ada@a.example", registered).await.expect(201);
        login(&world, "ada@a.example", typed).await.expect(200);
        login(&world, "ada@a.example", "schone grusse 1").await.problem(401, "invalid_credentials");
    }
    // Earlier hashes were made from the password as it was sent.
    let world = World::start();
    former_account(&world, "old@a.example", decomposed).await;
    login(&world, "old@a.example", decomposed).await.expect(200);
    former_account(&world, "odd@a.example", "a\tb\u{200b}c\0defgh").await;
    login(&world, "odd@a.example", "a\tb\u{200b}c\0defgh").await.expect(200);
}

#[tokio::test]
async fn names_are_visible_lines_in_every_function() {
    let world = World::start();
    let person = world.admin().await;
    let registration =
        json!({"email": "eve@a.example", "password": PASSWORD, "name": "Eve", "organization_name": "E"});
    let key = json!({"name": "CRM", "scopes": ["model:read"]});
    for (operation, body, fields) in [
        ("registerAccount", &registration, &["name", "organization_name"][..]),
        ("createApiKey", &key, &["name"]),
        ("createLead", &lead_body(), &["company_name", "industry", "contact_name", "contact_phone"]),
    ] {
        for field in fields {
            for wrong in ["a\u{2028}b", "a\u{202e}b", "a\u{200b}b", "a\nb", "a\u{2066}b"] {
                let mut body = body.clone();
                body[*field] = wrong.into();
                let call = world.call(operation).json(&body);
                let call = if operation == "registerAccount" { call.from(wrong) } else { call.by(&person) };
                let answer = call.send().await.expect(400);
                assert_eq!(answer.fields(), [format!("/{field}")], "{operation} {wrong:?}");
            }
        }
        let mut blank = body.clone();
        blank[fields[0]] = "\u{2800}\u{200b}\u{3164}".into();
        let call = world.call(operation).json(&blank);
        let call = if operation == "registerAccount" { call.from("blank") } else { call.by(&person) };
        assert_eq!(call.send().await.expect(400).fields(), [format!("/{}", fields[0])], "{operation}");
    }
    let mut trimmed = lead_body();
    trimmed["company_name"] = "\u{feff}Mu\u{308}nchner R\u{fc}ck\u{200b}".into();
    trimmed["industry"] = "\u{3164}".into();
    let lead = world.lead(&person, &trimmed).await;
    assert_eq!((&lead["company_name"], &lead["industry"]), (&json!("M\u{fc}nchner R\u{fc}ck"), &Value::Null));
}

#[tokio::test]
async fn an_industry_is_found_however_it_is_composed() {
    let world = World::start();
    let person = world.admin().await;
    for industry in ["Bu\u{308}rotechnik", "B\u{fc}rotechnik", " B\u{fc}rotechnik\u{200b}"] {
        let mut body = lead_body();
        body["industry"] = industry.into();
        world.lead(&person, &body).await;
    }
    for industry in ["Bu\u{308}rotechnik", "B\u{fc}rotechnik", "B\u{fc}rotechnik "] {
        let call = world.call("listLeads").by(&person).query("industry", industry);
        assert_eq!(call.send().await.expect(200).json()["data"].as_array().unwrap().len(), 3, "{industry:?}");
    }
}

#[tokio::test]
async fn a_size_may_be_a_band_and_is_answered_as_it_was_given() {
    let world = World::start();
    let person = world.admin().await;
    for (given, answered) in [
        (json!("1001-5000"), json!("1001-5000")),
        (json!("10,000+"), json!("10,000+")),
        (json!(" 51 - 200 "), json!("51 - 200")),
        (json!("1.001\u{2013}5.000"), json!("1.001\u{2013}5.000")),
        (json!(850), json!(850)),
        (json!(850.0), json!(850)),
        (json!("850"), json!("850")),
        (json!(""), Value::Null),
        (Value::Null, Value::Null),
    ] {
        let mut body = lead_body();
        body["company_size"] = given.clone();
        let lead = world.lead(&person, &body).await;
        assert_eq!(lead["company_size"], answered, "{given}");
        let id = lead["id"].as_str().unwrap();
        // The lead that was read can be sent back.
        let mut changed = lead.clone();
        changed["status"] = "qualified".into();
        let call = world.call("updateLead").by(&person).path("id", id).if_match(1).json(&changed);
        assert_eq!(call.send().await.expect(200).json()["company_size"], answered, "{given}");
    }
    for (wrong, code) in [
        (json!("many"), "format"),
        (json!("5000-1001"), "range"),
        (json!("1e3"), "format"),
        (json!(0), "range"),
        (json!(8.5), "type"),
        (json!(["1"]), "type"),
    ] {
        let mut body = lead_body();
        body["company_size"] = wrong.clone();
        let answer = world.call("createLead").by(&person).json(&body).send().await.expect(400);
        let error = answer.json()["errors"][0].clone();
        assert_eq!((&error["field"], &error["code"]), (&json!("/company_size"), &json!(code)), "{wrong}");
    }
    let versions: Vec<Value> =
        world.events("lead_created").await.iter().map(|event| event["schema_version"]["N"].clone()).collect();
    assert!(versions.contains(&json!("1")) && versions.contains(&json!("2")), "{versions:?}");
    world.check_folds().await;
}

#[tokio::test]
async fn whole_numbers_are_integers_in_every_body() {
    let world = World::start();
    world.model().script.always("Hello.");
    let person = world.admin().await;
    let key = json!({"name": "CRM", "scopes": ["model:read"], "expires_in_days": 30.0});
    world.call("createApiKey").by(&person).json(&key).send().await.expect(201);
    let turns = json!([{"role": "user", "content": "Hi"}]);
    let completion = json!({"messages": turns, "max_tokens": 16.0});
    world.call("createCompletion").by(&person).json(&completion).send().await.expect(200);
    for field in ["max_tokens", "max_completion_tokens"] {
        let text = format!(r#"{{"model":"auto","messages":{turns},"{field}":1.6e1,"n":1.0,"seed":7.0}}"#);
        world.call("createChatCompletion").by(&person).text(&text).send().await.expect(200);
    }
    let text = format!(r#"{{"model":"auto","messages":{turns},"max_tokens":1.6e1}}"#);
    world.call("createMessage").by(&person).text(&text).send().await.expect(200);
    let wrong = json!({"messages": turns, "max_tokens": 16.5});
    let answer = world.call("createCompletion").by(&person).json(&wrong).send().await.expect(400);
    assert_eq!(answer.fields(), ["/max_tokens"]);
}
