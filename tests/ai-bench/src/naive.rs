//! The question as it is written first: the instructions explain everything, the lead is its whole record, well laid out, and the
//! answer is a report. It is what the savings are measured against, so nothing is in it that people don't write.

use application_ai::{CachePolicy, Chain, Conversation, GatewayRequest};
use domain::ai::Feature;
use domain::sales::Lead;
use ports::{Message, Role};
use serde_json::{Value, json};
use std::time::Duration;

/// What the model is told.
const INSTRUCTIONS: &str = r#"You are an experienced B2B sales analyst. Your task is to evaluate sales leads for our sales team using the well-known BANT framework, so that our sales representatives know which leads they should work on first.

The BANT framework consists of four dimensions:

1. Budget: Does the prospect have the financial resources to buy our product? Consider whether a budget has been mentioned, approved or planned, and how large the company is.
2. Authority: Are we talking to somebody who can make the purchase decision? Consider the role of our contact and who else is involved in the decision.
3. Need: Does the prospect have a real problem that our product can solve? Consider the pain points that have been mentioned and the tools that are used today.
4. Timeline: When does the prospect intend to buy? Consider deadlines, ends of contracts and any statements about urgency.

Please evaluate the lead that the user gives you in each of these four dimensions with a score from 0 (very bad) to 100 (excellent). For each dimension please write a short rationale of two or three sentences, and quote the parts of the data that support your evaluation. Please also calculate an overall score from 0 to 100 and state how confident you are in your evaluation in percent. In addition, list the most important factors that influenced the score, and recommend the next steps for the sales representative.

If there is not enough information to evaluate a dimension, please say so and use a low score. Do not invent any information that is not contained in the data.

Please return your answer as JSON in exactly the following format:

{
  "overall_score": 72,
  "confidence": 85,
  "dimensions": {
    "budget": { "score": 80, "rationale": "..." },
    "authority": { "score": 70, "rationale": "..." },
    "need": { "score": 65, "rationale": "..." },
    "timeline": { "score": 75, "rationale": "..." }
  },
  "factors": [
    { "dimension": "budget", "impact": "positive", "quote": "...", "explanation": "..." }
  ],
  "summary": "...",
  "next_steps": ["...", "..."]
}

Do not return anything but the JSON."#;

/// Asked of one model, kept nowhere and judged by nobody.
pub(crate) fn ask(lead: &Lead, chain: Chain) -> GatewayRequest {
    let contact = lead.contact.clone().unwrap_or_default();
    let record = json!({
        "id": lead.id, "company_name": lead.details.company_name, "industry": lead.details.industry,
        "company_size": lead.details.company_size, "status": lead.details.status, "owner_id": lead.details.owner_id,
        "contact_name": contact.name, "contact_email": contact.email, "contact_phone": contact.phone,
        "notes": contact.notes, "score": Value::Null, "created_at": lead.created_at.to_string(),
        "updated_at": lead.updated_at.to_string(),
    });
    let text = format!("Please evaluate the following lead:\n\n{record:#}");
    GatewayRequest {
        gives_cut: false,
        feature: Feature::LeadScoring,
        chain,
        sticky: lead.id.to_string(),
        conversation: Conversation {
            system: INSTRUCTIONS.to_owned(),
            messages: vec![Message::text(Role::User, text)],
            max_output_tokens: 4_000,
            temperature: Some(0.0),
            ..Conversation::default()
        },
        cache: CachePolicy { read: false, store: false, max_age: None, ttl: Duration::ZERO },
        check: None,
        tool_check: None,
        needs: Vec::new(),
        subject: lead.id.to_string(),
    }
}

/// The report that such a question gets: what our answer says too, with its rationales, laid out as asked for.
pub(crate) fn report(judgement: &Value) -> String {
    let dimension = |name: &str| {
        let of_it: Vec<&Value> = judgement["factors"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|factor| factor["dimension"] == name)
            .collect();
        let rationale = match of_it.first() {
            None => format!(
                "There is not enough information in the data to evaluate the {name} of this prospect. A low score was \
                 therefore used for this dimension."
            ),
            Some(factor) => format!(
                "The data contains a statement about the {name}: \"{}\". {} This should be taken into account when the \
                 lead is prioritized.",
                text(&factor["quote"]),
                text(&factor["reason"])
            ),
        };
        json!({"score": judgement[name], "rationale": rationale})
    };
    let factors: Vec<Value> = judgement["factors"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|factor| {
            json!({"dimension": factor["dimension"], "impact": "positive", "quote": factor["quote"],
                "explanation": factor["reason"]})
        })
        .collect();
    let report = json!({
        "overall_score": judgement["budget"], "confidence": judgement["confidence_percent"],
        "dimensions": {"budget": dimension("budget"), "authority": dimension("authority"),
            "need": dimension("need"), "timeline": dimension("timeline")},
        "factors": factors,
        "summary": "The lead shows some signals that make it worth a closer look. The evaluation is based on the notes of \
            the sales representative and on the company's profile, and should be updated after the next conversation.",
        "next_steps": ["Confirm the budget and the decision process with the contact.",
            "Agree on a date for the next conversation.", "Send material that fits the need that was mentioned."],
    });
    format!("{report:#}")
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
