//! The answers of operations in `infra/openapi.yaml`: all that an operation can give, and the conventions of methods.

use crate::contract::operations;
use crate::gaps::settle;

/// POST routes without an idempotency key: answers with secrets are not stored for replay, the cache repeats a model's
/// answer, a count changes nothing, and a link of a mail works once.
const NOT_REPLAYED: [&str; 22] = [
    "login",
    "refreshSession",
    // Their answers have secrets or challenges that work once.
    "verifyMfa",
    "enrollTotp",
    "activateTotp",
    "regenerateRecoveryCodes",
    "createPasskeyOptions",
    "createPasskey",
    "createPasskeyLoginOptions",
    "loginWithPasskey",
    "createCompletion",
    "createEmbedding",
    "createChatCompletion",
    "createResponse",
    "createOpenaiEmbedding",
    "createMessage",
    "countMessageTokens",
    "countResponseTokens",
    "requestPasswordReset",
    "requestEmailVerification",
    "resetPassword",
    "verifyEmail",
];

/// Lists that are always short and answered without pages.
const NOT_PAGED: [&str; 3] = ["listModels", "listOpenaiModels", "listPasskeys"];
/// Reads whose answer changes although no version changes.
const ALWAYS_WHOLE: [&str; 3] = ["getHealth", "getBudget", "getProfile"];

#[test]
fn every_answer_an_operation_can_give_is_documented() {
    let mut wrong = Vec::new();
    for operation in operations() {
        let mut needed = vec!["429", "500"];
        if !operation.is_public() {
            needed.extend(["401", "403", "503"]);
        }
        if operation.body().is_some() {
            needed.extend(["400", "413", "415"]);
        }
        if operation.path.contains('{') {
            needed.push("404");
        }
        if operation.takes("header", "Idempotency-Key") {
            needed.extend(["409", "422"]);
        }
        if operation.method == "GET" && operation.takes("header", "If-None-Match") {
            needed.push("304");
        }
        if operation.takes("header", "If-Match") {
            needed.extend(["400", "412"]);
        }
        match operation.method.as_str() {
            "PUT" => needed.extend(["409", "428"]),
            "DELETE" => needed.push("409"),
            _ => {}
        }
        if operation.parameters.iter().any(|parameter| parameter["in"] == "query") {
            needed.push("400");
        }
        let documented: Vec<_> = operation.responses().map(|(status, _)| status).collect();
        wrong.extend(
            needed
                .into_iter()
                .filter(|status| !documented.contains(status))
                .map(|status| format!("{} {status}", operation.id)),
        );
    }
    settle("answers", wrong);
}

#[test]
fn conventions_of_methods_hold() {
    let mut wrong = Vec::new();
    for operation in operations() {
        let replayed = operation.takes("header", "Idempotency-Key");
        if replayed != (operation.method == "POST" && !NOT_REPLAYED.contains(&operation.id)) {
            wrong.push(format!("{} and Idempotency-Key", operation.id));
        }
        // Every method that writes must honour a precondition (RFC 9110, section 13.1).
        let writes = ["POST", "PUT", "DELETE", "PATCH"].contains(&operation.method.as_str());
        for name in ["If-Match", "If-None-Match"] {
            if writes && !operation.takes("header", name) {
                wrong.push(format!("{} and {name}", operation.id));
            }
        }
        let revalidated = operation.method == "GET" && !ALWAYS_WHOLE.contains(&operation.id);
        if operation.method == "GET" && revalidated != operation.takes("header", "If-None-Match") {
            wrong.push(format!("{} and If-None-Match", operation.id));
        }
        // OpenAI's lists go on after the last entry.
        let goes_on = if operation.format() == "openai" { "after" } else { "cursor" };
        if (operation.id.starts_with("list") && !NOT_PAGED.contains(&operation.id))
            != (operation.takes("query", "limit") && operation.takes("query", goes_on))
        {
            wrong.push(format!("{} and limit, cursor", operation.id));
        }
        for (status, response) in operation.responses() {
            let headers = &response["headers"];
            let mut needed = vec!["X-Correlation-Id"];
            match status {
                "201" if operation.path == "/v1/leads" => needed.extend(["Location", "ETag"]),
                "200" | "201" if replayed => needed.push("Idempotency-Replayed"),
                // A new route of the generator answers 204, which has no validator.
                "200" if revalidated => needed.push("ETag"),
                "429" => needed.extend(["Retry-After", "RateLimit", "RateLimit-Policy"]),
                _ => {}
            }
            wrong.extend(
                needed
                    .into_iter()
                    .filter(|name| headers.get(name).is_none())
                    .map(|name| format!("{} {status} {name}", operation.id)),
            );
            // The gateway's own answers are problem documents on every route.
            let error_schema = match operation.format() {
                _ if status == "401" => None,
                "openai" => Some("#/components/schemas/OpenaiError"),
                "anthropic" => Some("#/components/schemas/AnthropicError"),
                _ => None,
            };
            let problem = match error_schema {
                Some(schema) => {
                    response.pointer("/content/application~1json/schema/$ref") == Some(&schema.into())
                }
                None => response["content"].get("application/problem+json").is_some(),
            };
            let error = status.starts_with(['4', '5']) && !problem;
            // A load balancer needs the health document with its 503.
            if error && (operation.id, status) != ("getHealth", "503") {
                wrong.push(format!("{} {status} is no problem document", operation.id));
            }
        }
    }
    settle("conventions", wrong);
}
