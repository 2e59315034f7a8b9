//! Answers the methods of a path that the contract does not list: `OPTIONS` gets the methods of the path, and any other
//! method gets 405. It also answers the preflight requests of browsers. A mock integration of API Gateway would need no
//! function, but it can compare an origin with a list only in a template language that no test here can run, and it
//! refuses bodies of types for which it has no template.

use edge::problem::Kind;
use edge::{Handler, Problem, Request, Response};
use ports::BoxFuture;

/// The paths of the contract, each with its methods.
const PATHS: &str = include_str!(concat!(env!("OUT_DIR"), "/methods.txt"));

/// The methods of a path, in the form of `Allow`.
fn methods(path: &str) -> Option<&'static str> {
    PATHS
        .lines()
        .filter_map(|line| line.split_once(' '))
        .find_map(|(known, methods)| (known == path).then_some(methods))
}

/// The answer is the same for every caller.
pub struct DescribeMethods;

impl Handler for DescribeMethods {
    fn handle<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Problem>> {
        Box::pin(async {
            let methods = methods(request.route()).ok_or_else(Problem::not_found)?;
            match request.method() {
                "OPTIONS" => Ok(request.options(methods)),
                _ => Err(Problem::new(Kind::METHOD_NOT_ALLOWED).with_header("Allow", methods)),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::DescribeMethods;
    use domain::Timestamp;
    use serde_json::{Value, json};

    async fn ask(method: &str, headers: &[(&str, &str)]) -> Value {
        let headers: serde_json::Map<String, Value> =
            headers.iter().map(|(name, value)| ((*name).to_owned(), json!([value]))).collect();
        let event = json!({
            "httpMethod": method, "path": "/v1/leads/x", "resource": "/v1/leads/{id}", "multiValueHeaders": headers,
            "stageVariables": {"allowed_origins": "https://console.example.com,http://localhost:3000"},
        });
        edge::http::invoke(&DescribeMethods, event, Timestamp::from_millis(0)).await
    }

    #[tokio::test]
    async fn a_method_that_the_path_does_not_take_is_told_those_that_it_takes() {
        for method in ["POST", "PATCH"] {
            let answer = ask(method, &[]).await;
            assert_eq!(
                (&answer["statusCode"], &answer["headers"]["Allow"]),
                (&json!(405), &json!("GET, HEAD, PUT, DELETE, OPTIONS"))
            );
            assert_eq!(answer["headers"]["Content-Type"], "application/problem+json");
            let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
            assert_eq!(
                (&body["code"], &body["title"]),
                (&json!("method_not_allowed"), &json!("Method not allowed"))
            );
        }
        let head = ask("HEAD", &[]).await;
        assert_eq!((&head["statusCode"], &head["body"]), (&json!(405), &json!("")));
    }

    #[tokio::test]
    async fn a_preflight_of_an_allowed_origin_is_told_what_its_page_may_send() {
        for origin in ["https://console.example.com", "http://localhost:3000"] {
            let answer =
                ask("OPTIONS", &[("Origin", origin), ("Access-Control-Request-Method", "PUT")]).await;
            let headers = &answer["headers"];
            assert_eq!((&answer["statusCode"], &answer["body"]), (&json!(204), &json!("")));
            assert_eq!(
                (&headers["Access-Control-Allow-Origin"], &headers["Vary"]),
                (&json!(origin), &json!("Origin"))
            );
            assert_eq!(headers["Access-Control-Allow-Methods"], "GET, HEAD, PUT, DELETE, OPTIONS");
            let sent = headers["Access-Control-Allow-Headers"].as_str().unwrap();
            for name in ["Authorization", "Content-Type", "If-Match", "If-None-Match", "Idempotency-Key"] {
                assert!(sent.split(", ").any(|known| known == name), "{name}");
            }
            assert_eq!(headers["Access-Control-Max-Age"], "7200");
            assert!(headers.get("Access-Control-Allow-Credentials").is_none());
        }
    }

    #[tokio::test]
    async fn everybody_else_is_told_the_methods_alone() {
        let asked = ("Access-Control-Request-Method", "PUT");
        for headers in [
            vec![("Origin", "https://evil.example"), asked],
            vec![("Origin", "https://console.example.com.evil.example"), asked],
            vec![("Origin", "https://console.example.com,http://localhost:3000"), asked],
            vec![("Origin", "null"), asked],
            vec![asked],
            vec![],
        ] {
            let answer = ask("OPTIONS", &headers).await;
            assert_eq!(
                (&answer["statusCode"], &answer["headers"]["Allow"]),
                (&json!(204), &json!("GET, HEAD, PUT, DELETE, OPTIONS"))
            );
            assert!(!answer.to_string().contains("Access-Control"), "{answer}");
        }
    }
}
