//! Lines of batches whose bodies are those of the route: the same mapping, the same checks and the same errors.

use super::{question, whole};
use crate::{CustomTools, RequestFiles};
use application_ai::GatewayAnswer;
use application_ai::batches::{CheckLine, LineError, LineFormat, LineRequest};
use application_core::Error;
use application_core::model_answer::CacheControl;
use contracts::openai::{ChatRequest, ChatTool};
use domain::Timestamp;
use domain::field::{FieldChecks, InvalidFields, all_of};
use edge::Problem;
use edge::http::read_prompt;
use ports::FileError;
use serde_json::Value;

/// The format of lines.
pub fn chat_lines() -> LineFormat {
    LineFormat { read, answer, error }
}

fn read(body: &str, check: &CheckLine<'_>) -> Result<LineRequest, LineError> {
    let judge = |body: &ChatRequest| {
        let refused_in_batches = not_in_batches(body);
        let (request, names, refused) =
            question::read(body.clone(), CacheControl::default(), &mut RequestFiles::without_urls());
        let checked = check(&request).map_err(|InvalidFields(mut wrong)| {
            wrong.iter_mut().for_each(|wrong| wrong.field = names.field(&wrong.field));
            InvalidFields(wrong)
        });
        all_of(all_of(refused_in_batches, refused), checked)
    };
    let body = read_prompt(body.as_bytes(), judge).map_err(|problem| line_error(&problem))?;
    let wrong = not_in_batches(&body);
    let (request, names, refused) =
        question::read(body.clone(), CacheControl::default(), &mut RequestFiles::without_urls());
    // The use case does not know these fields. When one of them is wrong, its own checks run here too, so that one answer
    // names every wrong field.
    if all_of(wrong, refused).is_err() {
        judge(&body).map_err(|wrong| line_error(&wrong.into()))?;
    }
    Ok(LineRequest { request, caller_field: Box::new(move |field| names.field(field)) })
}

/// Nobody reads a stream of a batch, and the results of a batch are written without the tools of its lines.
fn not_in_batches(body: &ChatRequest) -> Result<(), InvalidFields> {
    let mut check = FieldChecks::default();
    if body.stream == Some(true) {
        check.wrong("stream", "unsupported", "must be false or left out in a batch");
    }
    for (at, tool) in body.tools.iter().flatten().enumerate() {
        if matches!(tool, ChatTool::Custom { .. }) {
            check.wrong(&format!("tools.{at}.type"), "unsupported", "must be function in a batch");
        }
    }
    check.finish(())
}

fn answer(answer: &GatewayAnswer, now: Timestamp) -> Result<Value, Error> {
    serde_json::to_value(whole(answer, &CustomTools::default(), now.seconds()))
        .map_err(|error| FileError(error.into()).into())
}

fn error(error: Error, detail: Option<&'static str>) -> LineError {
    let problem = Problem::from(error);
    line_error(&match detail {
        Some(detail) => problem.with_detail(detail),
        None => problem,
    })
}

fn line_error(problem: &Problem) -> LineError {
    let body = serde_json::to_value(problem.openai()).unwrap_or_default();
    LineError { status: problem.kind().status, body }
}

#[cfg(test)]
mod tests {
    use super::read;
    use domain::field::InvalidFields;

    fn refused(body: &str) -> (u16, String) {
        let wrong = || InvalidFields::one("max_tokens", "range", "must be 1 to 9 for this model");
        let Err(error) =
            read(body, &|request| if request.max_tokens == Some(0) { Err(wrong()) } else { Ok(()) })
        else {
            panic!("it is not refused")
        };
        (error.status, error.body["error"]["message"].as_str().unwrap().to_owned())
    }

    #[test]
    fn a_line_is_refused_like_a_request_by_the_callers_names() {
        let messages = r#""messages":[{"role":"user","content":"zxq"}]"#;
        let (status, message) = refused(&format!(
            r#"{{"model":"auto",{messages},"stream":true,"n":2,"max_completion_tokens":0,"wrong":1}}"#
        ));
        assert_eq!(status, 400);
        for field in ["stream: ", "n: ", "max_completion_tokens: ", "wrong: "] {
            assert!(message.contains(field), "{message}");
        }
        assert!(!message.contains("zxq"));
        assert_eq!(refused(r#"{"model":"auto"}"#), (400, "messages: must be given".to_owned()));
    }

    #[test]
    fn a_right_line_is_a_conversation() {
        let line =
            r#"{"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":"u"}]}"#;
        let read = read(line, &|_| Ok(())).unwrap_or_else(|error| panic!("{error:?}"));
        assert_eq!((read.request.model.as_deref(), read.request.system.as_str()), (Some("m"), "s"));
        assert_eq!((read.caller_field)("messages.0.content"), "messages.1.content");
    }
}
