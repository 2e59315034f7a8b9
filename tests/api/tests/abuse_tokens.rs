//! Tokens that must open nothing: forged, misused, out of date, or of somebody who may no longer act. Each test also shows that
//! an honest token of the same kind is let in, so that it fails if everything is refused.

use api_tests::{Person, TestTokens, World};
use application_core::repository::{Actor, PendingChange};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::AggregateType;
use domain::identity::{Revocation, Session, revoke_session};
use domain::tenancy::Role;
use ports::AggregateKey;
use ring::hmac;
use serde_json::{Value, json};

/// The header of an honest token.
fn header() -> Value {
    json!({"alg": "RS256", "typ": "JWT", "kid": "token-1"})
}

/// The claims of an honest token of the person.
fn claims(world: &World, person: &Person) -> Value {
    let issuer = TestTokens::issuer();
    json!({
        "sub": person.account.to_string(), "org_id": person.tenant.to_string(), "role": person.role.as_str(),
        "email": person.email, "sid": person.session.to_string(), "iss": issuer.issuer, "aud": issuer.audience,
        "iat": world.now().seconds(), "exp": world.now().seconds() + 900, "jti": "j",
    })
}

fn changed(value: &Value, name: &str, to: Value) -> Value {
    let mut value = value.clone();
    value[name] = to;
    value
}

fn without(value: &Value, name: &str) -> Value {
    let mut value = value.clone();
    value.as_object_mut().unwrap().remove(name);
    value
}

struct Scene {
    world: World,
    person: Person,
    header: Value,
    claims: Value,
}

impl Scene {
    async fn start() -> Self {
        let world = World::start();
        let person = world.admin().await;
        world.sign_in(&person).await;
        let claims = claims(&world, &person);
        Self { header: header(), claims, world, person }
    }

    fn signed(&self, header: &Value, claims: &Value) -> String {
        self.world.tokens().sign_text(&header.to_string(), &claims.to_string())
    }

    async fn honest(&self) -> Result<Value, String> {
        self.world.authorize(&self.signed(&self.header, &self.claims)).await
    }

    async fn refused(&self, token: &str, what: &str) {
        assert_eq!(self.world.authorize(token).await, Err("Deny".to_owned()), "{what}");
        // The honest token is let in before and after.
        assert!(self.honest().await.is_ok(), "{what}");
    }
}

/// A token without a signature that is right, but with this one.
fn with_signature(header: &Value, claims: &Value, signature: &[u8]) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{}", encode(header), encode(claims), URL_SAFE_NO_PAD.encode(signature))
}

#[tokio::test]
async fn tokens_without_a_signature_are_refused() {
    let scene = Scene::start().await;
    for alg in
        [json!("none"), json!("None"), json!("NONE"), json!(""), Value::Null, json!(["RS256"]), json!("nOnE")]
    {
        let header = changed(&scene.header, "alg", alg.clone());
        scene.refused(&with_signature(&header, &scene.claims, b""), &alg.to_string()).await;
    }
    scene.refused(&with_signature(&without(&scene.header, "alg"), &scene.claims, b""), "no alg").await;
    scene.refused(&with_signature(&scene.header, &scene.claims, b""), "RS256 and no signature").await;
    let honest = scene.signed(&scene.header, &scene.claims);
    let (message, signature) = honest.rsplit_once('.').unwrap();
    scene.refused(message, "two parts").await;
    scene.refused(&format!("{honest}.{signature}"), "four parts").await;
    let other = with_signature(&scene.header, &changed(&scene.claims, "role", json!("root")), b"x");
    scene.refused(&format!("{}.{signature}", other.rsplit_once('.').unwrap().0), "other claims").await;
}

#[tokio::test]
async fn the_public_key_is_no_secret_of_another_algorithm() {
    let scene = Scene::start().await;
    let public = scene.world.tokens().public_key();
    let modulus = URL_SAFE_NO_PAD.decode(&public.n).unwrap();
    let set = json!({"keys": [{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": public.kid, "n": public.n, "e": public.e}]});
    for alg in ["HS256", "HS384", "HS512", "PS256", "ES256", "RS384", "RS512", "EdDSA"] {
        let header = changed(&scene.header, "alg", json!(alg));
        for secret in [modulus.as_slice(), public.n.as_bytes(), set.to_string().as_bytes(), b""] {
            let message = with_signature(&header, &scene.claims, b"");
            let message = message.trim_end_matches('.');
            let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message.as_bytes());
            scene.refused(&with_signature(&header, &scene.claims, signature.as_ref()), alg).await;
        }
        // A right RS256 signature under another name.
        scene.refused(&scene.signed(&header, &scene.claims), alg).await;
    }
}

#[tokio::test]
async fn a_header_brings_no_key_and_names_no_file() {
    let scene = Scene::start().await;
    let kids = [
        "../../../../dev/null",
        "/dev/null",
        "token-1\u{0}",
        "token-1' OR '1'='1",
        "token-2",
        "",
        "TOKEN-1",
        "arn:aws:kms:eu-west-1:123456789012:key/token-1",
        "https://evil.example/jwks.json",
        "%2e%2e/token-1",
    ];
    for kid in kids {
        scene.refused(&scene.signed(&changed(&scene.header, "kid", json!(kid)), &scene.claims), kid).await;
    }
    for kid in [Value::Null, json!(1), json!(["token-1"]), json!({"kid": "token-1"})] {
        let header = changed(&scene.header, "kid", kid.clone());
        scene.refused(&scene.signed(&header, &scene.claims), &kid.to_string()).await;
    }
    scene.refused(&scene.signed(&without(&scene.header, "kid"), &scene.claims), "no kid").await;
    // An attacker signs with a key of their own and brings it along.
    let attacker = TestTokens::of_attacker();
    let own = attacker.public_key();
    let jwk = json!({"kty": "RSA", "n": own.n, "e": own.e, "kid": own.kid, "alg": "RS256", "use": "sig"});
    let forged = attacker.sign_text(&scene.header.to_string(), &scene.claims.to_string());
    scene.refused(&forged, "another key of the same name").await;
    for (name, value) in [
        ("jku", json!("https://evil.example/jwks.json")),
        ("x5u", json!("https://evil.example/cert.pem")),
        ("jwk", jwk),
        ("x5c", json!(["MIIB"])),
    ] {
        let header = changed(&scene.header, name, value);
        let token = attacker.sign_text(&header.to_string(), &scene.claims.to_string());
        scene.refused(&token, name).await;
    }
}

#[tokio::test]
async fn issuer_audience_type_and_times_are_exact() {
    let scene = Scene::start().await;
    let now = scene.world.now().seconds();
    let cases = [
        ("iss", json!("https://evil.example")),
        ("iss", json!("https://api.example.test/")),
        ("iss", Value::Null),
        ("aud", json!("other")),
        ("aud", json!("")),
        ("aud", Value::Null),
        ("exp", json!(now - 31)),
        ("exp", json!(format!("{}", now + 900))),
        ("exp", json!("never")),
        ("exp", Value::Null),
        ("exp", json!(true)),
        ("exp", json!([now + 900])),
        ("exp", json!(-1)),
        ("sub", json!("")),
        ("sub", json!(7)),
        ("sid", Value::Null),
        ("org_id", json!("org_00000000000000000000000000")),
        ("role", json!("root")),
        ("role", json!("api_key")),
    ];
    for (name, value) in cases {
        let token = scene.signed(&scene.header, &changed(&scene.claims, name, value.clone()));
        scene.refused(&token, &format!("{name} {value}")).await;
    }
    for name in ["iss", "aud", "exp", "sub", "org_id", "sid", "role"] {
        let token = scene.signed(&scene.header, &without(&scene.claims, name));
        scene.refused(&token, &format!("no {name}")).await;
    }
    for typ in [json!("at+jwt"), json!("JWE"), json!("jwt"), json!(""), Value::Null] {
        let header = changed(&scene.header, "typ", typ.clone());
        scene.refused(&scene.signed(&header, &scene.claims), &format!("typ {typ}")).await;
    }
    scene.refused(&scene.signed(&without(&scene.header, "typ"), &scene.claims), "no typ").await;
    // Numbers that no clock reaches, in the JSON itself.
    let honest = scene.claims.to_string();
    let exp = format!("\"exp\":{}", now + 900);
    assert!(honest.contains(&exp));
    for huge in ["1e30", "1e400", "99999999999999999999999999", "-1e30", "0x7fffffff"] {
        let claims = honest.replace(&exp, &format!("\"exp\":{huge}"));
        scene.refused(&scene.world.tokens().sign_text(&scene.header.to_string(), &claims), huge).await;
    }
}

#[tokio::test]
async fn a_claim_that_comes_twice_is_refused_whichever_would_win() {
    let scene = Scene::start().await;
    let stranger = scene.world.admin().await;
    let honest = scene.claims.to_string();
    for (name, other) in [
        ("role", json!("sales_rep")),
        ("sub", json!(stranger.account.to_string())),
        ("org_id", json!(stranger.tenant.to_string())),
        ("exp", json!(9_999_999_999_i64)),
    ] {
        let pair = format!("\"{name}\":{other}");
        let body = honest.trim_start_matches('{').trim_end_matches('}');
        for claims in [format!("{{{pair},{body}}}"), format!("{{{body},{pair}}}")] {
            let token = scene.world.tokens().sign_text(&scene.header.to_string(), &claims);
            scene.refused(&token, &format!("{name} twice")).await;
        }
    }
}

#[tokio::test]
async fn a_token_of_one_kind_is_none_of_another() {
    let world = World::start();
    let body = json!({"email": "ada@northwind.example", "password": "correct horse battery staple", "name": "Ada", "organization_name": "N"});
    world.call("registerAccount").json(&body).send().await.expect(201);
    let body = json!({"email": "ada@northwind.example", "password": "correct horse battery staple"});
    let tokens = world.call("login").json(&body).send().await.expect(200).json();
    let (access, refresh) =
        (tokens["access_token"].as_str().unwrap(), tokens["refresh_token"].as_str().unwrap());
    assert_eq!(world.authorize(refresh).await, Err("Deny".to_owned()));
    let send =
        async |token: &str| world.call("refreshSession").json(&json!({"refresh_token": token})).send().await;
    send(access).await.problem(401, "invalid_refresh_token");
    let admin = world.admin().await;
    let key = world.api_key(&admin, &["model:read"]).await;
    send(&key.text).await.problem(401, "invalid_refresh_token");
    assert!(world.authorize(access).await.is_ok());
    send(refresh).await.expect(200);
}

#[tokio::test]
async fn a_token_outlives_neither_its_session_nor_its_member() {
    // A revoked session.
    let scene = Scene::start().await;
    let token = scene.signed(&scene.header, &scene.claims);
    assert!(scene.world.authorize(&token).await.is_ok());
    let key = AggregateKey::new(scene.person.tenant, AggregateType::Session, &scene.person.session);
    let store = scene.world.store().as_ref();
    let context = scene.world.context();
    let mut session = PendingChange::<Session>::load(store, key, &[]).await.unwrap().unwrap();
    let event = revoke_session(session.state(), Revocation::EndedByOwner).unwrap();
    session.record(&event, &context, &Actor::account(scene.person.account)).unwrap();
    session.commit(store).await.unwrap();
    assert_eq!(scene.world.authorize(&token).await, Err("Deny".to_owned()));

    // A removed and a suspended member, whose items are changed directly in the table.
    for suspend in [false, true] {
        let scene = Scene::start().await;
        let token = scene.signed(&scene.header, &scene.claims);
        assert!(scene.world.authorize(&token).await.is_ok());
        change_member(&scene, suspend).await;
        assert_eq!(scene.world.authorize(&token).await, Err("Deny".to_owned()), "suspended: {suspend}");
    }
}

/// Suspends or removes the member of the scene.
async fn change_member(scene: &Scene, suspend: bool) {
    let environment = scene.world.environment();
    let state = environment.tables().state;
    let items = environment.items(&state).await;
    let of_member = |pk: &str| pk.contains("#member#");
    let item = items.into_iter().find(|item| of_member(item["pk"].as_s().unwrap())).unwrap();
    let client = environment.client();
    if suspend {
        let document = item["state"].as_b().unwrap().as_ref();
        let document = String::from_utf8(document.to_vec()).unwrap();
        let suspended = document.replace("\"status\":\"active\"", "\"status\":\"suspended\"");
        assert_ne!(suspended, document);
        let mut item = item.clone();
        item.insert("state".to_owned(), AttributeValue::B(Blob::new(suspended)));
        client.put_item().table_name(&state).set_item(Some(item)).send().await.unwrap();
    } else {
        let delete = client.delete_item().table_name(&state);
        delete.key("pk", item["pk"].clone()).key("sk", item["sk"].clone()).send().await.unwrap();
    }
}

#[tokio::test]
async fn the_role_in_a_token_does_not_count() {
    let world = World::start();
    let admin = world.admin().await;
    let rep = world.colleague(&admin, Role::SalesRep).await;
    world.sign_in(&rep).await;
    let claimed = changed(&claims(&world, &rep), "role", json!("admin"));
    let token = world.tokens().sign_text(&header().to_string(), &claimed.to_string());
    let policy = world.authorize(&token).await.unwrap();
    assert_eq!(policy["context"]["role"], "sales_rep");
    world.call("listApiKeys").let_in(&policy).send().await.problem(403, "forbidden");
    // A session of somebody else is none of this person.
    let stolen = changed(&claims(&world, &rep), "sub", json!(admin.account.to_string()));
    let token = world.tokens().sign_text(&header().to_string(), &stolen.to_string());
    assert_eq!(world.authorize(&token).await, Err("Deny".to_owned()));
}

#[tokio::test]
async fn headers_that_clients_send_change_no_caller() {
    let world = World::start();
    let admin = world.admin().await;
    let rep = world.colleague(&admin, Role::SalesRep).await;
    let honest = world.call("getProfile").by(&rep).send().await.expect(200).json();
    let tenant = world.admin().await.tenant.to_string();
    for (name, value) in [
        ("X-Forwarded-For", "127.0.0.1"),
        ("X-Forwarded-Host", "evil.example"),
        ("X-Forwarded-Proto", "http"),
        ("X-Forwarded-User", "root"),
        ("X-Original-URL", "/v1/api-keys"),
        ("X-Rewrite-URL", "/v1/api-keys"),
        ("X-HTTP-Method-Override", "DELETE"),
        ("X-Amzn-Oidc-Identity", "root"),
        ("X-Amzn-Oidc-Data", "root"),
        ("x-amzn-requestid", "7"),
        ("X-Amz-Security-Token", "x"),
        ("X-User-Role", "admin"),
        ("role", "admin"),
        ("sub", "root"),
        ("X-Tenant-Id", tenant.as_str()),
    ] {
        world.pass(60);
        let read = world.call("getProfile").by(&rep).header(name, value).send().await.expect(200);
        assert_eq!(read.json(), honest, "{name}");
        let list = world.call("listApiKeys").by(&rep).header(name, value).send().await;
        list.problem(403, "forbidden");
    }
    // The address that is counted is the gateway's.
    let attempt = |number: usize, forwarded: &str| {
        let body = json!({"email": format!("nobody{number}@northwind.example"), "password": "x"});
        world.call("login").json(&body).from("203.0.113.9").header("X-Forwarded-For", forwarded).send()
    };
    for number in 0..20 {
        attempt(number, &format!("198.51.100.{number}")).await.expect(401);
    }
    attempt(20, "198.51.100.99").await.problem(429, "rate_limited");
}

#[tokio::test]
async fn a_registration_sets_no_role_and_no_organization() {
    let world = World::start();
    let stranger = world.admin().await;
    let before = world.snapshot().await;
    for (number, (name, value)) in [
        ("role", json!("admin")),
        ("organization_id", json!(stranger.tenant.to_string())),
        ("account_id", json!(stranger.account.to_string())),
        ("subscription_tier", json!("enterprise")),
        ("email_verified", json!(true)),
        ("status", json!("active")),
    ]
    .into_iter()
    .enumerate()
    {
        let mut body = json!({
            "email": "eve@northwind.example", "password": "correct horse battery staple", "name": "Eve",
            "organization_name": "E",
        });
        body[name] = value;
        let call = world.call("registerAccount").json(&body).from(&format!("198.51.100.{number}"));
        assert_eq!(call.send().await.expect(400).fields(), [format!("/{name}")]);
    }
    world.unchanged_since(&before).await;
}
