//! The budgets of a tenant for models, the models that it may ask, and its chains. A budget is a hard limit: a call
//! that might exceed it is not made.

use super::chains::{Choice, chains};
use super::{Chains, Feature, FineTunedModel, nano_usd};
use crate::Timestamp;
use crate::aggregate::{Aggregate, AggregateType};
use crate::event::{DecodeError, DomainEvent, EncodedEvent, EventMeta};
use crate::field::{FieldChecks, InvalidFields};
use crate::id::AccountId;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The largest limit: a billion dollars. Sums of a few of them still fit 64 bits.
const LARGEST: u64 = 1_000_000_000_000_000_000;
/// The most models of an allow-list.
const MOST_MODELS: usize = 100;

/// The limits of a tenant, in nano-dollars.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// The whole tenant, in a calendar month (UTC).
    pub tenant_month: u64,
    /// The whole tenant, on one day (UTC).
    pub tenant_day: u64,
    /// Each account, on one day (UTC).
    pub user_day: u64,
    /// Each of these features, in a calendar month (UTC).
    pub feature_month: BTreeMap<Feature, u64>,
    /// The expected cost of a month; alerts are sent at 80, 100 and 150 % of it. It limits nothing.
    pub expected_month: u64,
    /// The only models that may be asked; every model of the registry when absent.
    pub allowed_models: Option<BTreeSet<String>>,
    /// The tenant's own chains; a feature without one uses the environment's. Absent before version 2 of the event.
    #[serde(default)]
    pub chains: Chains,
    /// Whether e-mail addresses, phone numbers, card numbers and IBANs are masked for providers. Absent before version
    /// 2.
    #[serde(default, rename = "masking")]
    pub mask_personal_data: bool,
}

impl Default for Limits {
    /// The limits of a new tenant: 100 dollars a month, 20 a day, 5 a day for each account, 40 expected.
    fn default() -> Self {
        const DOLLAR: u64 = 1_000_000_000;
        Self {
            tenant_month: 100 * DOLLAR,
            tenant_day: 20 * DOLLAR,
            user_day: 5 * DOLLAR,
            feature_month: BTreeMap::new(),
            expected_month: 40 * DOLLAR,
            allowed_models: None,
            chains: Chains::new(),
            mask_personal_data: false,
        }
    }
}

impl Limits {
    /// Whether the model may be asked. A fine-tuned model may be asked when it is named, and when its base model is.
    pub fn allows(&self, model: &str) -> bool {
        self.allowed_models.as_ref().is_none_or(|allowed| is_allowed(model, allowed))
    }
}

/// Whether an allow-list contains the model or, for a fine-tuned one, its base model.
pub(super) fn is_allowed(model: &str, allowed: &BTreeSet<String>) -> bool {
    let base_model = || FineTunedModel::parse(model).is_some_and(|it| allowed.contains(&it.base_model));
    allowed.contains(model) || base_model()
}

/// The state of a tenant's budget. It exists from its first change on; until then [`Limits::default`] applies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AiBudget {
    /// The current limits.
    pub limits: Limits,
    /// The account that last changed it, which is notified when a month is expensive.
    pub set_by: AccountId,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// An event of a budget.
#[derive(Debug, Clone, PartialEq)]
pub enum AiBudgetEvent {
    /// The limits were set.
    Set(BudgetSet),
}

/// The facts of `ai_budget_set`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BudgetSet {
    /// The limits from now on. Amounts already spent count.
    #[serde(flatten)]
    pub limits: Limits,
    /// The account that set them.
    pub set_by: AccountId,
}

/// The fields of a budget as a caller sends them: amounts as decimals in US dollars.
#[derive(Debug, Clone, Copy)]
pub struct BudgetFields<'a> {
    /// The limit of the tenant for a month.
    pub tenant_month_usd: &'a str,
    /// The limit of the tenant for a day.
    pub tenant_day_usd: &'a str,
    /// The limit of each account for a day.
    pub user_day_usd: &'a str,
    /// The limits of features for a month, by the features' names.
    pub feature_month_usd: &'a BTreeMap<String, String>,
    /// The expected cost of a month.
    pub expected_month_usd: &'a str,
    /// The only models that may be asked; `None` for all.
    pub allowed_models: Option<&'a [String]>,
    /// The models that exist.
    pub known_models: &'a BTreeSet<String>,
    /// The tenant's own chains: features by name, each with its steps.
    pub chains: &'a BTreeMap<String, Vec<String>>,
    /// The models that converse.
    pub chat_models: &'a BTreeSet<String>,
    /// Whether personal data is masked for providers.
    pub mask_personal_data: bool,
}

impl BudgetFields<'_> {
    /// The limits, when all fields are valid.
    pub fn limits(&self) -> Result<Limits, InvalidFields> {
        let mut check = FieldChecks::default();
        let mut limits = Limits {
            tenant_month: amount(&mut check, "tenant_month_usd", self.tenant_month_usd),
            tenant_day: amount(&mut check, "tenant_day_usd", self.tenant_day_usd),
            user_day: amount(&mut check, "user_day_usd", self.user_day_usd),
            feature_month: features(&mut check, self.feature_month_usd),
            expected_month: amount(&mut check, "expected_month_usd", self.expected_month_usd),
            allowed_models: self.allowed_models.map(|models| allowed(&mut check, models, self.known_models)),
            chains: Chains::new(),
            mask_personal_data: self.mask_personal_data,
        };
        let choice = Choice {
            known: self.known_models,
            chat: self.chat_models,
            allowed: limits.allowed_models.as_ref(),
        };
        limits.chains = chains(&mut check, self.chains, choice);
        check.finish(limits)
    }
}

/// Decides `ai_budget_set`; no event when nothing changes.
pub fn set_budget(current: Option<&AiBudget>, limits: Limits, set_by: AccountId) -> Option<AiBudgetEvent> {
    let unchanged = current.is_some_and(|budget| budget.limits == limits);
    (!unchanged).then_some(AiBudgetEvent::Set(BudgetSet { limits, set_by }))
}

fn amount(check: &mut FieldChecks, field: &str, text: &str) -> u64 {
    match nano_usd(text) {
        Ok(amount) if amount <= LARGEST => amount,
        Ok(_) => {
            check.wrong(field, "range", "must be at most 1000000000");
            0
        }
        Err(_) => {
            check.wrong(field, "format", "must be a decimal such as 47.32, with at most nine places");
            0
        }
    }
}

fn features(check: &mut FieldChecks, amounts: &BTreeMap<String, String>) -> BTreeMap<Feature, u64> {
    let mut limits = BTreeMap::new();
    for (name, text) in amounts {
        match Feature::from_name(name) {
            Some(feature) => {
                let field = format!("feature_month_usd.{}", feature.as_str());
                limits.insert(feature, amount(check, &field, text));
            }
            None => check.wrong("feature_month_usd", "unknown", Feature::unknown()),
        }
    }
    limits
}

fn allowed(check: &mut FieldChecks, models: &[String], known: &BTreeSet<String>) -> BTreeSet<String> {
    const FIELD: &str = "allowed_models";
    if models.is_empty() {
        check.wrong(
            FIELD,
            "too_short",
            "must name a model, or be null for all; to stop spending, set amounts to 0",
        );
    }
    if models.len() > MOST_MODELS {
        check.wrong(FIELD, "too_long", "must be at most 100 models");
        return BTreeSet::new();
    }
    let allowed: BTreeSet<String> = models.iter().cloned().collect();
    if !allowed.is_subset(known) {
        check.wrong(FIELD, "unknown", "unknown model; GET /v1/ai/models lists the known ones");
    }
    allowed
}

impl Aggregate for AiBudget {
    const TYPE: AggregateType = AggregateType::AiBudget;
    type Event = AiBudgetEvent;

    fn apply(_: Option<Self>, event: &AiBudgetEvent, meta: EventMeta) -> Option<Self> {
        let AiBudgetEvent::Set(BudgetSet { limits, set_by }) = event;
        Some(Self { limits: limits.clone(), set_by: *set_by, updated_at: meta.at })
    }
}

impl DomainEvent for AiBudgetEvent {
    fn encode(&self) -> EncodedEvent {
        let Self::Set(facts) = self;
        // The third version has a limit of the feature `fine_tuning`. It is written for such budgets only, so that a
        // reader of the second version still reads all others.
        let limits_training = facts.limits.feature_month.contains_key(&Feature::FineTuning);
        EncodedEvent::facts("ai_budget_set", facts).with_version(if limits_training { 3 } else { 2 })
    }

    fn decode(event: &EncodedEvent) -> Result<Self, DecodeError> {
        match (event.event_type.as_str(), event.schema_version) {
            // Version 1 had neither chains nor masking.
            ("ai_budget_set", 1..=3) => event.read().map(Self::Set),
            _ => Err(DecodeError::unknown(event)),
        }
    }
}
