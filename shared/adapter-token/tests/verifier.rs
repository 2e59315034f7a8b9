//! Honest tokens pass, every known way of forging one fails. Tokens are signed with real RSA keys made for these tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use adapter_token::Rs256Verifier;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ports::{Claims, Jwk, TokenError, TokenVerifier};
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};

const NOW: i64 = 1_800_000_000;
const ISSUER: &str = "https://api.example.test";

struct TestKey {
    kid: &'static str,
    pair: RsaKeyPair,
}

impl TestKey {
    fn read(kid: &'static str, pem: &str) -> Self {
        let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        Self { kid, pair: RsaKeyPair::from_pkcs8(&STANDARD.decode(body).unwrap()).unwrap() }
    }

    fn ours() -> Self {
        Self::read("k1", include_str!("keys/signing.pem"))
    }

    fn foreign() -> Self {
        Self::read("k1", include_str!("keys/other.pem"))
    }

    fn public(&self) -> PublicKeyComponents<Vec<u8>> {
        PublicKeyComponents::from(self.pair.public())
    }

    fn jwk(&self) -> Jwk {
        let component = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        Jwk {
            kty: "RSA".to_owned(),
            usage: "sig".to_owned(),
            alg: "RS256".to_owned(),
            kid: self.kid.to_owned(),
            n: component(&self.public().n),
            e: component(&self.public().e),
        }
    }

    fn sign(&self, input: &str) -> String {
        let mut signature = vec![0; self.pair.public().modulus_len()];
        self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), input.as_bytes(), &mut signature).unwrap();
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn token(&self, header: &Value, claims: &Value) -> String {
        self.sign(&input(&header.to_string(), &claims.to_string()))
    }
}

fn input(header: &str, claims: &str) -> String {
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims))
}

fn header() -> Value {
    json!({"alg": "RS256", "typ": "JWT", "kid": "k1"})
}

fn claims() -> Value {
    json!({
        "sub": "account_1", "org_id": "org_1", "role": "manager", "email": "a@example.test", "sid": "session_1",
        "iss": ISSUER, "aud": "sextant", "iat": NOW, "exp": NOW + 900, "jti": "t1"
    })
}

fn with(mut value: Value, member: &str, to: Value) -> Value {
    value[member] = to;
    value
}

fn without(mut value: Value, member: &str) -> Value {
    value.as_object_mut().unwrap().remove(member).unwrap();
    value
}

fn verifier() -> Rs256Verifier {
    Rs256Verifier::new(ISSUER, "sextant", Box::new(|| Box::pin(async { Ok(vec![TestKey::ours().jwk()]) })))
}

async fn verify(token: &str, now: i64) -> Result<Claims, &'static str> {
    verifier().verify(token, now).await.map_err(|error| match error {
        TokenError::Invalid(reason) => reason,
        TokenError::Unavailable(source) => panic!("{source}"),
        TokenError::Store(source) => panic!("{source}"),
    })
}

#[tokio::test]
async fn an_honest_token_gives_its_claims() {
    let token = TestKey::ours().token(&header(), &claims());
    let verified = verify(&token, NOW + 899).await.unwrap();
    assert_eq!(serde_json::to_value(verified).unwrap(), claims());
}

#[tokio::test]
async fn forged_signatures_and_swapped_algorithms_are_refused() {
    let ours = TestKey::ours();
    let honest = ours.token(&header(), &claims());
    let (message, signature) = honest.rsplit_once('.').unwrap();

    assert_eq!(verify(&TestKey::foreign().token(&header(), &claims()), NOW).await, Err("signature"));
    let promoted = input(&header().to_string(), &with(claims(), "role", json!("admin")).to_string());
    assert_eq!(verify(&format!("{promoted}.{signature}"), NOW).await, Err("signature"));
    assert_eq!(verify(&format!("{message}."), NOW).await, Err("signature"));

    for name in ["none", "None", "NONE", "nOnE"] {
        let unsigned = input(&with(header(), "alg", json!(name)).to_string(), &claims().to_string());
        assert_eq!(verify(&format!("{unsigned}."), NOW).await, Err("malformed"), "{name}");
        assert_eq!(verify(&format!("{unsigned}.{signature}"), NOW).await, Err("malformed"), "{name}");
    }
    for name in ["RS384", "RS512", "PS256", "ES256", "HS256", "EdDSA"] {
        let token = ours.token(&with(header(), "alg", json!(name)), &claims());
        assert_eq!(verify(&token, NOW).await, Err("algorithm"), "{name}");
    }
}

#[tokio::test]
async fn the_public_key_is_no_hmac_secret() {
    let ours = TestKey::ours();
    let modulus = ours.public().n;
    let jwk = serde_json::to_vec(&ours.jwk()).unwrap();
    let public = ours.pair.public().as_ref().to_vec();
    for secret in [modulus, jwk, public] {
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &secret);
        for (name, refusal) in [("HS256", "algorithm"), ("RS256", "signature")] {
            let input = input(&with(header(), "alg", json!(name)).to_string(), &claims().to_string());
            let tag = URL_SAFE_NO_PAD.encode(ring::hmac::sign(&key, input.as_bytes()));
            assert_eq!(verify(&format!("{input}.{tag}"), NOW).await, Err(refusal));
        }
    }
}

#[tokio::test]
async fn the_key_must_be_named_and_ours_and_no_header_can_bring_its_own() {
    let foreign = TestKey::foreign();
    assert_eq!(
        verify(&TestKey::ours().token(&without(header(), "kid"), &claims()), NOW).await,
        Err("no key named")
    );
    for kid in ["k2", "", "../k1", "K1"] {
        let token = TestKey::ours().token(&with(header(), "kid", json!(kid)), &claims());
        assert_eq!(verify(&token, NOW).await, Err("unknown key"), "{kid}");
    }
    let own_key = with(header(), "jwk", json!({"kty": "RSA", "n": foreign.jwk().n, "e": foreign.jwk().e}));
    assert_eq!(verify(&foreign.token(&own_key, &claims()), NOW).await, Err("signature"));
    let critical = with(header(), "crit", json!(["b64"]));
    assert_eq!(verify(&TestKey::ours().token(&critical, &claims()), NOW).await, Err("critical extension"));
}

#[tokio::test]
async fn issuer_audience_and_required_claims_are_checked() {
    let ours = TestKey::ours();
    for (member, value, refusal) in [
        ("iss", json!("https://evil.test"), "issuer"),
        ("iss", json!(format!("{ISSUER}/")), "issuer"),
        ("aud", json!("other"), "audience"),
        ("aud", json!(["sextant", "other"]), "malformed"),
        ("exp", json!("1800000900"), "malformed"),
        ("sub", json!(null), "malformed"),
    ] {
        let token = ours.token(&header(), &with(claims(), member, value));
        assert_eq!(verify(&token, NOW).await, Err(refusal), "{member}");
    }
    for member in claims().as_object().unwrap().keys() {
        let token = ours.token(&header(), &without(claims(), member));
        assert!(verify(&token, NOW).await.is_err(), "{member}");
    }
}

#[tokio::test]
async fn times_are_held_to_thirty_seconds() {
    let token = TestKey::ours().token(&header(), &claims());
    assert!(verify(&token, NOW + 929).await.is_ok());
    assert_eq!(verify(&token, NOW + 930).await, Err("expired"));
    assert!(verify(&token, NOW - 30).await.is_ok());
    assert_eq!(verify(&token, NOW - 31).await, Err("not yet valid"));
    let later = TestKey::ours().token(&header(), &with(claims(), "nbf", json!(NOW + 100)));
    assert_eq!(verify(&later, NOW + 69).await, Err("not yet valid"));
    assert!(verify(&later, NOW + 70).await.is_ok());
    let endless = TestKey::ours().token(&header(), &with(claims(), "exp", json!(i64::MAX)));
    assert!(verify(&endless, NOW).await.is_ok());
}

#[tokio::test]
async fn what_is_not_exactly_one_token_is_refused() {
    let ours = TestKey::ours();
    let honest = ours.token(&header(), &claims());
    for end in 0..honest.len() {
        assert!(verify(&honest[..end], NOW).await.is_err(), "{end}");
    }
    for wrapped in
        [format!("{honest}."), format!(".{honest}"), format!(" {honest}"), honest.replace('.', "=.")]
    {
        assert!(verify(&wrapped, NOW).await.is_err(), "{wrapped}");
    }

    let twice = |text: String, member: &str| text.replacen('{', &format!("{{{member},"), 1);
    let claims_twice = twice(claims().to_string(), r#""role":"admin""#);
    assert_eq!(verify(&ours.sign(&input(&header().to_string(), &claims_twice)), NOW).await, Err("malformed"));
    let header_twice = twice(header().to_string(), r#""alg":"none""#);
    assert_eq!(verify(&ours.sign(&input(&header_twice, &claims().to_string())), NOW).await, Err("malformed"));
    let kid_twice = twice(header().to_string(), r#""kid":"k9""#);
    assert_eq!(verify(&ours.sign(&input(&kid_twice, &claims().to_string())), NOW).await, Err("malformed"));

    let huge = ours.token(&header(), &with(claims(), "padding", json!("x".repeat(8 * 1024))));
    assert_eq!(verify(&huge, NOW).await, Err("too long"));
}

#[tokio::test]
async fn keys_are_fetched_once_and_again_for_an_unknown_one_at_most_every_minute() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    let verifier = Rs256Verifier::new(
        ISSUER,
        "sextant",
        Box::new(move || {
            // The second key appears with the second fetch, as after a rotation.
            let keys = match counted.fetch_add(1, Ordering::SeqCst) {
                0 => vec![TestKey::ours().jwk()],
                _ => vec![TestKey::ours().jwk(), Jwk { kid: "k2".to_owned(), ..TestKey::foreign().jwk() }],
            };
            Box::pin(async { Ok(keys) })
        }),
    );
    let ours = TestKey::ours().token(&header(), &claims());
    let rotated = TestKey::foreign().token(&with(header(), "kid", json!("k2")), &claims());
    let invented = TestKey::foreign().token(&with(header(), "kid", json!("k3")), &claims());

    for _ in 0..3 {
        verifier.verify(&ours, NOW).await.unwrap();
    }
    for second in 0..60 {
        verifier.verify(&rotated, NOW + second).await.unwrap_err();
    }
    assert_eq!(calls.load(Ordering::SeqCst), 1);
    verifier.verify(&rotated, NOW + 60).await.unwrap();
    for second in 60..120 {
        verifier.verify(&invented, NOW + second).await.unwrap_err();
    }
    assert_eq!(calls.load(Ordering::SeqCst), 2);
    let published: Vec<String> = verifier.keys().await.unwrap().into_iter().map(|key| key.kid).collect();
    assert_eq!(published, ["k1", "k2"]);
}

#[tokio::test]
async fn an_unreachable_key_service_is_not_the_tokens_fault() {
    let verifier = Rs256Verifier::new(
        ISSUER,
        "sextant",
        Box::new(|| Box::pin(async { Err(TokenError::Unavailable("down".into())) })),
    );
    let token = TestKey::ours().token(&header(), &claims());
    assert!(matches!(verifier.verify(&token, NOW).await, Err(TokenError::Unavailable(_))));
    assert!(matches!(verifier.keys().await, Err(TokenError::Unavailable(_))));
}

#[tokio::test]
async fn a_signature_that_was_verified_before_helps_no_other_token_and_no_other_key() {
    let (ours, foreign) = (TestKey::ours(), TestKey::foreign());
    let remembered = ours.token(&header(), &with(claims(), "jti", json!("remembered")));
    for _ in 0..3 {
        assert!(verify(&remembered, NOW).await.is_ok());
    }
    assert_eq!(verify(&remembered, NOW + 930).await, Err("expired"));

    let (_, signature) = remembered.rsplit_once('.').unwrap();
    let promoted = input(&header().to_string(), &with(claims(), "role", json!("admin")).to_string());
    assert_eq!(verify(&format!("{promoted}.{signature}"), NOW).await, Err("signature"));

    // The deployment has exchanged the key under the same name, or taken it away.
    for (keys, refusal) in [(vec![foreign.jwk()], "signature"), (vec![], "unknown key")] {
        let source = move || -> ports::BoxFuture<'static, Result<Vec<Jwk>, TokenError>> {
            let keys = keys.clone();
            Box::pin(async move { Ok(keys) })
        };
        let refused = Rs256Verifier::new(ISSUER, "sextant", Box::new(source)).verify(&remembered, NOW).await;
        assert!(matches!(refused, Err(TokenError::Invalid(reason)) if reason == refusal), "{refused:?}");
    }
    let elsewhere = Box::new(|| -> ports::BoxFuture<'static, Result<Vec<Jwk>, TokenError>> {
        Box::pin(async { Ok(vec![TestKey::ours().jwk()]) })
    });
    let refused =
        Rs256Verifier::new("https://other.test", "sextant", elsewhere).verify(&remembered, NOW).await;
    assert!(matches!(refused, Err(TokenError::Invalid("issuer"))), "{refused:?}");
}
