//! Feature flags: the values for each caller.

use api_tests::World;
use domain::tenancy::Role;
use edge::log::capture;
use serde_json::{Value, json};

fn document(flags: &Value) -> Value {
    json!({"version": 1, "chains": {"lead_scoring": ["rules"], "completion": ["x"]}, "flags": flags})
}

fn flag(default: &Value, rules: &Value) -> Value {
    json!({"owner": "sales", "ends": "2026-12-31", "default": default, "rules": rules})
}

#[tokio::test]
async fn flags_are_answered_by_organization_and_tier() {
    let world = World::start();
    let (admin, stranger) = (world.admin().await, world.admin().await);
    let colleague = world.colleague(&admin, Role::SalesRep).await;
    world.configuration().configure(&document(&json!({
        "ours": flag(&json!(false), &json!([{"organizations": [admin.tenant.to_string()], "value": true}])),
        "layout": flag(&json!("wide"), &json!([{"tiers": ["starter"], "value": "compact"}])),
        "big": flag(&json!(false), &json!([{"tiers": ["enterprise"], "value": true}])),
        "everybody": flag(&json!(false), &json!([{"percentage": 100, "value": true}])),
    })));
    let expected = |ours: bool| {
        json!({"data": [
            {"name": "big", "value": false},
            {"name": "everybody", "value": true},
            {"name": "layout", "value": "compact"},
            {"name": "ours", "value": ours},
        ]})
    };
    for (person, ours) in [(&admin, true), (&colleague, true), (&stranger, false)] {
        let answer = world.call("getFlags").by(person).send().await.expect(200);
        assert!(answer.header("RateLimit").unwrap().starts_with("\"reads\";"));
        assert_eq!(answer.json(), expected(ours));
    }
    // An API key with the scope gets the same values as the people of the organization.
    for (scope, status) in [("flag:read", 200), ("model:read", 403)] {
        let key = world.api_key(&admin, &[scope]).await;
        let policy = world.authorize(&key.text).await.unwrap();
        let answer = world.call("getFlags").let_in(&policy).send().await.expect(status);
        if status == 200 {
            assert_eq!(answer.json(), expected(true));
        }
    }
}

#[tokio::test]
async fn a_changed_configuration_is_answered_at_once_and_none_is_an_empty_list() {
    let world = World::start();
    let admin = world.admin().await;
    let flags = async || world.call("getFlags").by(&admin).send().await.expect(200).json();
    assert_eq!(flags().await, json!({"data": []}));
    world.configuration().configure(&document(&json!({"x": flag(&json!(true), &json!([]))})));
    assert_eq!(flags().await, json!({"data": [{"name": "x", "value": true}]}));
}

#[tokio::test]
async fn an_expired_flag_answers_its_default_and_is_told_once() {
    let world = World::start();
    let admin = world.admin().await;
    let old = json!({
        "owner": "growth", "ends": "2026-11-01", "default": false,
        "rules": [{"percentage": 100, "value": true}]
    });
    world.configuration().configure(&document(&json!({"old": old})));
    let (values, lines) = capture(async {
        let first = world.call("getFlags").by(&admin).send().await.expect(200).json();
        let second = world.call("getFlags").by(&admin).send().await.expect(200).json();
        [first, second]
    })
    .await;
    let off = json!({"data": [{"name": "old", "value": false}]});
    assert_eq!(values, [off.clone(), off]);
    let told: Vec<Value> = lines
        .iter()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|line| line["flag_expired"] == 1)
        .collect();
    assert_eq!(told.len(), 1, "{lines:?}");
    assert_eq!((&told[0]["flag"], &told[0]["flag_owner"]), (&json!("old"), &json!("growth")));
}
