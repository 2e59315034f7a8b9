//! The rules engine: BANT from a lead's own fields, the same answer for the same lead, free and offline. It is what
//! answers when no model can. It must never guess: where the lead says too little it abstains.

use super::lead::{Lead, LeadStatus};
use super::lead_score::{AbstainReason, Assessment, Breakdown, Dimension, Evidence, Factor, ScoredField};
use super::mailbox::is_free_mailbox;
use super::notes::claims;
use super::size_signal::size_signal;

/// Where every dimension starts; factors move it.
const START: i16 = 40;
/// Judging needs factors in at least this many dimensions.
const NEEDED_DIMENSIONS: usize = 2;
/// The most characters of a quotation.
const QUOTE_CHARACTERS: usize = 200;

/// Judges a lead by its fields alone.
pub fn score_by_rules(lead: &Lead) -> Assessment {
    let mut factors = Vec::new();
    facts(lead, &mut factors);
    if let Some(contact) = &lead.contact {
        if let Some(email) = &contact.email {
            mailbox(email, &mut factors);
        }
        if let Some(notes) = &contact.notes {
            signals(notes, &mut factors);
        }
    }
    factors.sort_by_key(|factor| std::cmp::Reverse(factor.impact.unsigned_abs()));
    let covered = Dimension::ALL.iter().filter(|dimension| speaks(&factors, **dimension)).count();
    if covered < NEEDED_DIMENSIONS {
        return Assessment { outcome: Err(AbstainReason::InsufficientData), factors, confidence_percent: 0 };
    }
    let breakdown = Breakdown {
        budget: sum(&factors, Dimension::Budget),
        authority: sum(&factors, Dimension::Authority),
        need: sum(&factors, Dimension::Need),
        timeline: sum(&factors, Dimension::Timeline),
    };
    // Fifteen points for each dimension that something speaks about, and five for each further signal up to four: rules
    // are never surer than 80 %.
    let percent = covered * 15 + factors.len().saturating_sub(covered).min(4) * 5;
    Assessment { outcome: Ok(breakdown), factors, confidence_percent: u8::try_from(percent).unwrap_or(80) }
}

fn speaks(factors: &[Factor], dimension: Dimension) -> bool {
    factors.iter().any(|factor| factor.dimension == dimension)
}

fn sum(factors: &[Factor], dimension: Dimension) -> u8 {
    let moved: i16 = factors
        .iter()
        .filter(|factor| factor.dimension == dimension)
        .map(|factor| i16::from(factor.impact))
        .sum();
    u8::try_from((START + moved).clamp(0, 100)).unwrap_or_default()
}

fn push(
    factors: &mut Vec<Factor>,
    dimension: Dimension,
    impact: i8,
    field: ScoredField,
    quote: String,
    reason: &str,
) {
    let evidence = Some(Evidence { quote, reason: reason.to_owned() });
    factors.push(Factor { dimension, impact, field, evidence });
}

fn facts(lead: &Lead, factors: &mut Vec<Factor>) {
    if let Some(size) = &lead.details.company_size
        && let Some((impact, reason)) = size_signal(size)
    {
        push(factors, Dimension::Budget, impact, ScoredField::CompanySize, size.to_string(), reason);
    }
    let (impact, reason) = match lead.details.status {
        LeadStatus::Qualified => (15, "Somebody found that they fit"),
        LeadStatus::Proposal => (25, "They asked for a proposal"),
        LeadStatus::Lost => (-40, "They decided against us"),
        LeadStatus::New | LeadStatus::Contacted | LeadStatus::Won => return,
    };
    push(
        factors,
        Dimension::Need,
        impact,
        ScoredField::Status,
        lead.details.status.as_str().to_owned(),
        reason,
    );
}

fn mailbox(email: &str, factors: &mut Vec<Factor>) {
    let Some((_, host)) = email.split_once('@') else { return };
    let (impact, reason) = if is_free_mailbox(host) {
        (-10, "The address is a private mailbox")
    } else {
        (5, "The address belongs to a company")
    };
    push(factors, Dimension::Authority, impact, ScoredField::ContactEmail, host.to_owned(), reason);
}

/// Adds the claims of the notes. A reason counts once, for its first clause.
fn signals(notes: &str, factors: &mut Vec<Factor>) {
    let from = factors.len();
    for claim in claims(notes) {
        let said = factors.iter().skip(from).filter_map(|factor| factor.evidence.as_ref());
        if said.into_iter().any(|evidence| evidence.reason == claim.reason) {
            continue;
        }
        let quote: String = claim.quote.chars().take(QUOTE_CHARACTERS).collect();
        push(factors, claim.dimension, claim.impact, ScoredField::Notes, quote, claim.reason);
    }
}
