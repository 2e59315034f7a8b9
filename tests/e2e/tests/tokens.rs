//! Access tokens at the gateway: the published keys verify them, and every known way of forging one is refused. The
//! forger has the account's own claims, and, where necessary, the real signing key.

use crate::shared;
use adapter_token::Rs256Verifier;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use e2e_tests::{Aws, Client, environment};
use ports::{Jwk, TokenVerifier};
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

fn part(token: &str, at: usize) -> Value {
    let text = token.split('.').nth(at).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
}

fn unsigned(header: &Value, claims: &Value) -> String {
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()))
}

fn published_keys() -> Vec<Jwk> {
    let keys = Client::anonymous().get("/.well-known/jwks.json").json(200);
    keys["keys"].as_array().unwrap().iter().map(|key| serde_json::from_value(key.clone()).unwrap()).collect()
}

/// Signs with the deployment's own key, as only the key service can.
fn signed_by_us(kid: &str, header: &Value, claims: &Value) -> String {
    let input = unsigned(header, claims);
    let signed = Aws::call(
        "TrentService.Sign",
        &json!({
            "KeyId": kid, "Message": STANDARD.encode(&input), "MessageType": "RAW",
            "SigningAlgorithm": "RSASSA_PKCS1_V1_5_SHA_256",
        }),
    );
    let signature = STANDARD.decode(signed["Signature"].as_str().unwrap()).unwrap();
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn key_pair(pem: &str) -> RsaKeyPair {
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    RsaKeyPair::from_pkcs8(&STANDARD.decode(body).unwrap()).unwrap()
}

fn status_of(token: &str) -> u16 {
    Client::with_token(token).get("/v1/organizations/current").status
}

#[test]
fn the_published_keys_verify_a_token() {
    let token = shared().admin.token();
    let keys = published_keys();
    assert_eq!(keys.len(), 2, "two keys, so that they can rotate");
    let verifier = |keys: Vec<Jwk>, issuer: &str| {
        let source = Box::new(move || {
            let keys = keys.clone();
            let answer: ports::BoxFuture<'static, _> = Box::pin(async move { Ok(keys) });
            answer
        });
        Rs256Verifier::new(issuer, "sextant", source)
    };
    let issuer = environment().api_url.as_str();
    let claims = Aws::run(verifier(keys.clone(), issuer).verify(token, now())).expect("a valid token");
    assert_eq!((claims.sub, claims.org_id), (shared().account_id.clone(), shared().id.clone()));
    assert_eq!(claims.exp - claims.iat, 900);

    // With another key under the same name the signature does not match.
    let kid = part(token, 0)["kid"].clone();
    let other = keys.iter().find(|key| kid != key.kid.as_str()).unwrap();
    let swapped = Jwk { kid: kid.as_str().unwrap().to_owned(), ..other.clone() };
    assert!(Aws::run(verifier(vec![swapped], issuer).verify(token, now())).is_err());
}

#[test]
fn forged_tokens_are_refused() {
    let token = shared().admin.token();
    let (header, claims) = (part(token, 0), part(token, 1));
    let kid = header["kid"].as_str().unwrap();
    assert_eq!(status_of(token), 200);

    let other_key = key_pair(OTHER_KEY);
    let input = unsigned(&header, &claims);
    let mut signature = vec![0; other_key.public().modulus_len()];
    other_key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), input.as_bytes(), &mut signature).unwrap();
    let by_another_key = format!("{input}.{}", URL_SAFE_NO_PAD.encode(&signature));

    // The public key as a shared secret: a verifier that lets the token choose the algorithm would accept it.
    let modulus = published_keys().into_iter().find(|key| key.kid == kid).unwrap().n;
    let symmetric = unsigned(&json!({"alg": "HS256", "typ": "JWT", "kid": kid}), &claims);
    let secret = hmac::Key::new(hmac::HMAC_SHA256, &URL_SAFE_NO_PAD.decode(modulus).unwrap());
    let symmetric =
        format!("{symmetric}.{}", URL_SAFE_NO_PAD.encode(hmac::sign(&secret, symmetric.as_bytes())));

    let mut other_tenant = claims.clone();
    other_tenant["org_id"] = json!("org_01h2xcejqtf2nbrexx3vqjhp41");
    let signature = token.rsplit('.').next().unwrap();
    let changed = format!("{}.{signature}", unsigned(&header, &other_tenant));

    let none = format!("{}.", unsigned(&json!({"alg": "none", "typ": "JWT", "kid": kid}), &claims));
    let none_named = format!("{}.{signature}", unsigned(&json!({"alg": "none", "kid": kid}), &claims));

    for (what, forged) in [
        ("signed by another key", by_another_key),
        ("HS256 with the public key", symmetric),
        ("another tenant under the old signature", changed),
        ("no algorithm, no signature", none),
        ("no algorithm, some signature", none_named),
        ("without its signature", token.rsplit_once('.').unwrap().0.to_owned()),
        ("not a token", "not.a.token".to_owned()),
    ] {
        Client::with_token(&forged).get("/v1/organizations/current").problem(401, "unauthenticated");
        assert_eq!(status_of(&forged), 401, "{what}");
    }
}

#[test]
fn a_right_signature_is_not_enough() {
    let token = shared().admin.token();
    let (header, claims) = (part(token, 0), part(token, 1));
    let kid = header["kid"].as_str().unwrap();
    let with = |name: &str, value: Value| {
        let mut claims = claims.clone();
        claims[name] = value;
        signed_by_us(kid, &header, &claims)
    };
    // The same way of signing makes a token that is accepted, so the tokens below are refused for their claims.
    assert_eq!(status_of(&with("jti", json!("another"))), 200);
    assert_eq!(status_of(&with("exp", json!(now() - 60))), 401, "expired");
    assert_eq!(status_of(&with("nbf", json!(now() + 600))), 401, "not yet valid");
    assert_eq!(status_of(&with("iss", json!("https://evil.example"))), 401, "another issuer");
    assert_eq!(status_of(&with("aud", json!("another-api"))), 401, "another audience");
}

/// A key without an owner, made for this test.
const OTHER_KEY: &str = include_str!("keys/other.pem");
