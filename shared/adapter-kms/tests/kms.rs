//! The adapter against a local KMS with real cryptography.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::collections::BTreeMap;

use adapter_aws::{AwsSettings, CallLimits, SdkConfig, sdk_config};
use adapter_kms::{KmsSecretSealing, KmsTenantKeys, KmsTokenKeys};
use aws_sdk_kms::config::Credentials;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::Timestamp;
use domain::id::{AccountId, OrganizationId, new_id};
use ports::{Claims, KeyError, SecretSealing, TenantKeys, TokenError, TokenSigner, WrappedKey};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use support::{CUSTOMER_KEY, KmsStub, TOKEN_KEY};

fn config(url: &str) -> SdkConfig {
    let settings = AwsSettings {
        region: "eu-west-1".to_owned(),
        credentials: Credentials::new("AKIDTEST", "secret", None, None, "test"),
        endpoint_url: Some(url.to_owned()),
        service_endpoints: BTreeMap::new(),
        limits: CallLimits { attempts: 1, ..CallLimits::default() },
        round_trips: None,
    };
    sdk_config(&settings).unwrap()
}

fn tenant(number: u8) -> OrganizationId {
    new_id(Timestamp::from_millis(1), &[number; 10])
}

#[tokio::test]
async fn a_tenant_key_is_made_once_and_unwrapped_once_per_process() {
    let kms = KmsStub::start();
    let keys = KmsTenantKeys::new(&config(&kms.url), CUSTOMER_KEY);
    assert!(keys.cached(tenant(1)).is_none());
    let (made, wrapped) = keys.generate(tenant(1)).await.unwrap();
    assert_eq!(keys.unwrap(tenant(1), &wrapped).await.unwrap().0, made.0);
    assert_eq!(keys.cached(tenant(1)).unwrap().0, made.0);
    assert_eq!(kms.calls(), ["GenerateDataKey"]);

    let cold = KmsTenantKeys::new(&config(&kms.url), CUSTOMER_KEY);
    for _ in 0..3 {
        assert_eq!(cold.unwrap(tenant(1), &wrapped).await.unwrap().0, made.0);
    }
    assert_eq!(kms.calls(), ["Decrypt"]);
    assert!(cold.cached(tenant(2)).is_none());

    let (other, _) = keys.generate(tenant(2)).await.unwrap();
    assert_ne!(other.0, made.0);
}

#[tokio::test]
async fn a_tenants_key_opens_for_nobody_else() {
    let kms = KmsStub::start();
    let keys = KmsTenantKeys::new(&config(&kms.url), CUSTOMER_KEY);
    let (_, wrapped) = keys.generate(tenant(1)).await.unwrap();
    assert!(matches!(keys.unwrap(tenant(2), &wrapped).await, Err(KeyError::Invalid(_))));
    assert!(keys.cached(tenant(2)).is_none());

    let mut damaged = wrapped.clone();
    *damaged.0.last_mut().unwrap() ^= 1;
    assert!(matches!(keys.unwrap(tenant(1), &damaged).await, Err(KeyError::Invalid(_))));

    let elsewhere = KmsTenantKeys::new(&config(&kms.url), "arn:aws:kms:eu-west-1:000000000000:key/other");
    assert!(matches!(elsewhere.unwrap(tenant(1), &wrapped).await, Err(KeyError::Invalid(_))));
    assert!(matches!(elsewhere.generate(tenant(1)).await, Err(KeyError::Unavailable(_))));
}

#[tokio::test]
async fn a_secret_opens_for_its_account_only() {
    let kms = KmsStub::start();
    let secrets = KmsSecretSealing::new(&config(&kms.url), CUSTOMER_KEY);
    let account = |number: u8| -> AccountId { new_id(Timestamp::from_millis(1), &[number; 10]) };
    let sealed = secrets.seal(tenant(1), account(1), b"secret").await.unwrap();
    assert!(!sealed.windows(6).any(|part| part == b"secret"));
    assert_eq!(secrets.open(tenant(1), account(1), &sealed).await.unwrap(), b"secret");
    assert_eq!(kms.calls(), ["Encrypt", "Decrypt"]);
    for (tenant, account) in [(tenant(2), account(1)), (tenant(1), account(2))] {
        let opened = secrets.open(tenant, account, &sealed).await;
        assert!(matches!(opened, Err(KeyError::Invalid(_))));
    }
    // A data key of the tenant is none of these secrets.
    let (_, wrapped) = KmsTenantKeys::new(&config(&kms.url), CUSTOMER_KEY).generate(tenant(1)).await.unwrap();
    assert!(matches!(secrets.open(tenant(1), account(1), &wrapped.0).await, Err(KeyError::Invalid(_))));
}

#[tokio::test]
async fn an_unreachable_kms_is_unavailable() {
    let config = config("http://127.0.0.1:9");
    let keys = KmsTenantKeys::new(&config, CUSTOMER_KEY);
    assert!(matches!(keys.generate(tenant(1)).await, Err(KeyError::Unavailable(_))));
    assert!(matches!(keys.unwrap(tenant(1), &WrappedKey(vec![1])).await, Err(KeyError::Unavailable(_))));
    let tokens = KmsTokenKeys::new(&config, TOKEN_KEY.parse().unwrap());
    assert!(matches!(tokens.sign(&claims()).await, Err(TokenError::Unavailable(_))));
    assert!(matches!(tokens.public_keys()().await, Err(TokenError::Unavailable(_))));
}

fn claims() -> Claims {
    Claims {
        sub: "account_1".to_owned(),
        org_id: "org_1".to_owned(),
        role: "admin".to_owned(),
        email: "a@example.test".to_owned(),
        sid: "session_1".to_owned(),
        iss: "https://api.example.test".to_owned(),
        aud: "sextant".to_owned(),
        iat: 1_800_000_000,
        exp: 1_800_000_900,
        jti: "t1".to_owned(),
    }
}

#[tokio::test]
async fn a_signed_token_verifies_with_the_published_key() {
    let kms = KmsStub::start();
    let tokens = KmsTokenKeys::new(&config(&kms.url), TOKEN_KEY.parse().unwrap());
    let token = tokens.sign(&claims()).await.unwrap();
    let published = tokens.public_keys()().await.unwrap();
    assert_eq!(kms.calls(), ["Sign", "GetPublicKey"]);
    assert_eq!(published.len(), 1);
    assert_eq!(published[0].kid, "token-1");

    let decoded = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
    let (message, signature) = token.rsplit_once('.').unwrap();
    let (header, body) = message.split_once('.').unwrap();
    let header: serde_json::Value = serde_json::from_slice(&decoded(header)).unwrap();
    assert_eq!(header, serde_json::json!({"alg": "RS256", "typ": "JWT", "kid": "token-1"}));
    assert_eq!(serde_json::from_slice::<Claims>(&decoded(body)).unwrap(), claims());

    let key = RsaPublicKeyComponents { n: decoded(&published[0].n), e: decoded(&published[0].e) };
    let verify =
        |message: &str| key.verify(&RSA_PKCS1_2048_8192_SHA256, message.as_bytes(), &decoded(signature));
    assert!(verify(message).is_ok());
    assert!(verify(&message.replacen('e', "f", 1)).is_err());
}

#[tokio::test]
async fn a_key_of_another_kind_is_named_and_refused() {
    let kms = KmsStub::start();
    let list = format!("{TOKEN_KEY},arn:aws:kms:eu-west-1:000000000000:key/elliptic");
    let tokens = KmsTokenKeys::new(&config(&kms.url), list.parse().unwrap());
    let Err(TokenError::Unavailable(source)) = tokens.public_keys()().await else { panic!("accepted") };
    assert_eq!(source.to_string(), "the token key elliptic is not an RSA_2048 key");
}
