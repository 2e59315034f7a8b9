//! The caller's names of fields with another name in the use case, so that an error names the fields that were sent.

/// The places of the parts of a prompt in the caller's body.
pub(crate) struct Names {
    /// The first turn with instructions, by its place among all turns, if the body has no `system`.
    pub(crate) instructions: Option<usize>,
    /// The turns of the conversation.
    pub(crate) turns: Vec<TurnPlace>,
    /// The caller's name of the schema of the answer.
    pub(crate) schema: &'static str,
}

/// The place of a turn.
pub(crate) struct TurnPlace {
    /// Its place among all turns.
    pub(crate) place: usize,
    /// Whether its content is a text, and not blocks.
    pub(crate) is_text: bool,
}

impl Names {
    /// The caller's name of a field.
    pub(crate) fn field(&self, field: &str) -> String {
        match field {
            "stop" => "stop_sequences".to_owned(),
            "user" => "metadata.user_id".to_owned(),
            "system" => self
                .instructions
                .map_or_else(|| "system".to_owned(), |place| format!("messages.{place}.content")),
            "response_schema" => self.schema.to_owned(),
            _ => self.of_turn(field).or_else(|| of_tool(field)).unwrap_or_else(|| field.to_owned()),
        }
    }

    /// Blocks keep their places, so only the places of turns differ.
    fn of_turn(&self, field: &str) -> Option<String> {
        let (at, rest) = field.strip_prefix("messages.")?.split_once('.')?;
        let TurnPlace { place, is_text } = self.turns.get(at.parse::<usize>().ok()?)?;
        let rest = if *is_text && rest.starts_with("content.") { "content" } else { rest };
        Some(format!("messages.{place}.{rest}"))
    }
}

fn of_tool(field: &str) -> Option<String> {
    let at = field.strip_prefix("tools.")?.strip_suffix(".parameters")?;
    Some(format!("tools.{at}.input_schema"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_have_the_names_and_places_that_the_caller_sent() {
        let turn = |place, is_text| TurnPlace { place, is_text };
        let names = Names {
            instructions: None,
            turns: vec![turn(1, true), turn(4, false)],
            schema: "output_format.schema",
        };
        for (field, named) in [
            ("stop", "stop_sequences"),
            ("user", "metadata.user_id"),
            ("system", "system"),
            ("response_schema", "output_format.schema"),
            ("messages.0.content.0", "messages.1.content"),
            ("messages.1.content.2", "messages.4.content.2"),
            ("messages.1.role", "messages.4.role"),
            ("messages", "messages"),
            ("tools.3.parameters", "tools.3.input_schema"),
            ("tools.3.name", "tools.3.name"),
            ("max_tokens", "max_tokens"),
        ] {
            assert_eq!(names.field(field), named);
        }
        let names = Names { instructions: Some(2), ..names };
        assert_eq!(names.field("system"), "messages.2.content");
    }
}
