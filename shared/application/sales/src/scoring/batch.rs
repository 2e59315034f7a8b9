//! Judges many leads, ten with each question: the instructions and the schema are paid for once. Each lead's part of the
//! answer is judged alone, by the schema and by that lead's own words; a part that is missing or can't be used is asked for
//! again alone. One lead never costs another its score.

use super::output;
use super::prompt::{self, Document};
use super::{Judged, LeadScorer, MAX_OUTPUT_TOKENS, by_rules, time_to_write};
use application_ai::gateway::{Unanswered, answer};
use application_ai::{Answered, Ask, Asker, CachePolicy, Conversation, unfenced};
use application_core::model_answer::AnswerCost;
use application_core::{Context, Error};
use domain::ai::{Feature, Tokens};
use domain::sales::{Assessment, Engine, Lead, LeadScore};
use futures_util::future::join_all;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Leads in one question.
const TOGETHER: usize = 10;
/// What the instructions add where there are several leads.
const SEVERAL: &str = " The data is an object of several leads by number. Answer with an object that has each lead's \
judgement by the same number, and judge each by its own data alone.";

/// A lead's score, or why it has none. Leads that were asked together may share the reason.
pub type Judgement = Result<LeadScore, Arc<Error>>;

impl LeadScorer {
    /// Judges leads, ten with each question; the questions are asked at the same time. The judgements stand in the order
    /// of the leads. What a question cost is shared by its leads, so that the sum is exact.
    ///
    /// Answers to several leads are not kept: the same ten hardly come together again, and a part that can't be used would
    /// be kept with the others. A lead that is asked alone is kept like any other.
    pub async fn score_all(&self, leads: &[Lead], context: &Context, asker: &Asker) -> Vec<Judgement> {
        let groups = leads.chunks(TOGETHER).map(|group| self.score_group(group, context, asker));
        join_all(groups).await.into_iter().flatten().collect()
    }

    async fn score_group(&self, leads: &[Lead], context: &Context, asker: &Asker) -> Vec<Judgement> {
        let documents: Vec<Document> = leads.iter().map(Document::of).collect();
        let nothing = AnswerCost { tokens: Tokens::default(), nano_usd: 0 };
        let (parts, cost, attempts) = match self.ask_group(leads, &documents, context, asker).await {
            Ok(None) => (Vec::new(), nothing, 0),
            Ok(Some(answered)) => {
                let parts = parts(&answered, &documents);
                (parts, answered.cost, answered.head.attempts)
            }
            // What is refused or too long together may be neither alone.
            Err(unanswered) if matches!(unanswered.error, Error::ModelRefused | Error::ContextLength) => {
                (Vec::new(), unanswered.cost, unanswered.attempts)
            }
            Err(unanswered) => {
                let rules = self.rules_judge(&unanswered);
                let price_version = self.price_version_of(&unanswered);
                let shares = shares(unanswered.cost, leads.len());
                let error = Arc::new(unanswered.error);
                let each = leads.iter().zip(shares).map(|(lead, share)| {
                    if rules {
                        let judged = by_rules(lead, share, unanswered.attempts, price_version.clone());
                        Ok(judged.score(context.now))
                    } else {
                        Err(Arc::clone(&error))
                    }
                });
                return each.collect();
            }
        };
        let mut parts = parts.into_iter();
        let judgements = leads.iter().zip(shares(cost, leads.len())).map(|(lead, share)| {
            let part = parts.next().flatten();
            async move {
                match part {
                    Some((assessment, model, price_version)) => {
                        let engine = Engine::Model;
                        let judged =
                            Judged { assessment, engine, model, cost: share, attempts, price_version };
                        Ok(judged.score(context.now))
                    }
                    None => {
                        let score = self.score(lead, context, asker).await.map_err(Arc::new)?;
                        Ok(with_share(score, share, attempts))
                    }
                }
            }
        });
        join_all(judgements).await
    }

    /// Asks for several leads at once; `None` where that would be the same as asking for each.
    async fn ask_group(
        &self,
        leads: &[Lead],
        documents: &[Document],
        context: &Context,
        asker: &Asker,
    ) -> Result<Option<Answered>, Unanswered> {
        // As for a lead that is asked alone.
        let sticky = asker.tenant.to_string();
        if leads.len() < 2 || self.chain.models(&sticky).is_empty() {
            return Ok(None);
        }
        let numbered: BTreeMap<String, &Document> =
            documents.iter().enumerate().map(|(at, document)| (at.to_string(), document)).collect();
        let turn = prompt::marked(&numbered).map_err(|_| Error::NoModel)?;
        let judges = documents.to_vec();
        let several = u32::try_from(leads.len()).unwrap_or(u32::MAX);
        let ask = Ask {
            feature: Feature::LeadScoring,
            chain: self.chain.clone(),
            sticky,
            gives_cut: false,
            conversation: Conversation {
                system: format!("{}{SEVERAL}", prompt::SYSTEM),
                messages: vec![turn],
                output_schema: Some(schema(leads.len())),
                max_output_tokens: MAX_OUTPUT_TOKENS.saturating_mul(several),
                temperature: Some(0.0),
                top_p: None,
                stop: Vec::new(),
            },
            cache: CachePolicy { read: false, store: false, max_age: None, ttl: Duration::ZERO },
            // An answer is of use when any part of it is.
            check: Some(Arc::new(move |text: &str| {
                let used = read(text, &judges).iter().any(Option::is_some);
                if used { Ok(()) } else { Err(vec!["no lead's judgement can be used".to_owned()]) }
            })),
        };
        answer(&self.gateway, &self.providers, &time_to_write(context), asker, &ask).await.map(Some)
    }
}

/// The schema of an answer for so many leads.
fn schema(leads: usize) -> Value {
    let numbers: Vec<String> = (0..leads).map(|at| at.to_string()).collect();
    let parts: Map<String, Value> = numbers.iter().map(|number| (number.clone(), output::schema())).collect();
    json!({"type": "object", "additionalProperties": false, "required": numbers, "properties": parts})
}

/// Each lead's part of an answer, where it can be used.
fn read(text: &str, documents: &[Document]) -> Vec<Option<Assessment>> {
    let mut answer: Map<String, Value> = serde_json::from_str(unfenced(text)).unwrap_or_default();
    let part = |(at, document): (usize, &Document)| {
        answer.remove(&at.to_string()).and_then(|part| output::judged(part, document).ok())
    };
    documents.iter().enumerate().map(part).collect()
}

/// Each lead's part with the model that gave it and the version of its price.
fn parts(answered: &Answered, documents: &[Document]) -> Vec<Option<(Assessment, String, String)>> {
    let known = |assessment| (assessment, answered.head.model.clone(), answered.price_version.clone());
    read(&answered.text, documents).into_iter().map(|part| part.map(known)).collect()
}

/// What each of so many leads bears of a cost: equal parts, and one more for the first ones as long as there is a rest.
fn shares(cost: AnswerCost, leads: usize) -> Vec<AnswerCost> {
    let leads = leads as u64;
    let share = |whole: u64, at: u64| {
        whole.checked_div(leads).unwrap_or_default()
            + u64::from(at < whole.checked_rem(leads).unwrap_or_default())
    };
    let each = |at| AnswerCost {
        tokens: Tokens {
            input: share(cost.tokens.input, at),
            output: share(cost.tokens.output, at),
            cache_read: share(cost.tokens.cache_read, at),
            cache_write: share(cost.tokens.cache_write, at),
        },
        nano_usd: share(cost.nano_usd, at),
    };
    (0..leads).map(each).collect()
}

/// A score that was asked for alone, with what the lead bears of the question before.
fn with_share(mut score: LeadScore, share: AnswerCost, attempts: u32) -> LeadScore {
    let tokens = share.tokens;
    score.cost.nano_usd += share.nano_usd;
    score.cost.input_tokens += tokens.input + tokens.cache_read + tokens.cache_write;
    score.cost.output_tokens += tokens.output;
    score.cost.attempts += attempts;
    score
}
