//! What a tenant may spend on models, and which models it may ask. A budget is a hard limit: a call that might exceed it
//! is not made.

use super::Feature;
use crate::Timestamp;
use crate::aggregate::{Aggregate, AggregateType};
use crate::event::{DecodeError, DomainEvent, EncodedEvent, EventMeta};
use crate::field::{Check, Invalid};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The most that any limit may be: a billion dollars. Sums of a few of them still fit 64 bits.
const LARGEST: u64 = 1_000_000_000_000_000_000;
/// The most models of an allow-list.
const MOST_MODELS: usize = 100;

/// What a tenant may spend, in nano-dollars.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// All of it, in a calendar month (UTC).
    pub tenant_month: u64,
    /// All of it, on one day (UTC).
    pub tenant_day: u64,
    /// Each account, on one day (UTC).
    pub user_day: u64,
    /// Each of these features, in a calendar month (UTC).
    pub feature_month: BTreeMap<Feature, u64>,
    /// What a month usually costs; alerts are told at 80, 100 and 150 % of it. It limits nothing.
    pub expected_month: u64,
    /// The only models that may be asked; every one of the registry when absent.
    pub allowed_models: Option<BTreeSet<String>>,
}

impl Default for Limits {
    /// What a new tenant has: 100 dollars a month, 20 a day, 5 a day for each account, 40 expected.
    fn default() -> Self {
        const DOLLAR: u64 = 1_000_000_000;
        Self {
            tenant_month: 100 * DOLLAR,
            tenant_day: 20 * DOLLAR,
            user_day: 5 * DOLLAR,
            feature_month: BTreeMap::new(),
            expected_month: 40 * DOLLAR,
            allowed_models: None,
        }
    }
}

impl Limits {
    /// Whether the model may be asked.
    pub fn allows(&self, model: &str) -> bool {
        self.allowed_models.as_ref().is_none_or(|allowed| allowed.contains(model))
    }
}

/// The state of a tenant's budget. It exists from its first change on; until then [`Limits::default`] holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AiBudget {
    /// What may be spent.
    pub limits: Limits,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

/// What happened to a budget.
#[derive(Debug, Clone, PartialEq)]
pub enum AiBudgetEvent {
    /// It was set.
    Set(Limits),
}

/// The command that sets a budget.
#[derive(Debug)]
pub struct SetBudget<'a> {
    /// What may be spent from now on. What was spent already counts.
    pub limits: Limits,
    /// Models that exist.
    pub known_models: &'a BTreeSet<String>,
}

/// Decides `ai_budget_set`.
pub fn set_budget(command: SetBudget<'_>) -> Result<AiBudgetEvent, Invalid> {
    let mut check = Check::default();
    let limits = command.limits;
    let amounts = [
        ("tenant_month_usd", limits.tenant_month),
        ("tenant_day_usd", limits.tenant_day),
        ("user_day_usd", limits.user_day),
        ("expected_month_usd", limits.expected_month),
    ];
    for (field, amount) in amounts {
        if amount > LARGEST {
            check.wrong(field, "range", "must be at most 1000000000");
        }
    }
    if limits.feature_month.values().any(|amount| *amount > LARGEST) {
        check.wrong("feature_month_usd", "range", "must be at most 1000000000 for each feature");
    }
    if let Some(allowed) = &limits.allowed_models {
        if allowed.len() > MOST_MODELS {
            check.wrong("allowed_models", "length", "must be at most 100 models");
        } else if !allowed.is_subset(command.known_models) {
            check.wrong("allowed_models", "unknown", "names a model that does not exist");
        }
    }
    check.finish(AiBudgetEvent::Set(limits))
}

impl Aggregate for AiBudget {
    const TYPE: AggregateType = AggregateType::AiBudget;
    type Event = AiBudgetEvent;

    fn apply(_: Option<Self>, event: &AiBudgetEvent, meta: EventMeta) -> Option<Self> {
        let AiBudgetEvent::Set(limits) = event;
        Some(Self { limits: limits.clone(), updated_at: meta.at })
    }
}

impl DomainEvent for AiBudgetEvent {
    fn encode(&self) -> EncodedEvent {
        let Self::Set(limits) = self;
        EncodedEvent::facts("ai_budget_set", limits)
    }

    fn decode(event: &EncodedEvent) -> Result<Self, DecodeError> {
        match (event.event_type.as_str(), event.schema_version) {
            ("ai_budget_set", 1) => event.read().map(Self::Set),
            _ => Err(DecodeError::unknown(event)),
        }
    }
}
