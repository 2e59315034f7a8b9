//! The answer to a path that the contract does not list. Clients of OpenAI and Anthropic have routes that are not here; they
//! are told the right ones, in the form that they show to people. The answer must never repeat the path that was asked for.

use crate::paths::{self, Path};
use edge::Problem;
use edge::problem::{Kind, ProblemFormat};

/// The first segments after `/v1` of OpenAI's routes, and of an older one of Anthropic, with what is to be said and the
/// routes that do the same here. A route counts only if the contract has it. Without one, all routes in OpenAI's format are
/// named.
const OF_OPENAI: [(&str, &str, &[&str]); 24] = [
    ("assistants", "There are no assistants here.", &[]),
    ("audio", "There is no speech here.", &[]),
    ("batches", "There is no such route.", &["POST /v1/batches"]),
    ("chat", "There is no such route.", &["POST /v1/chat/completions"]),
    ("complete", "This route is of an older API.", &["POST /v1/messages", "POST /v1/chat/completions"]),
    ("completions", "Prompts are sent as messages.", &["POST /v1/chat/completions"]),
    ("containers", "There are no containers here.", &[]),
    ("conversations", "Conversations are not stored here.", &[]),
    ("edits", "This route is of an older API.", &["POST /v1/chat/completions"]),
    ("embeddings", "There is no such route.", &["POST /v1/embeddings"]),
    ("engines", "This route is of an older API.", &["GET /v1/models", "POST /v1/chat/completions"]),
    ("evals", "There are no evaluations here.", &[]),
    ("files", "Files are not uploaded here.", &[]),
    ("fine-tunes", "This route is of an older API.", &["POST /v1/ai/fine-tunes"]),
    ("fine_tuning", "Fine-tunes have routes of their own.", &["POST /v1/ai/fine-tunes"]),
    ("images", "Images are not made here.", &[]),
    ("models", "There is no such route.", &["GET /v1/models", "GET /v1/models/{id}"]),
    ("moderations", "Texts are not moderated here.", &[]),
    ("realtime", "There is no speech here.", &[]),
    (
        "responses",
        "Responses are not stored here.",
        &["POST /v1/responses", "POST /v1/responses/input_tokens", "POST /v1/chat/completions"],
    ),
    ("threads", "There are no assistants here.", &[]),
    ("uploads", "Files are not uploaded here.", &[]),
    ("vector_stores", "Files are not uploaded here.", &[]),
    ("videos", "Videos are not made here.", &[]),
];

/// The problem of a request to a path that is not in the contract.
pub(crate) fn problem(path: &str) -> Problem {
    // A base URL that ends with a slash, or with the `v1` that the client adds, is the most frequent mistake.
    let segments: Vec<&str> = path
        .split('/')
        .filter(|segment| !segment.is_empty())
        .skip_while(|segment| *segment == "v1")
        .collect();
    if let Some(path) = paths::matching(&segments) {
        return misspelled(path);
    }
    match segments.as_slice() {
        ["messages", "batches", ..] => {
            let said = "Batches have a route of their own, in OpenAI's format.";
            unknown(said, &["POST /v1/batches"], ProblemFormat::Anthropic)
        }
        ["messages", ..] => {
            let routes = ["POST /v1/messages", "POST /v1/messages/count_tokens"];
            unknown("There is no such route.", &routes, ProblemFormat::Anthropic)
        }
        [first, ..] => match OF_OPENAI.iter().find(|(known, ..)| known == first) {
            Some((_, said, routes)) => unknown(said, routes, ProblemFormat::OpenAi),
            None => Problem::not_found(),
        },
        [] => Problem::not_found(),
    }
}

/// The problem that says this and names those of the routes that the contract has, or, if it has none of them, all routes
/// in OpenAI's format.
fn unknown(said: &str, routes: &[&str], format: ProblemFormat) -> Problem {
    let all: Vec<String> = paths::all().flat_map(Path::operations).collect();
    let same: Vec<&str> = routes.iter().copied().filter(|route| all.iter().any(|one| one == route)).collect();
    let detail = if same.is_empty() {
        let of_openai = paths::all().filter(|path| path.format == ProblemFormat::OpenAi);
        let routes: Vec<String> = of_openai.flat_map(Path::operations).collect();
        format!("{said} The routes in OpenAI's format are {}.", listed(&routes, "and"))
    } else {
        format!("{said} Use {}.", listed(&same, "or"))
    };
    Problem::new(Kind::NOT_FOUND).with_detail(detail).with_format(format)
}

/// The problem of a request that meant this path.
fn misspelled(path: Path) -> Problem {
    let routes: Vec<String> = path.operations().collect();
    Problem::new(Kind::NOT_FOUND)
        .with_detail(format!(
            "The path has a doubled slash or a doubled v1. Use {}; the base URL of clients is probably wrong.",
            listed(&routes, "or")
        ))
        .with_format(path.format)
}

/// `a, b and c`.
fn listed<T: AsRef<str>>(items: &[T], conjunction: &str) -> String {
    match items {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [others @ .., last] => {
            let others: Vec<&str> = others.iter().map(AsRef::as_ref).collect();
            format!("{} {conjunction} {}", others.join(", "), last.as_ref())
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::DescribeMethods;
    use domain::Timestamp;
    use serde_json::{Value, json};

    /// Status, media type and body of the answer to a request for a path that is not in the contract.
    async fn ask(method: &str, path: &str) -> (u64, String, Value) {
        let event = json!({"httpMethod": method, "path": path, "resource": "/v1/{proxy+}"});
        let answer = edge::http::invoke(&DescribeMethods, event, Timestamp::from_millis(0)).await;
        (
            answer["statusCode"].as_u64().unwrap(),
            answer["headers"]["Content-Type"].as_str().unwrap().to_owned(),
            serde_json::from_str(answer["body"].as_str().unwrap()).unwrap(),
        )
    }

    async fn message(path: &str) -> String {
        let (status, media_type, body) = ask("POST", path).await;
        assert_eq!((status, media_type.as_str()), (404, "application/json"), "{path}: {body}");
        let error = &body["error"];
        assert_eq!(
            (&error["type"], &error["param"], &error["code"]),
            (&json!("invalid_request_error"), &Value::Null, &json!("not_found")),
            "{path}"
        );
        assert_eq!(body.as_object().unwrap().len(), 1);
        error["message"].as_str().unwrap().to_owned()
    }

    #[tokio::test]
    async fn routes_of_openai_that_are_not_here_name_those_that_do_the_same() {
        assert_eq!(
            message("/v1/completions").await,
            "Prompts are sent as messages. Use POST /v1/chat/completions."
        );
        for (path, route) in [
            ("/v1/complete", "POST /v1/chat/completions"),
            ("/v1/chat/completion", "POST /v1/chat/completions"),
            ("/v1/chat", "POST /v1/chat/completions"),
            ("/v1/embeddings/x", "POST /v1/embeddings"),
            ("/v1/engines/gpt-4/completions", "POST /v1/chat/completions"),
            ("/v1/fine_tuning/jobs", "POST /v1/ai/fine-tunes"),
            ("/v1/models/a/b", "GET /v1/models"),
        ] {
            let message = message(path).await;
            assert!(message.contains(route), "{path}: {message}");
        }
    }

    #[tokio::test]
    async fn routes_of_anthropic_that_are_not_here_are_refused_in_its_format() {
        for (path, message) in [
            (
                "/v1/messages/batches",
                "Batches have a route of their own, in OpenAI's format. Use POST /v1/batches.",
            ),
            (
                "/v1/messages/batches/msgbatch_1/results",
                "Batches have a route of their own, in OpenAI's format. Use POST /v1/batches.",
            ),
            (
                "/v1/messages/msg_1",
                "There is no such route. Use POST /v1/messages or POST /v1/messages/count_tokens.",
            ),
        ] {
            let (status, media_type, body) = ask("POST", path).await;
            assert_eq!((status, media_type.as_str()), (404, "application/json"), "{path}");
            assert_eq!(body["type"], "error");
            let expected = json!({
                "type": "not_found_error", "message": message, "details": {"error_code": "not_found"},
            });
            assert_eq!(body["error"], expected);
        }
    }

    #[tokio::test]
    async fn where_nothing_does_the_same_all_routes_in_openais_format_are_named() {
        let said = message("/v1/files").await;
        assert!(
            said.starts_with("Files are not uploaded here. The routes in OpenAI's format are "),
            "{said}"
        );
        for path in [
            "/v1/files",
            "/v1/files/file-1/content",
            "/v1/images/generations",
            "/v1/audio/speech",
            "/v1/audio/transcriptions",
            "/v1/assistants",
            "/v1/threads/thread_1/runs",
            "/v1/moderations",
        ] {
            let message = message(path).await;
            for route in ["POST /v1/chat/completions", "POST /v1/embeddings", "GET /v1/models"] {
                assert!(message.contains(route), "{path}: {message}");
            }
            assert!(!message.contains("/v1/leads"), "{message}");
        }
    }

    #[tokio::test]
    async fn a_doubled_slash_or_version_names_the_path_without_it() {
        for path in [
            "/v1//chat/completions",
            "/v1/chat//completions",
            "/v1/v1/chat/completions",
            "/v1//v1//chat/completions",
        ] {
            let message = message(path).await;
            assert!(message.contains("Use POST /v1/chat/completions;"), "{path}: {message}");
        }
        let (status, media_type, body) = ask("GET", "/v1//leads/x").await;
        assert_eq!((status, media_type.as_str()), (404, "application/problem+json"));
        assert!(body["detail"].as_str().unwrap().contains("Use GET /v1/leads/{id}"), "{body}");
    }

    #[tokio::test]
    async fn other_paths_are_the_same_problem_as_before() {
        for path in ["/v1/no-such-thing", "/v1/leads/x/y", "/v1/ai", "/v1/"] {
            let (status, media_type, body) = ask("GET", path).await;
            assert_eq!((status, media_type.as_str()), (404, "application/problem+json"), "{path}");
            assert_eq!((&body["code"], body.get("detail")), (&json!("not_found"), None), "{path}");
        }
    }

    #[tokio::test]
    async fn the_path_that_was_asked_for_is_never_repeated() {
        for path in [
            "/v1/files/ada@northwind.example",
            "/v1//models/ada@northwind.example",
            "/v1/ada@northwind.example",
        ] {
            let (_, _, body) = ask("GET", path).await;
            assert!(!body.to_string().contains("ada@"), "{body}");
        }
    }
}
