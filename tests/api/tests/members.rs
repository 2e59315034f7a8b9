//! Members: listed, changed, suspended and removed; the last active admin stays, also when admins demote each other.

use api_tests::{Answer, Person, TestTokens, World};
use domain::tenancy::Role;
use futures_util::future::join_all;
use ports::{Claims, TokenSigner};
use serde_json::{Value, json};

async fn replace(world: &World, by: &Person, member: &Person, role: &str, status: &str) -> Answer {
    let call = world.call("updateMember").by(by).path("id", &member.account.to_string());
    call.header("If-Match", "*").json(&json!({"role": role, "status": status})).send().await
}

async fn remove(world: &World, by: &Person, member: &Person) -> Answer {
    world.call("removeMember").by(by).path("id", &member.account.to_string()).send().await
}

async fn listed(world: &World, by: &Person) -> Vec<Value> {
    world.pass(1);
    let page = world.call("listMembers").by(by).send().await.expect(200).json();
    page["data"].as_array().unwrap().clone()
}

fn is_last_admin(answer: &Answer) -> bool {
    answer.status == 409 && answer.body.contains("last active admin")
}

/// The role that the authorizer states about the person; `None` if it refuses the token.
async fn role_of(world: &World, person: &Person) -> Option<String> {
    let claims = Claims {
        sub: person.account.to_string(),
        org_id: person.tenant.to_string(),
        role: "sales_rep".to_owned(),
        email: person.email.clone(),
        sid: person.session.to_string(),
        iss: TestTokens::issuer().issuer,
        aud: TestTokens::issuer().audience,
        iat: world.now().seconds(),
        exp: world.now().seconds() + 900,
        jti: "j".to_owned(),
    };
    let token = world.tokens().sign(&claims).await.unwrap();
    // A refusal is a policy that denies everything.
    let policy = world.authorize(&token).await.ok()?;
    let is_allowed = policy["policyDocument"]["Statement"][0]["Effect"] == "Allow";
    is_allowed.then(|| policy["context"]["role"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn members_are_listed_newest_first_with_name_and_address() {
    let world = World::start();
    let admin = world.admin().await;
    world.pass(1);
    let rep = world.colleague(&admin, Role::SalesRep).await;
    let stranger = world.admin().await;
    let members = listed(&world, &admin).await;
    let ids: Vec<&str> = members.iter().map(|member| member["account_id"].as_str().unwrap()).collect();
    assert_eq!(ids, [rep.account.to_string(), admin.account.to_string()]);
    assert_eq!(members[0]["email"], rep.email);
    assert_eq!(members[0]["name"], "Charles Babbage");
    assert_eq!((&members[0]["role"], &members[0]["status"]), (&json!("sales_rep"), &json!("active")));
    assert_eq!(members[1]["role"], "admin");
    assert_eq!(listed(&world, &stranger).await.len(), 1);
    // Pages of one member have both of them.
    let first = world.call("listMembers").by(&admin).query("limit", "1").send().await.expect(200).json();
    let cursor = first["next_cursor"].as_str().unwrap().to_owned();
    let second = world.call("listMembers").by(&admin).query("limit", "1").query("cursor", &cursor);
    let second = second.send().await.expect(200).json();
    assert_eq!(second["data"][0]["account_id"], admin.account.to_string());
}

#[tokio::test]
async fn a_role_that_is_replaced_counts_at_the_next_look_of_the_authorizer() {
    let world = World::start();
    let admin = world.admin().await;
    let rep = world.colleague(&admin, Role::SalesRep).await;
    world.sign_in(&rep).await;
    assert_eq!(role_of(&world, &rep).await.as_deref(), Some("sales_rep"));
    let answer = replace(&world, &admin, &rep, "manager", "active").await.expect(200);
    assert_eq!(role_of(&world, &rep).await.as_deref(), Some("manager"));
    assert_eq!(answer.header("ETag"), Some("\"2\""));
    assert_eq!(answer.json()["role"], "manager");
    // The same again changes nothing.
    let before = world.snapshot().await;
    replace(&world, &admin, &rep, "manager", "active").await.expect(200);
    world.unchanged_since(&before).await;
    assert_eq!(world.events("member_role_changed").await.len(), 1);
    // A version that is not the newest is refused.
    let call = world.call("updateMember").by(&admin).path("id", &rep.account.to_string()).if_match(1);
    call.send().await.problem(412, "precondition_failed");
    world.check_folds().await;
}

#[tokio::test]
async fn a_suspended_member_is_refused_by_the_authorizer_until_reactivated() {
    let world = World::start();
    let admin = world.admin().await;
    // The list has those first who joined last.
    world.pass(1);
    let rep = world.colleague(&admin, Role::SalesRep).await;
    world.sign_in(&rep).await;
    replace(&world, &admin, &rep, "sales_rep", "suspended").await.expect(200);
    assert_eq!(role_of(&world, &rep).await, None);
    assert_eq!(listed(&world, &admin).await[0]["status"], "suspended");
    replace(&world, &admin, &rep, "sales_rep", "active").await.expect(200);
    assert_eq!(role_of(&world, &rep).await.as_deref(), Some("sales_rep"));
    assert_eq!(listed(&world, &admin).await[0]["status"], "active");
    assert_eq!(world.events("member_suspended").await.len(), 1);
    assert_eq!(world.events("member_reactivated").await.len(), 1);
    replace(&world, &admin, &rep, "sales_rep", "removed").await.problem(400, "invalid_request");
    world.check_folds().await;
}

#[tokio::test]
async fn a_removed_member_is_gone_and_removing_again_changes_nothing() {
    let world = World::start();
    let admin = world.admin().await;
    let rep = world.colleague(&admin, Role::SalesRep).await;
    world.sign_in(&rep).await;
    remove(&world, &admin, &rep).await.expect(204);
    assert_eq!(role_of(&world, &rep).await, None);
    assert_eq!(listed(&world, &admin).await.len(), 1);
    let before = world.snapshot().await;
    remove(&world, &admin, &rep).await.expect(204);
    world.unchanged_since(&before).await;
    replace(&world, &admin, &rep, "manager", "active").await.problem(404, "not_found");
    assert_eq!(world.events("member_removed").await.len(), 1);
    world.check_folds().await;
}

#[tokio::test]
async fn everybody_may_leave_and_only_admins_remove_others() {
    let world = World::start();
    let admin = world.admin().await;
    let manager = world.colleague(&admin, Role::Manager).await;
    let rep = world.colleague(&admin, Role::SalesRep).await;
    remove(&world, &manager, &rep).await.problem(404, "not_found");
    remove(&world, &rep, &manager).await.problem(404, "not_found");
    remove(&world, &rep, &rep).await.expect(204);
    remove(&world, &manager, &manager).await.expect(204);
    assert_eq!(listed(&world, &admin).await.len(), 1);
}

#[tokio::test]
async fn a_member_of_another_organization_does_not_exist() {
    let world = World::start();
    let (admin, stranger) = (world.admin().await, world.admin().await);
    let theirs = world.colleague(&stranger, Role::SalesRep).await;
    let before = world.snapshot().await;
    replace(&world, &admin, &theirs, "manager", "active").await.problem(404, "not_found");
    remove(&world, &admin, &theirs).await.problem(404, "not_found");
    world.unchanged_since(&before).await;
}

#[tokio::test]
async fn the_last_active_admin_can_be_neither_demoted_nor_suspended_nor_removed() {
    let world = World::start();
    let admin = world.admin().await;
    let second = world.colleague(&admin, Role::Admin).await;
    // A suspended admin does not count.
    replace(&world, &admin, &second, "admin", "suspended").await.expect(200);
    for (role, status) in [("sales_rep", "active"), ("admin", "suspended"), ("manager", "suspended")] {
        assert!(is_last_admin(&replace(&world, &admin, &admin, role, status).await), "{role} {status}");
    }
    assert!(is_last_admin(&remove(&world, &admin, &admin).await));
    // With another active admin the first one may leave.
    replace(&world, &admin, &second, "admin", "active").await.expect(200);
    remove(&world, &admin, &admin).await.expect(204);
    assert!(is_last_admin(&remove(&world, &second, &second).await));
    world.check_folds().await;
}

#[tokio::test]
async fn two_admins_who_demote_each_other_at_the_same_time_leave_one_admin() {
    let world = World::start();
    for _ in 0..5 {
        let admin = world.admin().await;
        let second = world.colleague(&admin, Role::Admin).await;
        let pairs = (0..20).map(|turn| if turn % 2 == 0 { (&admin, &second) } else { (&second, &admin) });
        let answers =
            join_all(pairs.map(|(by, member)| replace(&world, by, member, "sales_rep", "active"))).await;
        for answer in &answers {
            assert!([200, 409].contains(&answer.status), "{}", answer.body);
        }
        world.pass(1);
        let admins = |members: Vec<Value>| members.iter().filter(|one| one["role"] == "admin").count();
        assert_eq!(admins(listed(&world, &admin).await), 1);
    }
    world.check_folds().await;
}
