//! Abilities that not every model has. A conversation that needs one is never sent to a model without it: another model
//! of the chain is asked, and when the chain has none, the answer names the field that needs the ability.

use super::registry::Model;
use domain::field::{FieldError, InvalidFields};
use ports::{ContentBlock, Message, Role, ToolSet};
use serde_json::Value;

/// The most characters of a name of a property that every model takes.
const LONGEST_PROPERTY_NAME: usize = 64;

/// An ability that not every model has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ability {
    /// Takes pictures.
    Images,
    /// Takes documents.
    Documents,
    /// Calls tools.
    Tools,
    /// Takes schemas with properties of any name. Claude takes `^[a-zA-Z0-9_.-]{1,64}$` alone.
    AnyPropertyName,
    /// Continues an answer whose beginning stands at the end of the conversation.
    Prefill,
}

impl Ability {
    /// The reason for a refusal.
    const fn message(self) -> &'static str {
        match self {
            Self::Images => "must be left out: this model takes no pictures",
            Self::Documents => "must be left out: this model takes no documents",
            Self::Tools => "must be left out: this model calls no tools",
            Self::AnyPropertyName => {
                "must name its properties with 1 to 64 of a-z, A-Z, 0-9, `_`, `.` and `-` for this model"
            }
            Self::Prefill => "must be user in the last turn: this model does not continue a begun answer",
        }
    }
}

/// An ability that a conversation needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NeededAbility {
    pub(crate) ability: Ability,
    /// The first field that needs it.
    field: String,
}

impl NeededAbility {
    fn new(ability: Ability, field: impl Into<String>) -> Self {
        Self { ability, field: field.into() }
    }

    /// The error when no model has it.
    fn refusal(&self) -> FieldError {
        let message = self.ability.message().to_owned();
        FieldError { field: self.field.clone(), code: "unsupported", message }
    }
}

impl Model {
    /// Whether it has all these abilities.
    pub(crate) fn has_all(&self, needs: &[NeededAbility]) -> bool {
        needs.iter().all(|need| self.has(need.ability))
    }

    fn has(&self, ability: Ability) -> bool {
        match ability {
            Ability::Images => self.image_tokens.is_some(),
            Ability::Documents => self.documents,
            Ability::Tools => self.tools,
            Ability::AnyPropertyName => self.any_property_name,
            Ability::Prefill => self.prefill,
        }
    }
}

/// The error when no model has all of these abilities: those that no model has, or otherwise all, because each model
/// lacks another one.
pub(crate) fn missing(needs: &[NeededAbility], models: &[&Model]) -> Result<(), InvalidFields> {
    if models.is_empty() || models.iter().any(|model| model.has_all(needs)) {
        return Ok(());
    }
    let lacking = |need: &&NeededAbility| !models.iter().any(|model| model.has(need.ability));
    let mut wrong: Vec<FieldError> = needs.iter().filter(lacking).map(NeededAbility::refusal).collect();
    if wrong.is_empty() {
        wrong = needs.iter().map(NeededAbility::refusal).collect();
    }
    Err(InvalidFields(wrong))
}

/// The abilities that a conversation needs, with fields in the caller's order of turns.
pub(crate) fn needed(
    messages: &[Message],
    tools: &ToolSet,
    output_schema: Option<&Value>,
) -> Vec<NeededAbility> {
    let mut needs = Vec::new();
    let first = |is: fn(&ContentBlock) -> bool| {
        messages.iter().enumerate().find_map(|(turn, message)| {
            let place = message.content.iter().position(|block| block.with_inner().any(is))?;
            Some(format!("messages.{turn}.content.{place}"))
        })
    };
    if let Some(field) = first(|block| matches!(block, ContentBlock::Image(_))) {
        needs.push(NeededAbility::new(Ability::Images, field));
    }
    if let Some(field) = first(|block| matches!(block, ContentBlock::Document(_))) {
        needs.push(NeededAbility::new(Ability::Documents, field));
    }
    if !tools.tools.is_empty() {
        needs.push(NeededAbility::new(Ability::Tools, "tools"));
    } else if let Some(field) = first(ContentBlock::is_about_tools) {
        needs.push(NeededAbility::new(Ability::Tools, field));
    }
    let special = tools.tools.iter().position(|tool| has_special_names(&tool.parameters));
    if let Some(place) = special {
        needs.push(NeededAbility::new(Ability::AnyPropertyName, format!("tools.{place}.parameters")));
    } else if output_schema.is_some_and(has_special_names) {
        needs.push(NeededAbility::new(Ability::AnyPropertyName, "response_schema"));
    }
    if let Some(last) = messages.len().checked_sub(1)
        && messages.last().is_some_and(|message| message.role == Role::Assistant)
    {
        needs.push(NeededAbility::new(Ability::Prefill, format!("messages.{last}.role")));
    }
    needs
}

/// Whether a schema has a property with a name that not every model takes.
fn has_special_names(schema: &Value) -> bool {
    let special = |name: &String| {
        let usual = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
        name.is_empty() || name.len() > LONGEST_PROPERTY_NAME || !name.bytes().all(usual)
    };
    match schema {
        Value::Object(members) => {
            let named = members.get("properties").and_then(Value::as_object);
            named.is_some_and(|named| named.keys().any(special)) || members.values().any(has_special_names)
        }
        Value::Array(parts) => parts.iter().any(has_special_names),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Registry;
    use ports::{Image, ImageFormat, Tool};
    use serde_json::json;
    use std::sync::Arc;

    fn model(id: &str) -> Model {
        Registry::shipped().unwrap().model(id).unwrap().clone()
    }

    fn tools(parameters: Value) -> ToolSet {
        let tool = Tool { name: "t".to_owned(), description: None, parameters, strict: false };
        ToolSet { tools: vec![tool], ..ToolSet::default() }
    }

    #[test]
    fn a_picture_is_refused_by_its_place_where_no_model_takes_it() {
        let image = ContentBlock::Image(Image { format: ImageFormat::Png, data: Arc::from([1_u8]) });
        let turn = Message { role: Role::User, content: vec![ContentBlock::Text("a".to_owned()), image] };
        let needs = needed(&[Message::text(Role::User, "b"), turn], &ToolSet::default(), None);
        let (sees, blind) = (model("us.amazon.nova-pro-v1:0"), model("self-hosted"));
        assert!(missing(&needs, &[&blind, &sees]).is_ok());
        let InvalidFields(wrong) = missing(&needs, &[&blind]).unwrap_err();
        assert_eq!((wrong[0].field.as_str(), wrong[0].code), ("messages.1.content.1", "unsupported"));
    }

    #[test]
    fn names_of_properties_matter_wherever_they_stand() {
        let claude = model("us.anthropic.claude-sonnet-4-6");
        let nested = json!({"type": "object", "properties": {"a": {"anyOf": [
            {"type": "null"}, {"type": "object", "properties": {"prénom": {"type": "string"}}},
        ]}}});
        let needs = needed(&[], &tools(nested.clone()), None);
        let InvalidFields(wrong) = missing(&needs, &[&claude]).unwrap_err();
        assert_eq!(wrong[0].field, "tools.0.parameters");
        let needs = needed(&[], &ToolSet::default(), Some(&nested));
        assert_eq!(missing(&needs, &[&claude]).unwrap_err().0[0].field, "response_schema");
        assert!(missing(&needs, &[&claude, &model("us.amazon.nova-pro-v1:0")]).is_ok());
        let usual = json!({"type": "object", "properties": {"first_name.x-1": {"enum": ["prénom"]}}});
        assert_eq!(needed(&[], &tools(usual), None).len(), 1);
    }
}
