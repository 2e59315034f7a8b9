//! Answers what the contract does not list. Of a path that it lists, `OPTIONS` gets the methods, and any other method gets
//! 405. Any other path below `/v1` gets 404. It also answers the preflight requests of browsers. A mock integration of
//! API Gateway would need no function, but it can compare an origin with a list only in a template language that no test
//! here can run, and it refuses bodies of types for which it has no template. The gateway's own answer to an unknown path
//! can't tell one path from another.

mod paths;
mod wrong_path;

use edge::problem::Kind;
use edge::{Handler, Problem, Request, Response};
use ports::BoxFuture;

/// The answer is the same for every caller.
pub struct DescribeMethods;

impl Handler for DescribeMethods {
    fn handle<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Problem>> {
        Box::pin(async {
            match paths::listed(request.route()) {
                Some(path) if request.method() == "OPTIONS" => Ok(request.options(path.methods)),
                Some(path) => Err(Problem::new(Kind::METHOD_NOT_ALLOWED)
                    .with_detail(format!("{} takes {}.", path.template, path.methods))
                    .with_format(path.format)
                    .with_header("Allow", path.methods)),
                None => {
                    request.preflight_of_unknown_path().ok_or_else(|| wrong_path::problem(request.path()))
                }
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
        ask_at("/v1/leads/{id}", "/v1/leads/x", method, headers).await
    }

    async fn ask_at(route: &str, path: &str, method: &str, headers: &[(&str, &str)]) -> Value {
        let headers: serde_json::Map<String, Value> =
            headers.iter().map(|(name, value)| ((*name).to_owned(), json!([value]))).collect();
        let event = json!({
            "httpMethod": method, "path": path, "resource": route, "multiValueHeaders": headers,
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
    async fn a_method_that_a_route_of_openai_does_not_take_is_answered_with_openais_error() {
        let answer = ask_at("/v1/chat/completions", "/v1/chat/completions", "GET", &[]).await;
        assert_eq!(
            (&answer["statusCode"], &answer["headers"]["Allow"], &answer["headers"]["Content-Type"]),
            (&json!(405), &json!("POST, OPTIONS"), &json!("application/json"))
        );
        let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        assert_eq!(
            body,
            json!({"error": {
                "message": "/v1/chat/completions takes POST, OPTIONS.", "type": "invalid_request_error",
                "param": null, "code": "method_not_allowed",
            }})
        );
    }

    #[tokio::test]
    async fn a_page_may_read_that_its_path_does_not_exist() {
        let asked = ("Access-Control-Request-Method", "POST");
        let headers = [("Origin", "http://localhost:3000"), asked];
        let wrong = |method: &'static str| ask_at("/v1/{proxy+}", "/v1/files", method, &headers);
        let preflight = wrong("OPTIONS").await;
        assert_eq!(preflight["statusCode"], 204);
        assert_eq!(preflight["headers"]["Access-Control-Allow-Origin"], "http://localhost:3000");
        let methods = preflight["headers"]["Access-Control-Allow-Methods"].as_str().unwrap();
        assert!(methods.split(", ").any(|method| method == "POST"), "{methods}");
        assert_eq!(preflight["headers"].get("Allow"), None);
        let answer = wrong("POST").await;
        assert_eq!(answer["statusCode"], 404);
        assert_eq!(answer["headers"]["Access-Control-Allow-Origin"], "http://localhost:3000");

        let foreign = [("Origin", "https://evil.example"), asked];
        for headers in [&foreign[..], &[asked], &[]] {
            let answer = ask_at("/v1/{proxy+}", "/v1/files", "OPTIONS", headers).await;
            assert_eq!(answer["statusCode"], 404);
            assert!(!answer.to_string().contains("Access-Control"), "{answer}");
        }
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
            assert_eq!(headers["Access-Control-Allow-Credentials"], "true");
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
