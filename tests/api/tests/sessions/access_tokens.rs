//! Access tokens: their claims, their signature and their lifetime, as the authorizer checks them.

use super::{PASSWORD, authorized, login, register};
use api_tests::{Person, TestTokens, World};
use application_core::{lists, repository};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::AggregateType;
use domain::identity::{AuthenticationMethod, Session, SessionDevice};
use ports::{AggregateKey, Claims, ListQuery, ListScope, TokenSigner};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde_json::{Value, json};

#[tokio::test]
async fn a_signature_is_not_enough_for_claims_of_nobody() {
    let world = World::start();
    let admin = world.admin().await;
    world.sign_in(&admin).await;
    let token = async |change: fn(&mut Claims)| {
        let mut claims = Claims {
            sub: admin.account.to_string(),
            org_id: admin.tenant.to_string(),
            role: "admin".to_owned(),
            email: admin.email.clone(),
            sid: admin.session.to_string(),
            iss: TestTokens::issuer().issuer,
            aud: TestTokens::issuer().audience,
            iat: world.now().seconds(),
            exp: world.now().seconds() + 900,
            jti: "j".to_owned(),
        };
        change(&mut claims);
        authorized(&world, &world.tokens().sign(&claims).await.unwrap()).await
    };
    assert_eq!(token(|_| {}).await.unwrap().account, admin.account);
    for change in [
        (|claims| claims.role = "root".to_owned()) as fn(&mut Claims),
        // A token can't claim to be an API key.
        |claims| claims.role = "api_key".to_owned(),
        |claims| claims.sub = claims.org_id.clone(),
        |claims| claims.org_id = claims.sub.clone(),
        |claims| claims.sid = String::new(),
    ] {
        assert_eq!(token(change).await.unwrap_err(), "Deny");
    }
}

#[tokio::test]
async fn an_access_token_verifies_with_the_published_keys() {
    let world = World::start();
    register(&world, "ada@northwind.example").await;
    let tokens = login(&world, "ada@northwind.example", PASSWORD).await.expect(200).json();
    let token = tokens["access_token"].as_str().unwrap();
    let decoded = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
    let (message, signature) = token.rsplit_once('.').unwrap();
    let (header, claims) = message.split_once('.').unwrap();
    let header: Value = serde_json::from_slice(&decoded(header)).unwrap();
    let answer = world.call("getJwks").send().await.expect(200);
    assert_eq!(answer.header("Cache-Control"), Some("public, max-age=3600"));
    let keys = answer.json()["keys"].as_array().unwrap().clone();
    let key = keys.iter().find(|key| key["kid"] == header["kid"]).unwrap();
    let key = RsaPublicKeyComponents {
        n: decoded(key["n"].as_str().unwrap()),
        e: decoded(key["e"].as_str().unwrap()),
    };
    key.verify(&RSA_PKCS1_2048_8192_SHA256, message.as_bytes(), &decoded(signature)).unwrap();
    let claims: Value = serde_json::from_slice(&decoded(claims)).unwrap();
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!("https://api.example.test"), &json!("sextant")));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 900);
    assert_eq!(claims["iat"], world.now().seconds());
    let names: Vec<&String> = claims.as_object().unwrap().keys().collect();
    assert_eq!(names.len(), 10, "{names:?}");
}

#[tokio::test]
async fn the_authorizer_lets_valid_tokens_through_and_no_others() {
    let world = World::start();
    register(&world, "ada@northwind.example").await;
    let tokens = login(&world, "ada@northwind.example", PASSWORD).await.expect(200).json();
    let token = tokens["access_token"].as_str().unwrap();
    let person = authorized(&world, token).await.unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    let claims = String::from_utf8(URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
    let stranger = world.admin().await;
    for changed in [
        claims.replace("admin", "owner"),
        claims.replace(&person.tenant.to_string(), &stranger.tenant.to_string()),
        claims.replace(&person.account.to_string(), &stranger.account.to_string()),
    ] {
        assert_ne!(changed, claims);
        let forged = format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode(&changed), parts[2]);
        assert_eq!(authorized(&world, &forged).await.unwrap_err(), "Deny");
        let unsigned = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
        let forged = format!("{unsigned}.{}.", URL_SAFE_NO_PAD.encode(&changed));
        assert_eq!(authorized(&world, &forged).await.unwrap_err(), "Deny");
    }
    let refresh = tokens["refresh_token"].as_str().unwrap();
    assert_eq!(authorized(&world, refresh).await.unwrap_err(), "Deny");
    // Fifteen minutes, plus thirty seconds for clocks that differ.
    world.pass(900 + 29);
    authorized(&world, token).await.unwrap();
    world.pass(1);
    assert_eq!(authorized(&world, token).await.unwrap_err(), "Deny");
}

#[tokio::test]
async fn a_token_of_an_ended_session_is_refused_and_other_sessions_go_on() {
    let world = World::start();
    register(&world, "ada@northwind.example").await;
    let first = login(&world, "ada@northwind.example", PASSWORD).await.expect(200).json();
    let second = login(&world, "ada@northwind.example", PASSWORD).await.expect(200).json();
    let [first, second] = [first, second].map(|tokens| tokens["access_token"].as_str().unwrap().to_owned());
    let person = authorized(&world, &first).await.unwrap();
    world.call("logout").by(&person).send().await.expect(204);
    assert_eq!(authorized(&world, &first).await.unwrap_err(), "Deny");
    assert_ne!(authorized(&world, &second).await.unwrap().session, person.session);
}

#[tokio::test]
async fn the_authorizer_tells_when_the_person_signed_in_and_a_refresh_does_not_change_it() {
    let world = World::start();
    register(&world, "ada@northwind.example").await;
    let tokens = login(&world, "ada@northwind.example", PASSWORD).await.expect(200).json();
    let signed_in_at = world.now().seconds();
    world.pass(1200);
    let body = json!({"refresh_token": tokens["refresh_token"]});
    let refreshed = world.call("refreshSession").json(&body).send().await.expect(200).json();
    let person = authorized(&world, refreshed["access_token"].as_str().unwrap()).await.unwrap();
    assert_eq!(person.authenticated_at.seconds(), signed_in_at);
    assert_eq!(person.account_organization, person.tenant);
}

#[tokio::test]
async fn a_named_device_is_kept_with_the_session_and_sealed_in_the_ledger() {
    let world = World::start();
    register(&world, "ada@northwind.example").await;
    let body =
        json!({"email": "ada@northwind.example", "password": PASSWORD, "device_name": " Ada's phone "});
    let tokens = world.call("login").json(&body).send().await.expect(200).json();
    let person = authorized(&world, tokens["access_token"].as_str().unwrap()).await.unwrap();
    let key = AggregateKey::new(person.tenant, AggregateType::Session, &person.session);
    let session = repository::load::<Session>(world.store().as_ref(), &key).await.unwrap().unwrap().state;
    assert_eq!(session.device, Some(SessionDevice { name: "Ada's phone".to_owned(), ip_country: None }));
    assert_eq!(session.methods, [AuthenticationMethod::Password]);
    let folded = repository::fold_at::<Session>(world.store().as_ref(), &key, 1).await.unwrap().state;
    assert_eq!(folded, session);
    for item in world.environment().items(&world.environment().tables().ledger).await {
        assert!(!format!("{item:?}").contains("phone"), "{item:?}");
    }
    let too_long =
        json!({"email": "ada@northwind.example", "password": PASSWORD, "device_name": "x".repeat(101)});
    let refused = world.call("login").json(&too_long).send().await.expect(400);
    assert_eq!(refused.fields(), ["/device_name"]);
}

#[tokio::test]
async fn the_sessions_of_an_account_are_a_list() {
    let world = World::start();
    let admin = world.admin().await;
    let mut expected = Vec::new();
    for _ in 0..3 {
        let person = Person { session: world.context().new_id().unwrap(), ..admin.clone() };
        world.sign_in(&person).await;
        expected.insert(0, person.session);
        world.tick();
    }
    let stranger = world.admin().await;
    world.sign_in(&stranger).await;
    let scope = ListScope::Owner(admin.tenant, admin.account);
    let query = ListQuery::of::<Session>(Session::OF_ACCOUNT_BY_TIME, scope, 10, None);
    let page = lists::page::<Session>(world.store().as_ref(), &query).await.unwrap();
    let found: Vec<_> = page.items.iter().map(|session| session.state.id).collect();
    assert_eq!(found, expected);
}
