//! The alerts of a month: its costs reached a percentage of the expected cost. Each percentage is reported once,
//! however the costs are counted.

use crate::Timestamp;
use crate::aggregate::{Aggregate, AggregateType};
use crate::event::{DecodeError, DomainEvent, EncodedEvent, EventMeta};
use crate::id::{AccountId, AiMonthId, new_id};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;

/// The percentages of the expected cost that are reported.
pub const THRESHOLDS: [u16; 3] = [80, 100, 150];

/// A calendar month (UTC), such as `2026-11`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Month(String);

impl Month {
    /// The month of a moment.
    pub fn of(at: Timestamp) -> Self {
        Self(at.to_string().chars().take("YYYY-MM".len()).collect())
    }

    /// The month with this name: four digits, a hyphen and two digits, from 1970 to 9999.
    pub fn parse(name: &str) -> Option<Self> {
        let start = Timestamp::parse(&format!("{name}-01T00:00:00Z")).ok()?;
        // A text that reads as a date but is written in another way would be another text in a key.
        Some(Self::of(start)).filter(|month| month.0 == name)
    }

    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number of months since the first month of the year 0, for differences of months.
    pub fn number(&self) -> u32 {
        let (year, month) = self.0.split_once('-').unwrap_or_default();
        let part = |digits: &str| digits.parse::<u32>().unwrap_or_default();
        part(year).saturating_mul(12).saturating_add(part(month))
    }

    /// Its first moment, and the first moment after it.
    pub fn bounds(&self) -> (Timestamp, Timestamp) {
        const LONGER_THAN_A_MONTH: i64 = 32 * 24 * 3600;
        let first = |month: &Self| {
            let moment = Timestamp::parse(&format!("{month}-01T00:00:00Z"));
            moment.unwrap_or(Timestamp::from_millis(0))
        };
        let start = first(self);
        (start, first(&Self::of(start.plus_seconds(LONGER_THAN_A_MONTH))))
    }

    /// The id of its [`AiMonth`], the same for every tenant: keys begin with the tenant.
    pub fn id(&self) -> AiMonthId {
        let mut digits = [0; 10];
        for (place, byte) in digits.iter_mut().zip(self.0.bytes()) {
            *place = byte;
        }
        new_id(Timestamp::from_millis(0), &digits)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The alerts of a tenant in a month.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AiMonth {
    /// The month.
    pub month: Month,
    /// The percentages that were reached.
    pub reached: BTreeSet<u16>,
}

/// An event of a month.
#[derive(Debug, Clone, PartialEq)]
pub enum AiMonthEvent {
    /// Its costs reached a percentage of the expected cost.
    ThresholdReached(ThresholdReached),
}

/// The facts of `ai_budget_threshold_reached`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ThresholdReached {
    /// The month.
    pub month: Month,
    /// The percentage.
    pub percent: u16,
    /// The cost of the month so far, in nano-dollars.
    pub cost_nano_usd: u64,
    /// The expected cost of a month, in nano-dollars.
    pub expected_nano_usd: u64,
    /// The account that set the budget, which is notified; none while it was never set.
    pub set_by: Option<AccountId>,
}

/// The cost of a month so far, and the expected cost.
#[derive(Debug, Clone)]
pub struct MonthCosts {
    /// The month.
    pub month: Month,
    /// The cost so far, in nano-dollars.
    pub cost: u64,
    /// The expected cost of a month, in nano-dollars; 0 for no alerts.
    pub expected: u64,
    /// The account that set the budget.
    pub set_by: Option<AccountId>,
}

impl MonthCosts {
    /// The percentages that the costs have reached.
    pub fn reached(&self) -> impl Iterator<Item = u16> {
        let (cost, expected) = (u128::from(self.cost), u128::from(self.expected));
        THRESHOLDS
            .into_iter()
            .filter(move |percent| expected > 0 && cost * 100 >= expected * u128::from(*percent))
    }
}

/// Decides `ai_budget_threshold_reached`, once for each percentage that is reached and was not reported.
pub fn report_thresholds(told: Option<&AiMonth>, costs: &MonthCosts) -> Vec<AiMonthEvent> {
    let is_new = |percent: &u16| told.is_none_or(|told| !told.reached.contains(percent));
    let event = |percent| {
        AiMonthEvent::ThresholdReached(ThresholdReached {
            month: costs.month.clone(),
            percent,
            cost_nano_usd: costs.cost,
            expected_nano_usd: costs.expected,
            set_by: costs.set_by,
        })
    };
    costs.reached().filter(is_new).map(event).collect()
}

impl Aggregate for AiMonth {
    const TYPE: AggregateType = AggregateType::AiMonth;
    type Event = AiMonthEvent;

    fn apply(state: Option<Self>, event: &AiMonthEvent, _: EventMeta) -> Option<Self> {
        let AiMonthEvent::ThresholdReached(facts) = event;
        let mut state =
            state.unwrap_or_else(|| Self { month: facts.month.clone(), reached: BTreeSet::new() });
        state.reached.insert(facts.percent);
        Some(state)
    }
}

impl DomainEvent for AiMonthEvent {
    fn encode(&self) -> EncodedEvent {
        let Self::ThresholdReached(facts) = self;
        EncodedEvent::facts("ai_budget_threshold_reached", facts)
    }

    fn decode(event: &EncodedEvent) -> Result<Self, DecodeError> {
        match (event.event_type.as_str(), event.schema_version) {
            ("ai_budget_threshold_reached", 1) => event.read().map(Self::ThresholdReached),
            _ => Err(DecodeError::unknown(event)),
        }
    }
}
