//! Reads a line of a batch as a request to the gateway, with the checks of the route to which it is a request.

use super::advance::BatchTools;
use super::line_format::{LineError, LineRequest};
use crate::ask::{GatewayRequest, Requester};
use crate::completion::{CompletionRequest, check_completion, question};
use application_core::Error;
use domain::ai::batch_file::BatchLine;
use domain::field::InvalidFields;

/// A line that can be asked.
pub(super) struct AskedLine {
    pub(super) ask: GatewayRequest,
    caller_field: Box<dyn Fn(&str) -> String + Send + Sync>,
}

/// Reads a line.
pub(super) fn read_line(
    tools: BatchTools<'_>,
    asker: &Requester,
    line: &BatchLine<'_>,
) -> Result<AskedLine, LineError> {
    let (registry, chain) = (&tools.completions.registry, &tools.completions.chain);
    let check = |request: &CompletionRequest| check_completion(registry, chain, asker.tenant, request);
    let LineRequest { request, caller_field } = (tools.format.read)(line.body.get(), &check)?;
    match question(registry, chain, asker, request) {
        Ok(ask) => Ok(AskedLine { ask, caller_field }),
        Err(error) => Err((tools.format.error)(renamed(caller_field.as_ref(), error), None)),
    }
}

impl AskedLine {
    /// The answer to the line when it fails with this error, with this text for people in place of the usual one.
    pub(super) fn failed(
        &self,
        tools: BatchTools<'_>,
        error: Error,
        detail: Option<&'static str>,
    ) -> LineError {
        (tools.format.error)(renamed(self.caller_field.as_ref(), error), detail)
    }
}

/// The error, with the caller's names of the fields.
fn renamed(caller_field: &dyn Fn(&str) -> String, error: Error) -> Error {
    match error {
        Error::Invalid(InvalidFields(mut wrong)) => {
            wrong.iter_mut().for_each(|wrong| wrong.field = caller_field(&wrong.field));
            Error::Invalid(InvalidFields(wrong))
        }
        error => error,
    }
}
