//! The wire format of problems. Sextant's own routes answer problem documents (RFC 9457); the routes in the formats of
//! OpenAI and Anthropic answer errors of these formats, because their clients read them.

use super::Problem;
use contracts::anthropic;
use contracts::openai::{ErrorBody, ErrorDetail};

/// The format in which a function's problems are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProblemFormat {
    /// `application/problem+json`.
    #[default]
    Problem,
    /// OpenAI's errors: <https://platform.openai.com/docs/guides/error-codes>.
    OpenAi,
    /// Anthropic's errors: <https://docs.anthropic.com/en/api/errors>.
    Anthropic,
}

impl Problem {
    /// The problem as OpenAI's error.
    pub fn openai(&self) -> ErrorBody {
        let class = match self.kind().status {
            401 => "authentication_error",
            402 => "insufficient_quota",
            403 => "permission_error",
            429 => "rate_limit_error",
            400..=499 => "invalid_request_error",
            _ => "server_error",
        };
        ErrorBody {
            error: ErrorDetail {
                message: self.message(),
                class: class.to_owned(),
                param: self.errors().first().map(|error| dotted(&error.field)),
                code: Some(self.kind().code.to_owned()),
            },
        }
    }

    /// The problem as Anthropic's error. Its clients tell errors apart by the status, which stays the same as on other
    /// routes.
    pub(crate) fn anthropic(&self, correlation_id: &str) -> anthropic::ErrorBody {
        let class = match self.kind().status {
            401 => "authentication_error",
            402 => "billing_error",
            403 => "permission_error",
            404 => "not_found_error",
            413 => "request_too_large",
            429 => "rate_limit_error",
            400..=499 => "invalid_request_error",
            503 => "overloaded_error",
            _ => "api_error",
        };
        // Anthropic's clients send a request again without its thread when they read this code.
        let in_thread = self.errors().iter().any(|error| error.code == anthropic::THREAD_UNSUPPORTED);
        let code = if in_thread { anthropic::THREAD_UNSUPPORTED } else { self.kind().code };
        anthropic::ErrorBody::new(class, self.message(), code, Some(correlation_id.to_owned()))
    }

    /// One text for all wrong fields, for formats that have no list of them.
    fn message(&self) -> String {
        match (self.errors(), &self.0.detail) {
            ([], Some(detail)) => detail.clone(),
            ([], None) => self.kind().title.to_owned(),
            (errors, _) => {
                let each = errors.iter().map(|error| format!("{}: {}", dotted(&error.field), error.message));
                each.collect::<Vec<_>>().join("; ")
            }
        }
    }
}

/// The name of a field with dots, as in the errors of other formats.
fn dotted(pointer: &str) -> String {
    pointer.trim_start_matches('/').replace('/', ".")
}

#[cfg(test)]
mod tests {
    use crate::Problem;
    use crate::problem::Kind;
    use domain::InvalidFields;
    use serde_json::json;

    #[test]
    fn anthropic_s_errors_have_their_class_by_status_and_our_code() {
        for (kind, class) in [
            (Kind::CONTEXT_LENGTH_EXCEEDED, "invalid_request_error"),
            (Kind::UNAUTHENTICATED, "authentication_error"),
            (Kind::BUDGET_EXCEEDED, "billing_error"),
            (Kind::FORBIDDEN, "permission_error"),
            (Kind::MODEL_NOT_FOUND, "not_found_error"),
            (Kind::PRECONDITION_FAILED, "invalid_request_error"),
            (Kind::BODY_TOO_LARGE, "request_too_large"),
            (Kind::ANSWER_TAKES_TOO_LONG, "invalid_request_error"),
            (Kind::RATE_LIMITED, "rate_limit_error"),
            (Kind::INTERNAL_ERROR, "api_error"),
            (Kind::MODELS_UNAVAILABLE, "overloaded_error"),
        ] {
            let body = serde_json::to_value(Problem::new(kind).anthropic("corr-1")).unwrap();
            let expected = json!({
                "type": "error",
                "error": {"type": class, "message": kind.title, "details": {"error_code": kind.code}},
                "request_id": "corr-1",
            });
            assert_eq!(body, expected);
        }
    }

    #[test]
    fn a_thread_is_refused_with_the_code_that_anthropic_s_clients_act_on() {
        let mut wrong = InvalidFields::one("top_k", "unsupported", "is not supported");
        wrong.0.extend(InvalidFields::one("thread", "thread_unsupported_request", "is not supported").0);
        let body = serde_json::to_value(Problem::from(wrong).anthropic("corr-1")).unwrap();
        assert_eq!(
            body["error"],
            json!({
                "type": "invalid_request_error",
                "message": "top_k: is not supported; thread: is not supported",
                "details": {"error_code": "thread_unsupported_request", "unsupported": []},
            })
        );
    }

    #[test]
    fn anthropic_s_message_names_every_wrong_field() {
        let mut wrong = InvalidFields::one("messages.1.content.0.source", "format", "must be base64");
        wrong.0.extend(InvalidFields::one("max_tokens", "required", "must be given").0);
        let body = Problem::from(wrong).anthropic("corr-1");
        assert_eq!(
            body.error.message,
            "messages.1.content.0.source: must be base64; max_tokens: must be given"
        );
    }
}
