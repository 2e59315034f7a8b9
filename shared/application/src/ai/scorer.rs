//! Judges a lead by the first model of a chain that gives a usable answer, and by rules where the chain ends in them.
//! What every attempt cost is counted, also of those whose answer was useless.

use super::output;
use super::prompt;
use super::registry::{Model, Registry, UnknownModel};
use crate::Error;
use crate::ports::{Message, ModelAnswer, ModelCall, ModelError, ModelGateway, Role, StopReason, Usage};
use domain::Timestamp;
use domain::id::{AccountId, OrganizationId};
use domain::sales::{Assessment, Cost, Engine, Lead, LeadScore, score_by_rules};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a chain names the rules engine by.
const RULES: &str = "rules";
/// Time that must be left for a call to be worth starting, and that is kept back to write the result.
const RESERVE: Duration = Duration::from_secs(2);
/// Longest answer. A judgement with eight factors takes about 600 tokens.
const MAX_OUTPUT_TOKENS: u32 = 1_500;

/// Who asks for a judgement, and by when.
#[derive(Debug, Clone)]
pub struct ScoringRequest {
    /// Who pays.
    pub tenant: OrganizationId,
    /// Who asks.
    pub account: AccountId,
    /// Unique for the request.
    pub request_id: String,
    /// Now.
    pub now: Timestamp,
    /// Time left for the whole request.
    pub time_left: Duration,
}

/// Judges leads.
pub struct LeadScorer {
    gateway: Arc<dyn ModelGateway>,
    models: Vec<Model>,
    rules: bool,
    price_version: String,
}

/// What was spent so far.
#[derive(Default)]
struct Spent {
    nano_usd: u64,
    usage: Usage,
    attempts: u32,
}

impl LeadScorer {
    /// A scorer for a chain such as `model-a,model-b,rules`. The rules, if named, come last: nothing comes after an
    /// engine that always answers.
    pub fn new(gateway: Arc<dyn ModelGateway>, chain: &str, prices: &Registry) -> Result<Self, UnknownModel> {
        let names: Vec<&str> = chain.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
        let models = names
            .iter()
            .take_while(|name| **name != RULES)
            .map(|name| prices.model(name).cloned())
            .collect::<Result<_, _>>()?;
        Ok(Self { gateway, models, rules: names.contains(&RULES), price_version: prices.version.clone() })
    }

    /// Judges a lead.
    pub async fn score(&self, lead: &Lead, request: &ScoringRequest) -> Result<LeadScore, Error> {
        let started = Instant::now();
        let mut spent = Spent::default();
        for (at, model) in self.models.iter().enumerate() {
            // Each model gets an equal share of what is left, so that one that hangs leaves time for the others.
            let left = request.time_left.saturating_sub(started.elapsed()).saturating_sub(RESERVE);
            let share = left / u32::try_from(self.models.len() - at).unwrap_or(1);
            if share < RESERVE {
                break;
            }
            if let Some(assessment) = self.ask(lead, model, share, &mut spent).await {
                return Ok(self.finish(assessment, Engine::Model, model.id.clone(), &spent, request.now));
            }
        }
        if self.rules {
            return Ok(self.finish(
                score_by_rules(lead),
                Engine::Rules,
                RULES.to_owned(),
                &spent,
                request.now,
            ));
        }
        Err(Error::NoModel)
    }

    /// Asks one model, and once more with what was wrong when its answer can't be used.
    async fn ask(
        &self,
        lead: &Lead,
        model: &Model,
        share: Duration,
        spent: &mut Spent,
    ) -> Option<Assessment> {
        let started = Instant::now();
        let mut call = ModelCall {
            model: model.id.clone(),
            system: prompt::SYSTEM.to_owned(),
            messages: prompt::conversation(lead),
            output_schema: Some(output::schema()),
            max_output_tokens: MAX_OUTPUT_TOKENS,
            temperature: Some(0.0),
            top_p: None,
            stop: Vec::new(),
            cache_instructions: false,
            guardrail: None,
            time_left: share,
        };
        let first = self.attempt(&call, model, spent).await.ok()?;
        let errors = match usable(&first, lead) {
            Ok(assessment) => return Some(assessment),
            Err(errors) => errors,
        };
        // A turn without text is refused by every provider: there is nothing to repair.
        if first.text.trim().is_empty() {
            return None;
        }
        call.time_left = share.checked_sub(started.elapsed())?;
        call.messages.push(Message { role: Role::Assistant, text: first.text });
        call.messages.push(Message {
            role: Role::User,
            text: format!(
                "That answer can't be used: {}. Answer again, the JSON object only.",
                errors.join("; ")
            ),
        });
        let second = self.attempt(&call, model, spent).await.ok()?;
        usable(&second, lead)
            .inspect_err(|_| {
                tracing::warn!(model = model.id, "a model's answer can't be used, not even repaired")
            })
            .ok()
    }

    async fn attempt(
        &self,
        call: &ModelCall,
        model: &Model,
        spent: &mut Spent,
    ) -> Result<ModelAnswer, ModelError> {
        spent.attempts += 1;
        let answer = self.gateway.converse(call).await.inspect_err(|error| {
            tracing::warn!(
                model = call.model,
                error = error as &dyn std::error::Error,
                "a model gave no answer"
            );
        })?;
        spent.nano_usd = spent.nano_usd.saturating_add(model.cost(&answer.usage));
        spent.usage.input_tokens +=
            answer.usage.input_tokens + answer.usage.cache_read_tokens + answer.usage.cache_write_tokens;
        spent.usage.output_tokens += answer.usage.output_tokens;
        Ok(answer)
    }

    fn finish(
        &self,
        assessment: Assessment,
        engine: Engine,
        model: String,
        spent: &Spent,
        scored_at: Timestamp,
    ) -> LeadScore {
        let cost = Cost {
            nano_usd: spent.nano_usd,
            input_tokens: spent.usage.input_tokens,
            output_tokens: spent.usage.output_tokens,
            price_version: self.price_version.clone(),
            attempts: spent.attempts,
        };
        LeadScore { assessment, engine, model, cost, scored_at }
    }
}

/// The judgement in an answer. A cut or filtered answer is never used, even if it happens to parse.
fn usable(answer: &ModelAnswer, lead: &Lead) -> Result<Assessment, Vec<String>> {
    match answer.stop {
        StopReason::EndTurn => output::read(&answer.text, lead),
        StopReason::MaxTokens => Err(vec!["the answer was too long".to_owned()]),
        StopReason::Filtered | StopReason::Other => Err(vec!["the answer was not complete".to_owned()]),
    }
}
