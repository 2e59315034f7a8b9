//! A model that counts. It reads the question that it was really sent, counts its tokens and those of its answer by OpenAI's
//! `o200k_base` (Claude's and Nova's tokenizers are not public), and judges by a few words: an answer with the length and the
//! quotes of a real one, and now and then one that can't be used.

use crate::naive;
use ports::{BoxFuture, ModelAnswer, ModelCall, ModelError, ModelGateway, StopReason, Usage};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use tiktoken::CoreBpe;

/// What a forced tool adds to a question beside its schema. Anthropic documents 235 to 340 tokens, by model.
const FORCED_TOOL: u64 = 313;
/// What each turn adds.
const TURN: u64 = 4;
/// How long a provider keeps instructions after they were last read.
const KEPT_MILLIS: i64 = 5 * 60 * 1000;
/// Judgements of a thousand that quote what the lead does not say. Assumed, from experience with models of either size.
const UNUSABLE: [(&str, u64); 2] = [("claude", 10), ("nova", 40)];
/// Of a hundred that are told so, those that don't become better.
const STUBBORN: u64 = 30;

/// The words by which evidence is known, and what is said of it.
const SIGNS: [(&str, &[&str], [&str; 3]); 4] = [
    (
        "budget",
        &["budget", "EUR", "USD", "spend", "$"],
        [
            "The money for the purchase is named or set aside.",
            "What they can spend is known, which makes an offer possible.",
            "The amount limits or allows the deal and was stated by the prospect.",
        ],
    ),
    (
        "authority",
        &["decision", "decides", "signs everything", "no say", "reports to"],
        [
            "Who decides is known, and how close we are to that person.",
            "The role of the contact shows how much weight their word has.",
            "The decision maker is named in the notes.",
        ],
    ),
    (
        "need",
        &["replace", "problem", "manual", "need is real", "scale", "trusts"],
        [
            "There is a concrete problem that the product solves.",
            "The present tool fails them, which makes a change likely.",
            "The pain is described by the prospect's own people.",
        ],
    ),
    (
        "timeline",
        &["decide ", "ends ", "should start", "deadline", "has to be finished", "urgency"],
        [
            "A date is named by which something has to happen.",
            "The point in time of the purchase can be foreseen.",
            "The end of the present contract sets a limit.",
        ],
    ),
];

/// Counts, and answers.
pub(crate) struct CountingModel {
    tokenizer: &'static CoreBpe,
    /// Instructions and schemas, which come again and again.
    counted: Mutex<HashMap<String, u64>>,
    /// What the provider keeps of instructions, and when it was read last.
    kept: Mutex<HashMap<String, i64>>,
    clock: AtomicI64,
    /// What was counted, by model.
    usage: Mutex<HashMap<String, Usage>>,
}

impl CountingModel {
    pub(crate) fn new() -> Self {
        Self {
            tokenizer: tiktoken::get_encoding("o200k_base").expect("an encoding"),
            counted: Mutex::default(),
            kept: Mutex::default(),
            clock: AtomicI64::new(0),
            usage: Mutex::default(),
        }
    }

    /// What was counted so far, by model.
    pub(crate) fn usage(&self) -> HashMap<String, Usage> {
        lock(&self.usage).clone()
    }

    /// It is this moment now.
    pub(crate) fn at(&self, millis: i64) {
        self.clock.store(millis, Ordering::Relaxed);
    }

    fn tokens(&self, text: &str) -> u64 {
        self.tokenizer.count(text) as u64
    }

    fn tokens_of_constant(&self, text: &str) -> u64 {
        if let Some(tokens) = lock(&self.counted).get(text) {
            return *tokens;
        }
        let tokens = self.tokens(text);
        lock(&self.counted).insert(text.to_owned(), tokens);
        tokens
    }

    /// The tokens of a question: what the provider may keep, and the rest.
    fn question(&self, call: &ModelCall) -> (u64, u64) {
        let schema = call.output_schema.as_ref().map(Value::to_string);
        let schema = schema.map_or(0, |schema| self.tokens_of_constant(&schema) + FORCED_TOOL);
        let turns = call.messages.iter().map(|message| self.tokens(&message.joined_text()) + TURN).sum();
        (schema + self.tokens_of_constant(&call.system) + TURN, turns)
    }

    /// How a question and its answer are metered.
    fn metered(&self, call: &ModelCall, answer: &str) -> Usage {
        let (constant, turns) = self.question(call);
        let output_tokens = self.tokens(answer);
        if !call.cache_instructions {
            return Usage { input_tokens: constant + turns, output_tokens, ..Usage::default() };
        }
        let now = self.clock.load(Ordering::Relaxed);
        let read = lock(&self.kept).insert(format!("{} {}", call.model, call.system), now);
        let (cache_read_tokens, cache_write_tokens) = match read {
            Some(read) if now - read < KEPT_MILLIS => (constant, 0),
            _ => (0, constant),
        };
        Usage {
            input_tokens: turns,
            output_tokens,
            cache_read_tokens,
            cache_write_tokens,
            reasoning_tokens: 0,
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ModelGateway for CountingModel {
    fn converse<'a>(&'a self, call: &'a ModelCall) -> BoxFuture<'a, Result<ModelAnswer, ModelError>> {
        Box::pin(async move {
            // Others ask meanwhile.
            for _ in 0..3 {
                tokio::task::yield_now().await;
            }
            let text = answer(call);
            let usage = self.metered(call, &text);
            let mut sums = lock(&self.usage);
            let sum = sums.entry(call.model.clone()).or_default();
            sum.input_tokens += usage.input_tokens;
            sum.output_tokens += usage.output_tokens;
            sum.cache_read_tokens += usage.cache_read_tokens;
            sum.cache_write_tokens += usage.cache_write_tokens;
            Ok(ModelAnswer {
                reasoning: Vec::new(),
                tool_calls: Vec::new(),
                text,
                stop: StopReason::EndTurn,
                usage: Some(usage),
            })
        })
    }
}

fn answer(call: &ModelCall) -> String {
    let told = &call.messages[0].joined_text();
    let document: Value = match told.split_once("<lead_data>") {
        Some((_, rest)) => serde_json::from_str(rest.trim_end_matches("</lead_data>")).expect("a document"),
        None => serde_json::from_str(told.split_once("\n\n").expect("a record").1).expect("a record"),
    };
    if call.output_schema.is_none() {
        return naive::report(&judgement(&document, None));
    }
    let repaired = call.messages.len() > 1;
    let judged = |document: &Value| judgement(document, Some((&call.model, repaired)));
    if document.get("company_name").is_some() {
        return judged(&document).to_string();
    }
    let leads = document.as_object().expect("leads by number");
    let all: Map<String, Value> = leads.iter().map(|(at, lead)| (at.clone(), judged(lead))).collect();
    Value::from(all).to_string()
}

/// The judgement of one lead. `by` is who may quote what is not there, and whether it was told so.
fn judgement(lead: &Value, by: Option<(&str, bool)>) -> Value {
    let notes = lead["notes"].as_str().unwrap_or_default();
    let mut hash = fingerprint(notes) ^ fingerprint(&lead["company_name"].to_string());
    let mut factors = Vec::new();
    for (dimension, signs, reasons) in SIGNS {
        let telling = notes
            .split_inclusive(['.', '\n'])
            .map(str::trim)
            .filter(|sentence| signs.iter().any(|sign| sentence.contains(sign)));
        for sentence in telling.take(2) {
            hash = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(17);
            let quote: Vec<&str> = sentence.split_whitespace().take(12).collect();
            factors.push(json!({"dimension": dimension, "impact": 10 + hash % 50, "field": "notes",
                "quote": quote.join(" "), "reason": reasons[(hash >> 8) as usize % reasons.len()]}));
        }
    }
    let mut dimensions: Vec<&Value> = factors.iter().map(|factor| &factor["dimension"]).collect();
    dimensions.dedup();
    let abstains = dimensions.len() < 2;
    let of = |name: &str| {
        let seen = factors.iter().filter(|factor| factor["dimension"] == name).count() as u64;
        if abstains { 0 } else { (20 + 30 * seen + hash % 15).min(100) }
    };
    let (budget, authority, need, timeline) = (of("budget"), of("authority"), of("need"), of("timeline"));
    if let Some((model, repaired)) = by {
        let thousandth = fingerprint(&format!("{model}{lead}")) % 1000;
        let rate = UNUSABLE.iter().find(|(name, _)| model.contains(name)).map_or(0, |(_, rate)| *rate);
        let unusable = thousandth < if repaired { rate * STUBBORN / 100 } else { rate };
        if let Some(factor) = factors.first_mut().filter(|_| unusable) {
            factor["quote"] = json!("they told us that the money has been released");
        }
    }
    json!({"abstain": abstains, "budget": budget, "authority": authority, "need": need, "timeline": timeline,
        "confidence_percent": 55 + hash % 40, "factors": factors})
}

/// FNV-1a: the same on every machine.
fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ports::{Message, Role, ToolSet};
    use std::time::Duration;

    fn call(notes: &str) -> ModelCall {
        let lead = json!({"company_name": "Contoso", "status": "new", "notes": notes});
        ModelCall {
            model: "claude".to_owned(),
            system: "Judge.".to_owned(),
            messages: vec![Message::text(Role::User, format!("<lead_data>{lead}</lead_data>"))],
            tools: ToolSet::default(),
            reasoning: None,
            output_schema: Some(json!({"type": "object"})),
            max_output_tokens: 1000,
            temperature: Some(0.0),
            top_p: None,
            stop: Vec::new(),
            cache_instructions: false,
            guardrail: None,
            time_left: Duration::from_secs(10),
            base_model: None,
        }
    }

    #[tokio::test]
    async fn instructions_are_paid_for_anew_unless_they_are_kept() {
        let model = CountingModel::new();
        let mut call = call("The budget is approved. They must replace SAP.");
        let plain = model.converse(&call).await.unwrap().usage.unwrap();
        assert_eq!((plain.cache_read_tokens, plain.cache_write_tokens), (0, 0));
        call.cache_instructions = true;
        let first = model.converse(&call).await.unwrap().usage.unwrap();
        let second = model.converse(&call).await.unwrap().usage.unwrap();
        model.at(KEPT_MILLIS);
        let late = model.converse(&call).await.unwrap().usage.unwrap();
        assert!(first.cache_write_tokens > FORCED_TOOL && first.cache_read_tokens == 0);
        assert_eq!((second.cache_read_tokens, second.cache_write_tokens), (first.cache_write_tokens, 0));
        assert_eq!(late, first);
        assert_eq!(first.input_tokens + first.cache_write_tokens, plain.input_tokens);
    }

    #[test]
    fn who_says_little_is_not_judged() {
        let judged: Value = serde_json::from_str(&answer(&call("Friendly call."))).unwrap();
        assert_eq!((&judged["abstain"], &judged["need"]), (&json!(true), &json!(0)));
        let judged: Value =
            serde_json::from_str(&answer(&call("The budget is approved. They must replace SAP."))).unwrap();
        assert_eq!(judged["abstain"], json!(false));
        assert_eq!(judged["factors"].as_array().unwrap().len(), 2);
        assert_eq!(judged["factors"][0]["quote"], json!("The budget is approved."));
    }
}
