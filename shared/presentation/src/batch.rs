//! Batches of requests to models, in OpenAI's format.

use contracts::openai::{Batch as Shown, BatchError, BatchErrors, BatchRequestCounts};
use domain::Timestamp;
use domain::ai::batch::{Batch, BatchFailure, BatchFailureReason, BatchStatus, COMPLETION_WINDOW};
use domain::ai::batch_file::{BatchLineProblem, ENDPOINT};

/// A batch as every answer shows it, without the addresses of its files.
pub fn batch(batch: &Batch) -> Shown {
    let ended =
        matches!(batch.status, BatchStatus::Completed | BatchStatus::Expired | BatchStatus::Cancelled);
    let file = |name: &str| format!("{}-{name}", batch.id);
    let seconds = |time: Option<Timestamp>| time.map(Timestamp::seconds);
    let ended_as = |status| seconds(batch.times.ended.filter(|_| batch.status == status));
    Shown {
        id: batch.id.to_string(),
        object: "batch".to_owned(),
        endpoint: ENDPOINT.to_owned(),
        errors: batch.failure.as_ref().map(errors),
        input_file_id: file("input"),
        completion_window: COMPLETION_WINDOW.to_owned(),
        status: batch.status.as_str().to_owned(),
        output_file_id: (ended && batch.completed > 0).then(|| file("output")),
        error_file_id: (ended && batch.failed > 0).then(|| file("errors")),
        created_at: batch.created_at.seconds(),
        in_progress_at: seconds(batch.times.in_progress),
        expires_at: batch.expires_at().seconds(),
        finalizing_at: seconds(batch.times.finalizing),
        completed_at: ended_as(BatchStatus::Completed),
        failed_at: ended_as(BatchStatus::Failed),
        expired_at: ended_as(BatchStatus::Expired),
        cancelling_at: seconds(batch.times.cancelling),
        cancelled_at: ended_as(BatchStatus::Cancelled),
        request_counts: BatchRequestCounts {
            total: batch.lines,
            completed: batch.completed,
            failed: batch.failed,
        },
        metadata: (!batch.metadata.is_empty()).then(|| batch.metadata.clone()),
        upload: None,
        output_url: None,
        error_url: None,
        urls_expire_at: None,
    }
}

fn errors(failure: &BatchFailure) -> BatchErrors {
    let lines = failure.lines.iter().map(|fault| BatchError {
        code: fault.reason.as_str().to_owned(),
        message: rule(fault.reason).to_owned(),
        param: param(fault.reason).map(str::to_owned),
        line: Some(fault.line),
    });
    let mut data: Vec<BatchError> = lines.collect();
    if data.is_empty() {
        let (code, message) = (failure.reason.as_str().to_owned(), message(failure));
        data.push(BatchError { code, message, param: None, line: None });
    }
    BatchErrors { object: "list".to_owned(), data }
}

fn message(failure: &BatchFailure) -> String {
    match failure.reason {
        BatchFailureReason::FileDiffers => {
            "The uploaded file has another size or SHA-256 than the batch names. Create another batch."
                .to_owned()
        }
        BatchFailureReason::InvalidLines => "Lines of the file are wrong.".to_owned(),
        BatchFailureReason::TooManyLines => {
            "The file has more than 50000 lines. Divide it among several batches.".to_owned()
        }
        BatchFailureReason::BudgetExceeded => {
            let budget = failure.budget.as_deref().unwrap_or("organization");
            format!(
                "The most that all lines can cost exceeds the budget {budget}. GET /v1/ai/budgets shows what is left. \
                 Ask for fewer tokens, send fewer lines, or have an admin raise the limit."
            )
        }
    }
}

/// The rule that a line breaks.
const fn rule(problem: BatchLineProblem) -> &'static str {
    match problem {
        BatchLineProblem::Empty => "The line is empty.",
        BatchLineProblem::TooLong => "The line is longer than 1 MiB.",
        BatchLineProblem::NotUtf8 => "The line is not UTF-8.",
        BatchLineProblem::NotJson => "The line is not JSON.",
        BatchLineProblem::NotARequest => {
            "The line must be an object with the members custom_id, method, url and body alone; body is an object and \
             the others are texts."
        }
        BatchLineProblem::CustomId => "custom_id must have 1 to 256 characters, and no control characters.",
        BatchLineProblem::RepeatedCustomId => "An earlier line has the same custom_id.",
        BatchLineProblem::Method => "method must be POST.",
        BatchLineProblem::Url => "url must be the endpoint of the batch, /v1/chat/completions.",
    }
}

/// The member that breaks the rule.
const fn param(problem: BatchLineProblem) -> Option<&'static str> {
    match problem {
        BatchLineProblem::CustomId | BatchLineProblem::RepeatedCustomId => Some("custom_id"),
        BatchLineProblem::Method => Some("method"),
        BatchLineProblem::Url => Some("url"),
        BatchLineProblem::Empty
        | BatchLineProblem::TooLong
        | BatchLineProblem::NotUtf8
        | BatchLineProblem::NotJson
        | BatchLineProblem::NotARequest => None,
    }
}
