//! Scores many leads, ten with each prompt, so that the instructions and the schema are paid once. Each lead's part of
//! the completion is checked alone, by the schema and by that lead's own words; a missing or unusable part is asked for
//! again alone. No lead can cost another its score.

use super::output;
use super::prompt::{self, Document};
use super::{LeadScorer, ScoredAssessment, by_rules, subject, time_to_write};
use application_ai::gateway::{SubjectSide, Unanswered, answer, models_by_subject};
use application_ai::{GatewayAnswer, GatewayRequest, Requester, unfenced};
use application_core::model_answer::AnswerCost;
use application_core::{Context, Error};
use domain::ai::{Feature, TokenCounts};
use domain::sales::{Assessment, Engine, Lead, LeadScore};
use futures_util::future::join_all;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The number of leads in one prompt.
const TOGETHER: usize = 10;
/// The addition to the instructions when there are several leads.
const SEVERAL: &str = " The data is an object of several leads by number. Answer with an object that has each lead's \
judgement by the same number, and judge each by its own data alone.";

/// A lead's score, or the reason why it has none. Leads of one prompt may share the reason.
pub type LeadJudgement = Result<LeadScore, Arc<Error>>;

impl LeadScorer {
    /// Scores leads, ten with each prompt; the prompts are sent at the same time. The judgements are in the order of
    /// the leads. The cost of a prompt is shared by its leads, so that the sum is exact.
    ///
    /// Completions about several leads are not cached: the same ten hardly come together again, and an unusable part
    /// would be cached with the others. A completion about a single lead is cached like any other.
    ///
    /// Leads on different sides of a split step of the organization's own chain never share a prompt.
    pub async fn score_all(
        &self,
        leads: &[Lead],
        context: &Context,
        asker: &Requester,
    ) -> Vec<LeadJudgement> {
        let sides = match self.sides(leads, context, asker).await {
            Ok(sides) => sides,
            Err(error) => {
                let error = Arc::new(error);
                return leads.iter().map(|_| Err(Arc::clone(&error))).collect();
            }
        };
        let groups = sides.iter().flat_map(|side| side.chunks(TOGETHER)).map(|group| async move {
            let leads: Vec<&Lead> = group.iter().map(|(_, lead)| *lead).collect();
            let judgements = self.score_group(&leads, context, asker).await;
            group.iter().map(|(place, _)| *place).zip(judgements).collect::<Vec<_>>()
        });
        let mut judgements: Vec<(usize, LeadJudgement)> =
            join_all(groups).await.into_iter().flatten().collect();
        judgements.sort_by_key(|(place, _)| *place);
        judgements.into_iter().map(|(_, judgement)| judgement).collect()
    }

    /// The leads with their places, by the variant and the models that each would have alone.
    async fn sides<'a>(
        &self,
        leads: &'a [Lead],
        context: &Context,
        asker: &Requester,
    ) -> Result<Vec<Vec<(usize, &'a Lead)>>, Error> {
        let placed = leads.iter().enumerate();
        // The chain of the organization does not matter to a lead alone, nor when no model is asked.
        if leads.len() < 2 || !self.asks_models(asker) {
            return Ok(vec![placed.collect()]);
        }
        let subjects: Vec<String> = leads.iter().map(|lead| subject(lead, asker)).collect();
        let of = (Feature::LeadScoring, &self.chain);
        let models = models_by_subject(&self.gateway, context, asker, of, &subjects).await?;
        let mut sides: BTreeMap<SubjectSide, Vec<(usize, &Lead)>> = BTreeMap::new();
        for (side, lead) in models.into_iter().zip(placed) {
            sides.entry(side).or_default().push(lead);
        }
        Ok(sides.into_values().collect())
    }

    async fn score_group(&self, leads: &[&Lead], context: &Context, asker: &Requester) -> Vec<LeadJudgement> {
        let documents: Vec<Document> = leads.iter().map(|lead| Document::of(lead)).collect();
        let nothing = AnswerCost { tokens: TokenCounts::default(), nano_usd: 0 };
        let (parts, cost, attempts) = match self.ask_group(leads, &documents, context, asker).await {
            Ok(None) => (Vec::new(), nothing, 0),
            Ok(Some(answered)) => {
                let parts = parts(&answered, &documents);
                (parts, answered.cost, answered.head.attempts)
            }
            // A prompt that is refused or too long may be accepted for each lead alone.
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
                        let judged = ScoredAssessment {
                            assessment,
                            engine,
                            model,
                            cost: share,
                            attempts,
                            price_version,
                        };
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

    /// Asks about several leads at once; `None` when that would be the same as asking about each.
    async fn ask_group(
        &self,
        leads: &[&Lead],
        documents: &[Document],
        context: &Context,
        asker: &Requester,
    ) -> Result<Option<GatewayAnswer>, Unanswered> {
        let Some(first) = leads.first().filter(|_| leads.len() > 1 && self.asks_models(asker)) else {
            return Ok(None);
        };
        let numbered: BTreeMap<String, &Document> =
            documents.iter().enumerate().map(|(at, document)| (at.to_string(), document)).collect();
        let turn = prompt::marked(&numbered).map_err(|_| Error::NoModel)?;
        let judges = documents.to_vec();
        let several = u32::try_from(leads.len()).unwrap_or(u32::MAX);
        let system = format!("{}{SEVERAL}", prompt::SYSTEM);
        let ask = GatewayRequest {
            // A completion is usable when any part of it is.
            check: Some(Arc::new(move |text: &str| {
                let used = read(text, &judges).iter().any(Option::is_some);
                if used { Ok(()) } else { Err(vec!["no lead's judgement can be used".to_owned()]) }
            })),
            // All leads of the group are on the side of the first one.
            ..self.prompt(asker, subject(first, asker), system, turn, schema(leads.len()), several)
        };
        answer(&self.gateway, &self.providers, &time_to_write(context), asker, &ask).await.map(Some)
    }
}

/// The schema of a completion about this many leads.
fn schema(leads: usize) -> Value {
    let numbers: Vec<String> = (0..leads).map(|at| at.to_string()).collect();
    let parts: Map<String, Value> = numbers.iter().map(|number| (number.clone(), output::schema())).collect();
    json!({"type": "object", "additionalProperties": false, "required": numbers, "properties": parts})
}

/// Each lead's part of a completion, where it is usable.
fn read(text: &str, documents: &[Document]) -> Vec<Option<Assessment>> {
    let mut answer: Map<String, Value> = serde_json::from_str(unfenced(text)).unwrap_or_default();
    let part = |(at, document): (usize, &Document)| {
        answer.remove(&at.to_string()).and_then(|part| output::judged(part, document).ok())
    };
    documents.iter().enumerate().map(part).collect()
}

/// Each lead's part, with the model that gave it and the version of its price.
fn parts(answered: &GatewayAnswer, documents: &[Document]) -> Vec<Option<(Assessment, String, String)>> {
    let known = |assessment| (assessment, answered.head.model.clone(), answered.price_version.clone());
    read(&answered.text, documents).into_iter().map(|part| part.map(known)).collect()
}

/// Each lead's share of a cost: equal parts, and one more for the first leads as long as there is a rest.
fn shares(cost: AnswerCost, leads: usize) -> Vec<AnswerCost> {
    let leads = leads as u64;
    let share = |whole: u64, at: u64| {
        whole.checked_div(leads).unwrap_or_default()
            + u64::from(at < whole.checked_rem(leads).unwrap_or_default())
    };
    let each = |at| AnswerCost {
        tokens: TokenCounts {
            input: share(cost.tokens.input, at),
            output: share(cost.tokens.output, at),
            cache_read: share(cost.tokens.cache_read, at),
            cache_write: share(cost.tokens.cache_write, at),
        },
        nano_usd: share(cost.nano_usd, at),
    };
    (0..leads).map(each).collect()
}

/// A score of a lead that was asked about alone, with its share of the prompt before.
fn with_share(mut score: LeadScore, share: AnswerCost, attempts: u32) -> LeadScore {
    let tokens = share.tokens;
    score.cost.nano_usd += share.nano_usd;
    score.cost.input_tokens += tokens.input + tokens.cache_read + tokens.cache_write;
    score.cost.output_tokens += tokens.output;
    score.cost.attempts += attempts;
    score
}
