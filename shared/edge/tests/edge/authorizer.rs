//! From an authorizer event to a policy that allows or denies.

use crate::support::{ACCOUNT, API_KEY, ORGANIZATION, REQUEST_ID, SESSION, answer, get, now};
use domain::Timestamp;
use domain::authority::{Caller, Credential, Scope};
use domain::tenancy::Role;
use edge::authorizer::{Authorizer, SentCredential, invoke};
use edge::{Failure, Response, log};
use ports::{BoxFuture, StoreError, TokenError};
use serde_json::{Value, json};

/// The route of the tests that takes a credential in `x-api-key`, too.
const WITH_API_KEY_HEADER: &str = "/v1/models/{id}";

/// An authorizer that knows one token.
struct One;

impl Authorizer for One {
    fn authorize<'a>(
        &'a self,
        credential: SentCredential<'a>,
        at: Timestamp,
    ) -> BoxFuture<'a, Result<Caller, TokenError>> {
        Box::pin(async move {
            match credential.text {
                "kept" if credential.is_answer_kept => Ok(person()),
                "asked" if !credential.is_answer_kept => Ok(person()),
                "good" => {
                    assert_eq!(at, now());
                    Ok(person())
                }
                "key" => Ok(key()),
                "shut" => Err(StoreError::Malformed("x").into()),
                "down" => Err(TokenError::Unavailable("key service".into())),
                "defect" => panic!("defect"),
                _ => Err(TokenError::Invalid("signature")),
            }
        })
    }

    fn takes_api_key_header(&self, route: &str) -> bool {
        route == WITH_API_KEY_HEADER
    }
}

fn caller(credential: Credential) -> Caller {
    Caller { tenant: ORGANIZATION.parse().unwrap(), account: ACCOUNT.parse().unwrap(), credential }
}

fn person() -> Caller {
    caller(Credential::Session {
        id: SESSION.parse().unwrap(),
        role: Role::Manager,
        account_organization: ORGANIZATION.parse().unwrap(),
        authenticated_at: Timestamp::from_millis(1_763_716_200_000),
    })
}

fn key() -> Caller {
    caller(Credential::ApiKey { id: API_KEY.parse().unwrap(), scopes: Scope::ALL.to_vec() })
}

fn event(authorization: Option<&str>) -> Value {
    let mut event = json!({
        "type": "REQUEST",
        "methodArn": "arn:aws:execute-api:us-east-1:123456789012:abcde12345/dev/GET/v1/leads/x",
        "resource": "/v1/leads/{id}", "path": "/v1/leads/x", "httpMethod": "GET",
        "headers": {"Accept": "*/*"}, "queryStringParameters": {},
        "requestContext": {"requestId": REQUEST_ID, "stage": "dev"},
    });
    if let Some(value) = authorization {
        event["headers"]["authorization"] = json!(value);
    }
    event
}

#[tokio::test]
async fn lets_a_valid_token_into_the_whole_stage() {
    for authorization in ["Bearer good", "bearer good", " Bearer   good "] {
        let answer = invoke(&One, event(Some(authorization)), now()).await.unwrap();
        assert_eq!(
            answer,
            json!({
                "principalId": ACCOUNT,
                "policyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [{
                        "Action": "execute-api:Invoke", "Effect": "Allow",
                        "Resource": "arn:aws:execute-api:us-east-1:123456789012:abcde12345/dev/*/*",
                    }],
                },
                "context": {
                    "sub": ACCOUNT, "org_id": ORGANIZATION, "role": "manager",
                    "sid": SESSION, "account_org_id": ORGANIZATION, "auth_time": "1763716200",
                },
            })
        );
    }
}

#[tokio::test]
async fn tells_an_api_key_from_a_person() {
    let answer = invoke(&One, event(Some("Bearer key")), now()).await.unwrap();
    assert_eq!(answer["principalId"], API_KEY);
    assert_eq!(
        answer["context"],
        json!({
            "sub": ACCOUNT, "org_id": ORGANIZATION, "role": "api_key", "key_id": API_KEY,
            "scopes": "completion:create embedding:create model:read flag:read",
        })
    );
}

#[tokio::test]
async fn what_the_authorizer_says_is_what_functions_read() {
    for (token, expected) in [("Bearer good", person()), ("Bearer key", key())] {
        let policy = invoke(&One, event(Some(token)), now()).await.unwrap();
        let mut request = get(&[]);
        request["requestContext"]["authorizer"] = policy["context"].clone();
        let seen = answer(request, move |request| {
            assert_eq!(request.caller()?, expected);
            Ok(Response::no_content())
        })
        .await;
        assert_eq!(seen["statusCode"], 204, "{seen}");
    }
}

#[tokio::test]
async fn denies_everybody_else_the_whole_stage_and_says_no_more() {
    for authorization in [
        None,
        Some(""),
        Some("good"),
        Some("Basic good"),
        Some("Bearer"),
        Some("Bearer "),
        Some("Bearer bad"),
        Some("Bearer go od"),
        Some("Bearer g\u{f6}od"),
    ] {
        let refused = invoke(&One, event(authorization), now()).await.unwrap();
        assert_eq!(
            refused,
            json!({
                "principalId": "nobody",
                "policyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [{
                        "Action": "execute-api:Invoke", "Effect": "Deny",
                        "Resource": "arn:aws:execute-api:us-east-1:123456789012:abcde12345/dev/*/*",
                    }],
                },
            }),
            "{authorization:?}"
        );
    }
}

/// An event of a route, with these headers.
fn event_at(route: &str, headers: &[(&str, &str)]) -> Value {
    let mut event = event(None);
    event["resource"] = json!(route);
    for (name, value) in headers {
        event["headers"][*name] = json!(value);
    }
    event
}

async fn principal(route: &str, headers: &[(&str, &str)]) -> Value {
    invoke(&One, event_at(route, headers), now()).await.unwrap()["principalId"].clone()
}

#[tokio::test]
async fn where_a_route_takes_it_a_credential_may_be_in_either_header() {
    for headers in [
        &[("X-Api-Key", "key")][..],
        &[("x-api-key", " key ")],
        &[("Authorization", "Bearer key")],
        &[("Authorization", "Bearer key"), ("x-api-key", "key")],
        &[("Authorization", ""), ("x-api-key", "key")],
        &[("Authorization", "Bearer key"), ("x-api-key", "")],
    ] {
        assert_eq!(principal(WITH_API_KEY_HEADER, headers).await, API_KEY, "{headers:?}");
    }
    let by_header = invoke(&One, event_at(WITH_API_KEY_HEADER, &[("x-api-key", "key")]), now()).await;
    assert_eq!(by_header, invoke(&One, event(Some("Bearer key")), now()).await);
    assert_eq!(principal(WITH_API_KEY_HEADER, &[("Authorization", "Bearer good")]).await, ACCOUNT);
}

#[tokio::test]
async fn two_different_credentials_are_none() {
    for headers in [
        &[("Authorization", "Bearer good"), ("x-api-key", "key")][..],
        &[("Authorization", "Bearer key"), ("x-api-key", "kez")],
        &[("Authorization", "Bearer bad"), ("x-api-key", "key")],
        &[("Authorization", "Basic key"), ("x-api-key", "key")],
        &[("Authorization", "key"), ("x-api-key", "key")],
        &[("x-api-key", "bad")],
        &[("x-api-key", "k ey")],
        &[("x-api-key", "Bearer key")],
        &[],
    ] {
        assert_eq!(principal(WITH_API_KEY_HEADER, headers).await, "nobody", "{headers:?}");
    }
}

/// The gateway keeps the answer by `Authorization`: another header must not change it.
#[tokio::test]
async fn on_all_other_routes_one_header_decides() {
    let other = "/v1/leads/{id}";
    assert_eq!(principal(other, &[("x-api-key", "key")]).await, "nobody");
    for key in ["key", "bad", ""] {
        let headers = [("Authorization", "Bearer good"), ("x-api-key", key)];
        assert_eq!(principal(other, &headers).await, ACCOUNT);
    }
}

#[tokio::test]
async fn tells_whether_the_gateway_keeps_the_answer() {
    for (route, token) in [("/v1/leads/{id}", "Bearer kept"), (WITH_API_KEY_HEADER, "Bearer asked")] {
        assert_eq!(principal(route, &[("Authorization", token)]).await, ACCOUNT, "{route}");
    }
}

#[tokio::test]
async fn fails_when_nobody_can_tell() {
    for authorization in ["Bearer down", "Bearer shut", "Bearer defect"] {
        let (failed, lines) = log::capture(invoke(&One, event(Some(authorization)), now())).await;
        assert_eq!(failed, Err(Failure("Unavailable")));
        assert_eq!(lines.len(), 1);
        let line: Value = serde_json::from_str(&lines[0]).unwrap();
        assert_eq!((&line["StatusClass"], &line["Errors"]), (&json!("failed"), &json!(1)));
        assert_eq!(line["correlation_id"], REQUEST_ID);
    }
    assert_eq!(invoke(&One, json!({}), now()).await, Err(Failure("Unavailable")));
    assert_eq!(invoke(&One, event(Some("Bearer good")), now()).await.unwrap()["principalId"], ACCOUNT);
}

#[tokio::test]
async fn logs_the_reason_and_not_the_token() {
    logs_no_token("eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl", "eyJ").await;
    logs_no_token("sxk_01jd2wzq4sf1a6p8d2y7b9t3ge_01jd2x1v7gf5w4n8q3k6m9z0tc_9f86d081", "sxk_").await;
}

async fn logs_no_token(token: &str, sign: &str) {
    let (_, lines) = log::capture(invoke(&One, event(Some(&format!("Bearer {token}"))), now())).await;
    assert_eq!(lines.len(), 1);
    assert!(lines[0].contains("the token is not valid: signature"), "{}", lines[0]);
    assert!(!lines[0].contains(sign), "{}", lines[0]);
}
