//! The caller's names of fields with another name in the use case, so that an error names the fields that were sent.

use application_core::Error;
use domain::InvalidFields;

/// The places of the parts of a prompt in the caller's body.
pub(crate) struct Names {
    /// The first turn with instructions, by its place among all turns.
    pub(crate) instructions: Option<usize>,
    /// The place of each turn of the conversation among all turns.
    pub(crate) turns: Vec<usize>,
    /// The caller's name for the limit of the completion's length.
    pub(crate) max_tokens: &'static str,
}

impl Names {
    /// The error, with the caller's names of the fields.
    pub(crate) fn of_caller(&self, error: Error) -> Error {
        match error {
            Error::Invalid(invalid) => Error::Invalid(self.of_caller_fields(invalid)),
            error => error,
        }
    }

    /// The wrong fields, with the caller's names.
    pub(crate) fn of_caller_fields(&self, InvalidFields(mut wrong): InvalidFields) -> InvalidFields {
        wrong.iter_mut().for_each(|wrong| wrong.field = self.field(&wrong.field));
        InvalidFields(wrong)
    }

    fn field(&self, field: &str) -> String {
        let turn = |place: usize| format!("messages.{place}.content");
        match field {
            "max_tokens" => self.max_tokens.to_owned(),
            "system" => self.instructions.map_or_else(|| "messages".to_owned(), turn),
            "response_schema" => "response_format.json_schema.schema".to_owned(),
            _ => self.of_turn(field).unwrap_or_else(|| field.to_owned()),
        }
    }

    fn of_turn(&self, field: &str) -> Option<String> {
        let (at, rest) = field.strip_prefix("messages.")?.split_once('.')?;
        let place = self.turns.get(at.parse::<usize>().ok()?)?;
        Some(format!("messages.{place}.{rest}"))
    }
}
