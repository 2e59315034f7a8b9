//! From an authorizer event to a policy, or to the one text that is a 401.

use crate::support::{ACCOUNT, ORGANIZATION, REQUEST_ID, SESSION, now};
use application::ports::{BoxFuture, Claims, TokenError};
use domain::Timestamp;
use edge::authorizer::{Authorizer, invoke};
use edge::{Failure, log};
use serde_json::{Value, json};

/// Knows one token.
struct One;

impl Authorizer for One {
    fn authorize<'a>(&'a self, token: &'a str, at: Timestamp) -> BoxFuture<'a, Result<Claims, TokenError>> {
        Box::pin(async move {
            match token {
                "good" => {
                    assert_eq!(at, now());
                    Ok(claims())
                }
                "down" => Err(TokenError::Unavailable("key service".into())),
                "defect" => panic!("defect"),
                _ => Err(TokenError::Invalid("signature")),
            }
        })
    }
}

fn claims() -> Claims {
    Claims {
        sub: ACCOUNT.to_owned(),
        org_id: ORGANIZATION.to_owned(),
        role: "manager".to_owned(),
        email: "ada@northwind.example".to_owned(),
        sid: SESSION.to_owned(),
        iss: "https://api.sextant.dev".to_owned(),
        aud: "sextant".to_owned(),
        iat: 0,
        exp: 900,
        jti: "j".to_owned(),
    }
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
                    "sid": SESSION,
                },
            })
        );
    }
}

#[tokio::test]
async fn says_unauthorized_and_nothing_else_to_everybody_else() {
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
        let refused = invoke(&One, event(authorization), now()).await;
        assert_eq!(refused, Err(Failure("Unauthorized")), "{authorization:?}");
    }
}

#[tokio::test]
async fn fails_when_nobody_can_tell() {
    for authorization in ["Bearer down", "Bearer defect"] {
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
    let token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl";
    let (_, lines) = log::capture(invoke(&One, event(Some(&format!("Bearer {token}"))), now())).await;
    assert_eq!(lines.len(), 1);
    assert!(lines[0].contains("the token is not valid: signature"), "{}", lines[0]);
    assert!(!lines[0].contains("eyJ"), "{}", lines[0]);
}
