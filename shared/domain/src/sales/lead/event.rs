//! The events of a lead and their stored form. The contact and the evidence of a score are personal; everything else is
//! a fact.

use super::{Contact, Lead, LeadDetails};
use crate::Timestamp;
use crate::event::{DecodeError, DomainEvent, EncodedEvent};
use crate::id::{AccountId, LeadId};
use crate::sales::company_size::CompanySize;
use crate::sales::lead_score::{
    AbstainReason, Assessment, Breakdown, Cost, Dimension, Engine, Evidence, Factor, LeadScore, ScoredField,
};
use serde::{Deserialize, Serialize};

/// The events of a lead.
#[derive(Debug, Clone, PartialEq)]
pub enum LeadEvent {
    /// The lead was created.
    Created {
        /// The facts.
        facts: LeadCreated,
        /// The contact; `None` after erasure.
        contact: Option<Contact>,
    },
    /// The fields of the lead were replaced.
    Updated {
        /// The facts.
        facts: LeadCreated,
        /// The contact; `None` after erasure.
        contact: Option<Contact>,
    },
    /// The lead was scored.
    Scored {
        /// The lead, from which the event derives its subject.
        lead_id: LeadId,
        /// The owner of the lead at this time, whom a consumer notifies.
        owner_id: AccountId,
        /// The score, which replaces the latest one.
        score: Box<LeadScore>,
    },
    /// The lead was deleted.
    Deleted(LeadDeleted),
    /// The contact of the lead was erased.
    ContactErased(LeadDeleted),
}

/// The facts of `lead_created` and `lead_updated`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeadCreated {
    pub(super) lead_id: LeadId,
    #[serde(flatten)]
    pub(super) details: LeadDetails,
}

/// The facts of `lead_deleted` and `lead_contact_erased`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeadDeleted {
    pub(super) lead_id: LeadId,
    pub(super) owner_id: AccountId,
}

/// The facts of `lead_scored`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Scored {
    lead_id: LeadId,
    owner_id: AccountId,
    score: Option<u8>,
    breakdown: Option<Breakdown>,
    abstain_reason: Option<AbstainReason>,
    confidence_percent: u8,
    factors: Vec<ScoredFactor>,
    engine: Engine,
    model: String,
    cost: Cost,
    scored_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct ScoredFactor {
    dimension: Dimension,
    impact: i8,
    field: ScoredField,
}

impl DomainEvent for LeadEvent {
    fn encode(&self) -> EncodedEvent {
        match self {
            Self::Created { facts, contact } => with_contact("lead_created", facts, contact.as_ref()),
            Self::Updated { facts, contact } => with_contact("lead_updated", facts, contact.as_ref()),
            Self::Scored { lead_id, owner_id, score } => encode_score(lead_id, owner_id, score),
            Self::Deleted(facts) => EncodedEvent::facts("lead_deleted", facts),
            Self::ContactErased(facts) => EncodedEvent::facts("lead_contact_erased", facts),
        }
    }

    fn decode(event: &EncodedEvent) -> Result<Self, DecodeError> {
        match (event.event_type.as_str(), event.schema_version) {
            ("lead_created", 1 | 2) => {
                Ok(Self::Created { facts: event.read()?, contact: event.read_personal()? })
            }
            ("lead_updated", 1 | 2) => {
                Ok(Self::Updated { facts: event.read()?, contact: event.read_personal()? })
            }
            ("lead_scored", 1) => decode_score(event),
            ("lead_deleted", 1) => event.read().map(Self::Deleted),
            ("lead_contact_erased", 1) => event.read().map(Self::ContactErased),
            _ => Err(DecodeError::unknown(event)),
        }
    }
}

fn with_contact(event_type: &str, facts: &LeadCreated, contact: Option<&Contact>) -> EncodedEvent {
    // The second version allows a band in `company_size`. It is written for bands only, so that a reader of the first
    // version still reads all other leads.
    let has_band = facts.details.company_size.as_ref().is_some_and(CompanySize::is_band);
    let event = EncodedEvent::facts(event_type, facts).with_version(if has_band { 2 } else { 1 });
    match contact {
        Some(contact) => event.with_personal(Lead::subject(&facts.lead_id), contact),
        None => event,
    }
}

fn encode_score(lead_id: &LeadId, owner_id: &AccountId, score: &LeadScore) -> EncodedEvent {
    let assessment = &score.assessment;
    let facts = Scored {
        lead_id: *lead_id,
        owner_id: *owner_id,
        score: score.value(),
        breakdown: assessment.outcome.ok(),
        abstain_reason: assessment.outcome.err(),
        confidence_percent: assessment.confidence_percent,
        factors: assessment
            .factors
            .iter()
            .map(|factor| ScoredFactor {
                dimension: factor.dimension,
                impact: factor.impact,
                field: factor.field,
            })
            .collect(),
        engine: score.engine,
        model: score.model.clone(),
        cost: score.cost.clone(),
        scored_at: score.scored_at,
    };
    let event = EncodedEvent::facts("lead_scored", &facts);
    let evidence: Option<Vec<&Evidence>> =
        assessment.factors.iter().map(|factor| factor.evidence.as_ref()).collect();
    match evidence {
        Some(evidence) if !evidence.is_empty() => event.with_personal(Lead::subject(lead_id), &evidence),
        _ => event,
    }
}

fn decode_score(event: &EncodedEvent) -> Result<LeadEvent, DecodeError> {
    let facts: Scored = event.read()?;
    let mut evidence = event.read_personal::<Vec<Evidence>>()?.map(Vec::into_iter);
    let factors = facts
        .factors
        .into_iter()
        .map(|factor| Factor {
            dimension: factor.dimension,
            impact: factor.impact,
            field: factor.field,
            evidence: evidence.as_mut().and_then(Iterator::next),
        })
        .collect();
    let outcome = match facts.breakdown {
        Some(breakdown) => Ok(breakdown),
        None => Err(facts.abstain_reason.unwrap_or(AbstainReason::InsufficientData)),
    };
    Ok(LeadEvent::Scored {
        lead_id: facts.lead_id,
        owner_id: facts.owner_id,
        score: Box::new(LeadScore {
            assessment: Assessment { outcome, factors, confidence_percent: facts.confidence_percent },
            engine: facts.engine,
            model: facts.model,
            cost: facts.cost,
            scored_at: facts.scored_at,
        }),
    })
}
