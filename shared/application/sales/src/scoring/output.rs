//! Reads a model's completion: JSON that matches the schema, with evidence that the document really contains. Nothing
//! is clamped or filled in. Faults are told to the model once, and then the completion is refused.

use super::prompt::Document;
use application_ai::{schema_faults, unfenced};
use domain::sales::{AbstainReason, Assessment, Breakdown, Dimension, Evidence, Factor, ScoredField};
use jsonschema::Validator;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::OnceLock;

/// The schema of a completion (JSON Schema 2020-12).
pub(super) fn schema() -> Value {
    let percent = json!({"type": "integer", "minimum": 0, "maximum": 100});
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["abstain", "budget", "authority", "need", "timeline", "confidence_percent", "factors"],
        "properties": {
            "abstain": {"type": "boolean"},
            "budget": percent, "authority": percent, "need": percent, "timeline": percent,
            "confidence_percent": percent,
            "factors": {"type": "array", "maxItems": 8, "items": {
                "type": "object",
                "additionalProperties": false,
                "required": ["dimension", "impact", "field", "quote", "reason"],
                "properties": {
                    "dimension": {"enum": ["budget", "authority", "need", "timeline"]},
                    "impact": {"type": "integer", "minimum": -100, "maximum": 100},
                    "field": {"enum": ["company_name", "industry", "company_size", "contact_email", "notes", "status"]},
                    "quote": {"type": "string", "minLength": 1, "maxLength": 500},
                    "reason": {"type": "string", "minLength": 1, "maxLength": 500}
                }
            }}
        }
    })
}

/// The compiled schema, made once for each process: every completion is checked by it, some twice.
fn validator() -> Option<&'static Validator> {
    static VALIDATOR: OnceLock<Option<Validator>> = OnceLock::new();
    VALIDATOR.get_or_init(|| jsonschema::validator_for(&schema()).ok()).as_ref()
}

#[derive(Deserialize)]
struct Output {
    abstain: bool,
    #[serde(flatten)]
    breakdown: Numbers,
    confidence_percent: u8,
    factors: Vec<OutputFactor>,
}

#[derive(Deserialize)]
struct Numbers {
    budget: u8,
    authority: u8,
    need: u8,
    timeline: u8,
}

#[derive(Deserialize)]
struct OutputFactor {
    dimension: Dimension,
    impact: i8,
    field: ScoredField,
    quote: String,
    reason: String,
}

/// The assessment in `text`, or its faults as a text for the model.
pub(super) fn read(text: &str, document: &Document) -> Result<Assessment, Vec<String>> {
    let value =
        serde_json::from_str(unfenced(text)).map_err(|_| vec!["the answer is not JSON".to_owned()])?;
    judged(value, document)
}

/// The assessment in a value, or its faults as a text for the model.
pub(super) fn judged(value: Value, document: &Document) -> Result<Assessment, Vec<String>> {
    let validator = validator().ok_or_else(|| vec!["the schema is no schema".to_owned()])?;
    let errors = schema_faults(validator, &value);
    if !errors.is_empty() {
        return Err(errors);
    }
    let output =
        Output::deserialize(value).map_err(|_| vec!["the answer does not match the schema".to_owned()])?;
    let invented: Vec<String> = output
        .factors
        .iter()
        .enumerate()
        .filter(|(_, factor)| !quotes(document, factor.field, &factor.quote))
        .map(|(at, _)| format!("/factors/{at}/quote does not stand in its field"))
        .collect();
    if !invented.is_empty() {
        return Err(invented);
    }
    if !output.abstain && output.factors.is_empty() {
        return Err(vec!["/factors must not be empty when not abstaining".to_owned()]);
    }
    let Numbers { budget, authority, need, timeline } = output.breakdown;
    let outcome = if output.abstain {
        Err(AbstainReason::InsufficientData)
    } else {
        Ok(Breakdown { budget, authority, need, timeline })
    };
    let mut factors: Vec<Factor> = output
        .factors
        .into_iter()
        .map(|factor| Factor {
            dimension: factor.dimension,
            impact: factor.impact,
            field: factor.field,
            evidence: Some(Evidence { quote: factor.quote, reason: factor.reason }),
        })
        .collect();
    factors.sort_by_key(|factor| std::cmp::Reverse(factor.impact.unsigned_abs()));
    Ok(Assessment { outcome, factors, confidence_percent: output.confidence_percent })
}

/// Whether the field contains the quoted words, whole and in this order, without regard to case, spacing and
/// punctuation.
fn quotes(document: &Document, field: ScoredField, quote: &str) -> bool {
    let (text, quote) = (words(&document.field(field).unwrap_or_default()), words(quote));
    !quote.is_empty() && text.windows(quote.len()).any(|window| window == quote)
}

/// The words of a text in lower case, without surrounding punctuation.
fn words(text: &str) -> Vec<String> {
    let bare = |word: &str| word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    text.split_whitespace().map(bare).filter(|word| !word.is_empty()).collect()
}
