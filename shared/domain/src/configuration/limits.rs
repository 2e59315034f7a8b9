//! Rate limits that operators can change.

use crate::field::FieldChecks;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The longest period in seconds: a day, because the state of a limiter is kept for at least a day.
const LONGEST_PERIOD: u32 = 86_400;
/// The most requests of a period.
const MOST_REQUESTS: u32 = 1_000_000;

/// A limit that the document may set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LimitName {
    /// Requests to models, per account or API key.
    AiCalls,
    /// Requests to models, per organization. It stands above [`Self::AiCalls`].
    AiCallsOfOrganization,
    /// Reads by API keys, per organization.
    KeyReadsOfOrganization,
    /// Scores of leads, per account.
    LeadScores,
    /// Fine-tunes, per organization.
    FineTunes,
    /// Batches, per organization.
    Batches,
}

impl LimitName {
    /// Every limit that the document may set.
    pub const ALL: [Self; 6] = [
        Self::AiCalls,
        Self::AiCallsOfOrganization,
        Self::KeyReadsOfOrganization,
        Self::LeadScores,
        Self::FineTunes,
        Self::Batches,
    ];

    /// The name in the document.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AiCalls => "ai_calls",
            Self::AiCallsOfOrganization => "ai_calls_organization",
            Self::KeyReadsOfOrganization => "key_reads_organization",
            Self::LeadScores => "lead_scores",
            Self::FineTunes => "fine_tunes",
            Self::Batches => "batches",
        }
    }
}

/// A rate limit: a full bucket of `requests` that refills within the period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConfiguredLimit {
    /// The requests of a period, which may all come at once; at least 1.
    pub requests: u32,
    /// The period in seconds, 1 to 86,400.
    pub period_seconds: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenLimit {
    requests: u32,
    period_seconds: u32,
}

pub(super) fn checked(
    check: &mut FieldChecks,
    unknown: &mut FieldChecks,
    written: BTreeMap<String, WrittenLimit>,
) -> BTreeMap<LimitName, ConfiguredLimit> {
    let mut limits = BTreeMap::new();
    for (name, WrittenLimit { requests, period_seconds }) in written {
        let field = format!("limits.{name}");
        if !(1..=MOST_REQUESTS).contains(&requests) {
            check.wrong(&format!("{field}.requests"), "range", format!("must be from 1 to {MOST_REQUESTS}"));
        }
        if !(1..=LONGEST_PERIOD).contains(&period_seconds) {
            let message = format!("must be from 1 to {LONGEST_PERIOD}");
            check.wrong(&format!("{field}.period_seconds"), "range", message);
        }
        match LimitName::ALL.into_iter().find(|known| known.as_str() == name) {
            Some(known) => {
                limits.insert(known, ConfiguredLimit { requests, period_seconds });
            }
            None => unknown.wrong(&field, "unknown", "is no limit that the document may set"),
        }
    }
    limits
}
