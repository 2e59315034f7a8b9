//! Scores a lead by a model of the chain, through the AI gateway, and by rules where the chain has them and no model
//! gives a usable completion. The cost of every attempt is counted, also of unusable ones.

mod batch;
mod output;
mod prompt;

pub use batch::LeadJudgement;

use application_ai::gateway::{AiGateway, Providers, Unanswered, answer};
use application_ai::{CachePolicy, Chain, Conversation, GatewayRequest, Requester, SplitSubject};
use application_core::model_answer::AnswerCost;
use application_core::{Context, Error};
use domain::Timestamp;
use domain::ai::Feature;
use domain::sales::{Assessment, Cost, Engine, Lead, LeadScore, score_by_rules};
use ports::{Message, ModelGateway};
use prompt::Document;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// The name of the rules engine in a score.
const RULES: &str = "rules";
/// The most tokens of a completion. A score with eight factors takes about 600 tokens.
const MAX_OUTPUT_TOKENS: u32 = 1_500;
/// How long a score is used again for a lead whose content has not changed.
const CACHE_TIME: Duration = Duration::from_secs(24 * 60 * 60);
/// Time that is reserved to write the score, beside the gateway's time to settle.
const WRITING: Duration = Duration::from_secs(1);

/// Scores leads.
pub struct LeadScorer {
    /// The AI gateway.
    pub gateway: Arc<AiGateway>,
    /// The adapters by provider.
    pub providers: Providers<dyn ModelGateway>,
    /// The models to ask, and whether the rules score when none gives a usable completion.
    pub chain: Chain,
    /// The version of the prices, for scores without a model.
    pub price_version: String,
}

/// An assessment with its engine and its cost.
pub(super) struct ScoredAssessment {
    pub(super) assessment: Assessment,
    pub(super) engine: Engine,
    pub(super) model: String,
    pub(super) cost: AnswerCost,
    pub(super) attempts: u32,
    pub(super) price_version: String,
}

impl LeadScorer {
    /// Scores a lead.
    ///
    /// # Errors
    ///
    /// The gateway's, unless the rules score instead. They do when no model answers, when the prompt is refused or too
    /// long, when the tenant may ask none of the models, and when a budget has too little left: they cost nothing, and
    /// the score says that they made it. They do not when a rate limit is used up or the state can't be reached.
    pub async fn score(&self, lead: &Lead, context: &Context, asker: &Requester) -> Result<LeadScore, Error> {
        let judged = match self.ask(lead, context, asker).await {
            Ok(judged) => judged,
            Err(unanswered) if self.rules_judge(&unanswered) => self.by_rules(lead, unanswered),
            // The caller named no model, so an unknown model is not its fault.
            Err(Unanswered { error: Error::UnknownModel, .. }) => return Err(Error::NoModel),
            Err(unanswered) => return Err(unanswered.error),
        };
        Ok(judged.score(context.now))
    }

    /// Whether the rules score instead: when the tenant's chain has them, or the environment's if the tenant's is not
    /// known.
    pub(super) fn rules_judge(&self, unanswered: &Unanswered) -> bool {
        let rules = unanswered.terms.as_ref().map_or(self.chain.has_rules(), |terms| terms.rules);
        rules && rules_may(&unanswered.error)
    }

    /// The version of the prices by which a failed request was charged.
    pub(super) fn price_version_of(&self, unanswered: &Unanswered) -> String {
        let known = unanswered.terms.as_ref().map(|terms| terms.price_version.clone());
        known.unwrap_or_else(|| self.price_version.clone())
    }

    /// The score by the rules, with the cost so far.
    fn by_rules(&self, lead: &Lead, unanswered: Unanswered) -> ScoredAssessment {
        let price_version = self.price_version_of(&unanswered);
        by_rules(lead, unanswered.cost, unanswered.attempts, price_version)
    }

    async fn ask(
        &self,
        lead: &Lead,
        context: &Context,
        asker: &Requester,
    ) -> Result<ScoredAssessment, Unanswered> {
        if !self.asks_models(asker) {
            return Err(Error::NoModel.into());
        }
        let document = Document::of(lead);
        let turn = document.turn().map_err(|_| Error::NoModel)?;
        let judge = document.clone();
        let ask = GatewayRequest {
            cache: CachePolicy { read: true, store: true, max_age: None, ttl: CACHE_TIME },
            check: Some(Arc::new(move |text: &str| output::read(text, &judge).map(|_| ()))),
            ..self.prompt(asker, subject(lead, asker), prompt::SYSTEM.to_owned(), turn, output::schema(), 1)
        };
        let answered = answer(&self.gateway, &self.providers, &time_to_write(context), asker, &ask).await?;
        // A cached completion is checked, too: its content decides, not its origin.
        let assessment = output::read(&answered.text, &document).map_err(|_| Unanswered {
            error: Error::ModelsUnavailable { retry_after: None },
            cost: answered.cost,
            attempts: answered.head.attempts,
            terms: None,
        })?;
        Ok(ScoredAssessment {
            assessment,
            engine: Engine::Model,
            model: answered.head.model,
            cost: answered.cost,
            attempts: answered.head.attempts,
            price_version: answered.price_version,
        })
    }
}

impl LeadScorer {
    /// Whether the configured chain has a model. When it has none, no organization's leads are scored by one.
    pub(super) fn asks_models(&self, asker: &Requester) -> bool {
        !self.chain.models(&asker.tenant.to_string()).is_empty()
    }

    /// The prompt about this many leads, for a subject of [`subject`]. Its completion is neither cached nor checked.
    pub(super) fn prompt(
        &self,
        asker: &Requester,
        subject: String,
        system: String,
        turn: Message,
        schema: Value,
        leads: u32,
    ) -> GatewayRequest {
        GatewayRequest {
            feature: Feature::LeadScoring,
            chain: self.chain.clone(),
            sticky: asker.tenant.to_string(),
            gives_cut: false,
            conversation: Conversation {
                system,
                messages: vec![turn],
                output_schema: Some(schema),
                max_output_tokens: MAX_OUTPUT_TOKENS.saturating_mul(leads),
                temperature: Some(0.0),
                ..Conversation::default()
            },
            cache: CachePolicy { read: false, store: false, max_age: None, ttl: Duration::ZERO },
            check: None,
            tool_check: None,
            needs: Vec::new(),
            subject,
        }
    }
}

/// The subject that keeps its side of a split step of the organization's own chain: the lead, whether it is scored alone
/// or with others.
pub(super) fn subject(lead: &Lead, asker: &Requester) -> String {
    SplitSubject::Item(&lead.id.to_string()).hashed(asker, Feature::LeadScoring)
}

/// The score by the rules, with the cost so far.
pub(super) fn by_rules(
    lead: &Lead,
    cost: AnswerCost,
    attempts: u32,
    price_version: String,
) -> ScoredAssessment {
    ScoredAssessment {
        assessment: score_by_rules(lead),
        engine: Engine::Rules,
        model: RULES.to_owned(),
        cost,
        attempts,
        price_version,
    }
}

impl ScoredAssessment {
    /// Turns it into a score.
    pub(super) fn score(self, scored_at: Timestamp) -> LeadScore {
        let tokens = self.cost.tokens;
        LeadScore {
            assessment: self.assessment,
            engine: self.engine,
            model: self.model,
            cost: Cost {
                nano_usd: self.cost.nano_usd,
                input_tokens: tokens.input + tokens.cache_read + tokens.cache_write,
                output_tokens: tokens.output,
                price_version: self.price_version,
                attempts: self.attempts,
            },
            scored_at,
        }
    }
}

/// The context of a request whose result must be written afterwards.
pub(super) fn time_to_write(context: &Context) -> Context {
    let mut until = context.clone();
    until.deadline = context.deadline.checked_sub(WRITING).unwrap_or(context.deadline);
    until
}

/// Whether the rules may score instead of a model.
pub(super) fn rules_may(error: &Error) -> bool {
    matches!(
        error,
        Error::NoModel
            | Error::UnknownModel
            | Error::ModelsUnavailable { .. }
            | Error::ContextLength
            | Error::ModelRefused
            | Error::AnswerUnusable
            | Error::AnswerTooSlow
            | Error::OverBudget(_)
    )
}
