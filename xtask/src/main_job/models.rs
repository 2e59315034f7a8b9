//! The part of the main job that asks models: a search over the notes of the leads, and a sentence. Scoring is not part
//! of it.

use super::{Client, text};
use crate::error::Error;
use crate::local_models::{EMBEDDING_MODEL, ModelPorts};
use crate::say;
use serde_json::{Value, json};
use std::thread;
use std::time::{Duration, Instant};

/// The question is German and the notes are English, so no word of it decides. With the purpose of a document in place
/// of a query, the other lead would be nearer.
const QUESTION: &str = "Wer hat ein genehmigtes Budget?";
const ANSWER: &str = "Northwind Logistics";
const PROMPT: &str = "Write one friendly sentence to welcome a customer.";

/// A process that runs already follows a changed configuration within a minute of requests, and does not know the models
/// until then.
const FOLLOWS_WITHIN: Duration = Duration::from_secs(90);
const PAUSE: Duration = Duration::from_secs(3);

/// The purpose of texts, as the API names it.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    /// Documents, which queries look for.
    Document,
    /// Queries.
    Query,
}

/// The vectors of texts, and the cost in dollars.
pub(crate) fn embed(
    client: &Client,
    texts: &[&str],
    purpose: Purpose,
) -> Result<(Vec<Vec<f64>>, String), Error> {
    let input_type = match purpose {
        Purpose::Document => "document",
        Purpose::Query => "query",
    };
    let body = json!({"model": EMBEDDING_MODEL, "texts": texts, "input_type": input_type});
    let answer = client.call("POST", "/v1/ai/embeddings", Some(&body), 200)?;
    let vector = |vector: &Value| {
        vector.as_array().into_iter().flatten().filter_map(Value::as_f64).collect::<Vec<_>>()
    };
    let vectors = answer.get("vectors").and_then(Value::as_array).into_iter().flatten().map(vector);
    Ok((vectors.collect(), text(&answer, "cost_usd")))
}

/// How near two vectors of length 1 are: 1 for the same direction.
pub(crate) fn nearness(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

/// Searches the notes of leads, each with its company, and asks for a sentence.
pub(super) fn ask(client: &Client, ports: ModelPorts, notes: &[(String, String)]) -> Result<(), Error> {
    let documents: Vec<&str> = notes.iter().map(|(_, notes)| notes.as_str()).collect();
    let (vectors, _) = when_followed(|| embed(client, &documents, Purpose::Document))?;
    let (question, cost) = embed(client, &[QUESTION], Purpose::Query)?;
    let question = question.into_iter().next().unwrap_or_default();
    let mut found: Vec<(f64, &str)> = vectors
        .iter()
        .zip(notes)
        .map(|(vector, (company, _))| (nearness(&question, vector), company.as_str()))
        .collect();
    found.sort_by(|one, other| other.0.total_cmp(&one.0));
    say::detail(format!("search by {EMBEDDING_MODEL}, ${cost}: {QUESTION}"));
    for (nearness, company) in &found {
        say::detail(format!("  {nearness:.3}  {company}"));
    }
    if found.first().is_none_or(|(_, company)| *company != ANSWER) {
        let problem = format!("{ANSWER} is not the nearest");
        return Err(Error::Answer { what: "the search".into(), problem });
    }
    if ports.converse() { when_followed(|| converse(client)) } else { Ok(()) }
}

/// Asks the chain for a sentence, as clients of OpenAI do, and shows it.
fn converse(client: &Client) -> Result<(), Error> {
    let messages = json!([{"role": "user", "content": PROMPT}]);
    let body = json!({"model": "auto", "messages": messages, "max_tokens": 40, "temperature": 0});
    let answer = client.call("POST", "/v1/chat/completions", Some(&body), 200)?;
    let said = answer.pointer("/choices/0/message/content").and_then(Value::as_str).unwrap_or_default();
    say::detail(PROMPT);
    say::detail(format!("  {}, a toy: {}", text(&answer, "model"), said.trim().replace('\n', " ")));
    Ok(())
}

/// Repeats a request until the running functions know the models.
fn when_followed<T>(request: impl Fn() -> Result<T, Error>) -> Result<T, Error> {
    let started = Instant::now();
    let mut told = false;
    loop {
        match request() {
            Err(_) if started.elapsed() < FOLLOWS_WITHIN => {}
            result => return result,
        }
        if !told {
            told = true;
            say::detail(
                "waiting until running functions follow the configuration, at most a minute and a half",
            );
        }
        thread::sleep(PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::nearness;

    #[test]
    fn the_same_direction_is_nearest() {
        assert!((nearness(&[0.6, 0.8], &[0.6, 0.8]) - 1.0).abs() < 1e-9);
        assert!(nearness(&[1.0, 0.0], &[0.0, 1.0]).abs() < 1e-9);
    }
}
