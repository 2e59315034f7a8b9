//! Feature flags: a value for each caller, by organization, tier or a stable share of the organizations, until a day.

use crate::Timestamp;
use crate::field::FieldChecks;
use crate::id::OrganizationId;
use crate::tenancy::SubscriptionTier;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The most characters of a flag's name, of its owner and of a value that is a text.
const LONGEST_TEXT: usize = 64;
/// The number of parts into which the organizations are divided by their hash.
const PARTS: u64 = 10_000;
/// Parts in one percent.
const PARTS_OF_PERCENT: u64 = PARTS / 100;

/// The value of a flag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum FlagValue {
    /// On or off.
    Switch(bool),
    /// One of several variants.
    Variant(String),
}

/// A feature flag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    /// The contact for the flag: a team or a mailbox.
    pub owner: String,
    /// The time at which it expires: the end of its last day, UTC.
    pub expires_at: Timestamp,
    /// The value if no rule applies, and for every caller after the end.
    pub default: FlagValue,
    /// The first rule that applies gives the value.
    pub rules: Vec<FlagRule>,
}

/// A value for some callers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlagRule {
    /// The callers to whom the rule applies.
    pub target: FlagTarget,
    /// The value.
    pub value: FlagValue,
}

/// The callers to whom a rule applies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FlagTarget {
    /// These organizations.
    Organizations(BTreeSet<OrganizationId>),
    /// Organizations of these tiers.
    Tiers(Vec<SubscriptionTier>),
    /// A share of the organizations, 0 to 100. Each organization of a share is also in every larger share.
    Percentage(u8),
}

/// The caller for whom a flag is evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlagSubject {
    /// The organization of the caller.
    pub organization: OrganizationId,
    /// The plan of the organization.
    pub tier: SubscriptionTier,
}

/// The value of a flag for a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Evaluated<'a> {
    /// The value.
    pub value: &'a FlagValue,
    /// Whether it is the default because the flag's end has passed.
    pub expired: bool,
}

impl Flag {
    /// The value of the flag of this name.
    pub fn evaluate(&self, name: &str, subject: &FlagSubject, now: Timestamp) -> Evaluated<'_> {
        if now >= self.expires_at {
            return Evaluated { value: &self.default, expired: true };
        }
        let rule = self.rules.iter().find(|rule| rule.target.applies(name, subject));
        Evaluated { value: rule.map_or(&self.default, |rule| &rule.value), expired: false }
    }
}

impl FlagTarget {
    fn applies(&self, flag: &str, subject: &FlagSubject) -> bool {
        match self {
            Self::Organizations(organizations) => organizations.contains(&subject.organization),
            Self::Tiers(tiers) => tiers.contains(&subject.tier),
            Self::Percentage(percentage) => {
                part(flag, subject.organization) < u64::from(*percentage) * PARTS_OF_PERCENT
            }
        }
    }
}

/// The part of an organization, 0 to 9,999. It depends on the flag, so that different organizations are the first to
/// get a change. It depends on nothing else, so that no organization loses a value while the percentage grows.
fn part(flag: &str, organization: OrganizationId) -> u64 {
    let mut hash = blake3::Hasher::new();
    hash.update(flag.as_bytes()).update(&[0]).update(organization.to_string().as_bytes());
    let mut bytes = [0; 8];
    hash.finalize_xof().fill(&mut bytes);
    u64::from_be_bytes(bytes) % PARTS
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenFlag {
    #[serde(default)]
    owner: String,
    #[serde(default)]
    ends: String,
    default: FlagValue,
    #[serde(default)]
    rules: Vec<WrittenRule>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRule {
    #[serde(default)]
    organizations: Option<Vec<String>>,
    #[serde(default)]
    tiers: Option<Vec<SubscriptionTier>>,
    #[serde(default)]
    percentage: Option<u8>,
    value: FlagValue,
}

pub(super) fn checked(
    check: &mut FieldChecks,
    written: BTreeMap<String, WrittenFlag>,
) -> BTreeMap<String, Flag> {
    written
        .into_iter()
        .filter_map(|(name, flag)| Some((name.clone(), checked_flag(check, &name, flag)?)))
        .collect()
}

fn checked_flag(check: &mut FieldChecks, name: &str, written: WrittenFlag) -> Option<Flag> {
    let field = |member: &str| format!("flags.{name}.{member}");
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if !(1..=LONGEST_TEXT).contains(&name.len()) || !name.bytes().all(fits) {
        let message = "must be 1 to 64 lower-case letters, digits and underscores";
        check.wrong(&format!("flags.{name}"), "format", message);
    }
    let owner = check.line(&field("owner"), &written.owner, LONGEST_TEXT);
    let expires_at = end_of_day(&written.ends);
    if expires_at.is_none() {
        check.wrong(&field("ends"), "required", "must be the last day of the flag, like 2027-03-31");
    }
    checked_value(check, &field("default"), &written.default, &written.default);
    let mut rules = Vec::with_capacity(written.rules.len());
    for (at, rule) in written.rules.into_iter().enumerate() {
        let field = field(&format!("rules.{at}"));
        checked_value(check, &format!("{field}.value"), &rule.value, &written.default);
        let target = target(check, &field, rule.organizations, rule.tiers, rule.percentage);
        rules.extend(target.map(|target| FlagRule { target, value: rule.value }));
    }
    Some(Flag { owner, expires_at: expires_at?, default: written.default, rules })
}

/// All values of a flag must have one kind, because programs read them as one kind.
fn checked_value(check: &mut FieldChecks, field: &str, value: &FlagValue, default: &FlagValue) {
    if std::mem::discriminant(value) != std::mem::discriminant(default) {
        check.wrong(field, "type", "must be of the same kind as the default");
    }
    if let FlagValue::Variant(text) = value {
        check.line(field, text, LONGEST_TEXT);
    }
}

fn target(
    check: &mut FieldChecks,
    field: &str,
    organizations: Option<Vec<String>>,
    tiers: Option<Vec<SubscriptionTier>>,
    percentage: Option<u8>,
) -> Option<FlagTarget> {
    match (organizations, tiers, percentage) {
        (Some(written), None, None) => {
            let ids: BTreeSet<OrganizationId> = written.iter().filter_map(|text| text.parse().ok()).collect();
            if ids.is_empty() || ids.len() != written.len() {
                let message = "must be identifiers of organizations, each once";
                check.wrong(&format!("{field}.organizations"), "format", message);
            }
            Some(FlagTarget::Organizations(ids))
        }
        (None, Some(tiers), None) => {
            if tiers.is_empty() {
                check.wrong(&format!("{field}.tiers"), "too_short", "must name a tier");
            }
            Some(FlagTarget::Tiers(tiers))
        }
        (None, None, Some(percentage)) => {
            if percentage > 100 {
                check.wrong(&format!("{field}.percentage"), "range", "must be from 0 to 100");
            }
            Some(FlagTarget::Percentage(percentage))
        }
        _ => {
            check.wrong(field, "format", "must have exactly one of organizations, tiers and percentage");
            None
        }
    }
}

/// The end of a day that is written like 2027-03-31, UTC.
fn end_of_day(day: &str) -> Option<Timestamp> {
    let is_day = day.len() == "2027-03-31".len();
    let midnight = Timestamp::parse(&format!("{day}T00:00:00Z")).ok().filter(|_| is_day)?;
    Some(midnight.plus_seconds(86_400))
}
