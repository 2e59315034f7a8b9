//! The wire format of problems. Sextant's own routes answer problem documents (RFC 9457); the routes in OpenAI's format
//! answer OpenAI's errors, because its clients read them.

use super::Problem;
use contracts::openai::{ErrorBody, ErrorDetail};

/// The format in which a function's problems are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProblemFormat {
    /// `application/problem+json`.
    #[default]
    Problem,
    /// OpenAI's errors: <https://platform.openai.com/docs/guides/error-codes>.
    OpenAi,
}

impl Problem {
    /// The problem as OpenAI's error.
    pub(crate) fn openai(&self) -> ErrorBody {
        let name = |field: &str| field.trim_start_matches('/').replace('/', ".");
        let wrong = self.errors().first();
        let message = match (wrong, &self.0.detail) {
            // OpenAI's format has one text for all wrong fields.
            (Some(_), _) => {
                let each =
                    self.errors().iter().map(|error| format!("{}: {}", name(&error.field), error.message));
                each.collect::<Vec<_>>().join("; ")
            }
            (None, Some(detail)) => detail.clone(),
            (None, None) => self.kind().title.to_owned(),
        };
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
                message,
                class: class.to_owned(),
                param: wrong.map(|error| name(&error.field)),
                code: Some(self.kind().code.to_owned()),
            },
        }
    }
}
