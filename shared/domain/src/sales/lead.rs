//! A lead: a company that may buy, and the person we talk to there. The data about the company are facts; the data
//! about the person and the notes of the talks are personal and sealed.

use super::company_size::{CompanySize, CompanySizeInput, checked_size};
use super::lead_score::{
    AbstainReason, Assessment, Breakdown, Cost, Dimension, Engine, Evidence, Factor, LeadScore, ScoredField,
};
use crate::Timestamp;
use crate::aggregate::{Aggregate, AggregateType};
use crate::event::{DecodeError, DomainEvent, EncodedEvent, EventMeta};
use crate::field::{FieldChecks, InvalidFields};
use crate::id::{AccountId, LeadId, SubjectId, derived};
use crate::lists::{Filter, FilterValue, List, ListEntry, ListIndex, Rank, Ranking, Within};
use crate::text;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The status of a lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeadStatus {
    /// The lead was just created.
    #[default]
    New,
    /// Somebody talked to the company.
    Contacted,
    /// The company fits.
    Qualified,
    /// The company has a proposal.
    Proposal,
    /// The company bought.
    Won,
    /// The company did not buy.
    Lost,
}

impl LeadStatus {
    const NAMES: [(Self, &'static str); 6] = [
        (Self::New, "new"),
        (Self::Contacted, "contacted"),
        (Self::Qualified, "qualified"),
        (Self::Proposal, "proposal"),
        (Self::Won, "won"),
        (Self::Lost, "lost"),
    ];

    /// The name of the status in bodies.
    pub fn as_str(self) -> &'static str {
        Self::NAMES.iter().find(|(status, _)| *status == self).map_or("new", |(_, name)| name)
    }
}

impl FromStr for LeadStatus {
    type Err = InvalidFields;
    fn from_str(text: &str) -> Result<Self, InvalidFields> {
        Self::NAMES.iter().find(|(_, name)| *name == text).map(|(status, _)| *status).ok_or_else(|| {
            InvalidFields::one(
                "status",
                "unknown",
                "must be one of new, contacted, qualified, proposal, won, lost",
            )
        })
    }
}

/// The data about the company.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeadDetails {
    /// 1 to 200 characters.
    pub company_name: String,
    /// At most 100 characters.
    pub industry: Option<String>,
    /// The number of employees, 1 to 10 million, or a band.
    pub company_size: Option<CompanySize>,
    /// The status of the lead.
    pub status: LeadStatus,
    /// The account that owns the lead.
    pub owner_id: AccountId,
}

/// The person we talk to, and the notes.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Contact {
    /// At most 200 characters.
    pub name: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// At most 50 characters.
    pub phone: Option<String>,
    /// At most 10,000 characters.
    pub notes: Option<String>,
}

impl fmt::Debug for Contact {
    /// Prints no value, so that no log can contain it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Contact(..)")
    }
}

/// The state of a lead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "LeadDocument")]
pub struct Lead {
    /// The identifier, made when the lead is created.
    pub id: LeadId,
    /// The facts about the company, which stay after the contact was erased.
    #[serde(flatten)]
    pub details: LeadDetails,
    /// The contact; `None` after erasure.
    pub contact: Option<Contact>,
    /// The latest score; `None` before the first one.
    pub score: Option<LeadScore>,
    /// When the lead was created.
    pub created_at: Timestamp,
    /// When the lead last changed.
    pub updated_at: Timestamp,
    /// When the lead was deleted; `None` if it was not.
    pub deleted_at: Option<Timestamp>,
}

/// The fields of a stored lead side by side, for the same reason as those of its score.
#[derive(Deserialize)]
struct LeadDocument {
    id: LeadId,
    company_name: String,
    industry: Option<String>,
    company_size: Option<CompanySize>,
    status: LeadStatus,
    owner_id: AccountId,
    contact: Option<Contact>,
    score: Option<LeadScore>,
    created_at: Timestamp,
    updated_at: Timestamp,
    deleted_at: Option<Timestamp>,
}

impl From<LeadDocument> for Lead {
    fn from(document: LeadDocument) -> Self {
        Self {
            id: document.id,
            details: LeadDetails {
                company_name: document.company_name,
                industry: document.industry,
                company_size: document.company_size,
                status: document.status,
                owner_id: document.owner_id,
            },
            contact: document.contact,
            score: document.score,
            created_at: document.created_at,
            updated_at: document.updated_at,
            deleted_at: document.deleted_at,
        }
    }
}

impl Lead {
    /// The leads of an organization, newest first.
    pub const BY_TIME: List = List { name: "by_time", index: ListIndex::First, ranking: Ranking::Time };
    /// The leads of an organization, highest score first.
    pub const BY_SCORE: List = List { name: "by_score", index: ListIndex::Second, ranking: Ranking::Score };
    /// The leads of an owner, newest first.
    pub const OF_OWNER_BY_TIME: List =
        List { name: "of_owner_by_time", index: ListIndex::Third, ranking: Ranking::Time };
    /// The leads of an owner, highest score first.
    pub const OF_OWNER_BY_SCORE: List =
        List { name: "of_owner_by_score", index: ListIndex::Fourth, ranking: Ranking::Score };

    /// The data subject of a lead, which is its contact.
    pub fn subject(id: &LeadId) -> SubjectId {
        derived(id)
    }
}

/// The fields that a caller sets; an absent field is unknown.
#[derive(Debug, Default, Clone, Copy)]
pub struct LeadInput<'a> {
    /// The name of the company. It must be set.
    pub company_name: &'a str,
    /// At most 100 characters.
    pub industry: Option<&'a str>,
    /// The number of employees, 1 to 10 million, or a band.
    pub company_size: Option<CompanySizeInput<'a>>,
    /// At most 200 characters.
    pub contact_name: Option<&'a str>,
    /// A valid e-mail address.
    pub contact_email: Option<&'a str>,
    /// At most 50 characters.
    pub contact_phone: Option<&'a str>,
    /// At most 10,000 characters.
    pub notes: Option<&'a str>,
    /// `new` when absent.
    pub status: Option<&'a str>,
}

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
    lead_id: LeadId,
    #[serde(flatten)]
    details: LeadDetails,
}

/// The facts of `lead_deleted` and `lead_contact_erased`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeadDeleted {
    lead_id: LeadId,
    owner_id: AccountId,
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

fn checked(input: &LeadInput<'_>, owner_id: AccountId) -> Result<(LeadDetails, Contact), InvalidFields> {
    let mut check = FieldChecks::default();
    let company_name = check.line("company_name", input.company_name, 200);
    let industry = check.optional_line("industry", input.industry, 100);
    let company_size = input.company_size.and_then(|size| checked_size(&mut check, size));
    let contact = Contact {
        name: check.optional_line("contact_name", input.contact_name, 200),
        email: input
            .contact_email
            .filter(|email| !text::trimmed(email).is_empty())
            .map(|email| check.email("contact_email", email)),
        phone: check.optional_line("contact_phone", input.contact_phone, 50),
        notes: check.optional_text("notes", input.notes, 10_000),
    };
    let status = match input.status.map(LeadStatus::from_str).transpose() {
        Ok(status) => status.unwrap_or_default(),
        Err(InvalidFields(errors)) => {
            for error in errors {
                check.wrong(&error.field, error.code, error.message);
            }
            LeadStatus::New
        }
    };
    check.finish((LeadDetails { company_name, industry, company_size, status, owner_id }, contact))
}

/// The errors in the fields of a lead.
pub fn check_lead(input: &LeadInput<'_>, owner: AccountId) -> Result<(), InvalidFields> {
    checked(input, owner).map(drop)
}

/// Decides `lead_created`.
pub fn create_lead(id: LeadId, owner: AccountId, input: &LeadInput<'_>) -> Result<LeadEvent, InvalidFields> {
    let (details, contact) = checked(input, owner)?;
    Ok(LeadEvent::Created { facts: LeadCreated { lead_id: id, details }, contact: Some(contact) })
}

/// Decides `lead_updated`: every field is replaced, absent ones are cleared. No event if nothing differs. A contact
/// that was erased stays erased: its fields must be absent.
pub fn update_lead(lead: &Lead, input: &LeadInput<'_>) -> Result<Option<LeadEvent>, InvalidFields> {
    let (details, contact) = checked(input, lead.details.owner_id)?;
    if lead.contact.is_none() {
        let mut check = FieldChecks::default();
        for (field, present) in [
            ("contact_name", contact.name.is_some()),
            ("contact_email", contact.email.is_some()),
            ("contact_phone", contact.phone.is_some()),
            ("notes", contact.notes.is_some()),
        ] {
            if present {
                check.wrong(field, "erased", "the contact of this lead was erased and can't be set again");
            }
        }
        check.finish(())?;
    }
    let contact = lead.contact.as_ref().map(|_| contact);
    if details == lead.details && contact == lead.contact {
        return Ok(None);
    }
    Ok(Some(LeadEvent::Updated { facts: LeadCreated { lead_id: lead.id, details }, contact }))
}

/// Decides `lead_scored`. Evidence that quotes an erased contact is left out.
pub fn score_lead(lead: &Lead, mut score: LeadScore) -> LeadEvent {
    if lead.contact.is_none() {
        score = without_evidence(score);
    }
    LeadEvent::Scored { lead_id: lead.id, owner_id: lead.details.owner_id, score: Box::new(score) }
}

/// Decides `lead_deleted`; no event if the lead is deleted already.
pub fn delete_lead(lead: &Lead) -> Option<LeadEvent> {
    lead.deleted_at
        .is_none()
        .then_some(LeadEvent::Deleted(LeadDeleted { lead_id: lead.id, owner_id: lead.details.owner_id }))
}

/// Decides `lead_contact_erased`; no event if the contact is erased already.
pub fn erase_lead_contact(lead: &Lead) -> Option<LeadEvent> {
    lead.contact.is_some().then_some(LeadEvent::ContactErased(LeadDeleted {
        lead_id: lead.id,
        owner_id: lead.details.owner_id,
    }))
}

fn without_evidence(mut score: LeadScore) -> LeadScore {
    for factor in &mut score.assessment.factors {
        factor.evidence = None;
    }
    score
}

impl Aggregate for Lead {
    const TYPE: AggregateType = AggregateType::Lead;
    type Event = LeadEvent;

    fn apply(state: Option<Self>, event: &LeadEvent, meta: EventMeta) -> Option<Self> {
        match (state, event) {
            (None, LeadEvent::Created { facts, contact }) => Some(Self {
                id: facts.lead_id,
                details: facts.details.clone(),
                contact: contact.clone(),
                score: None,
                created_at: meta.at,
                updated_at: meta.at,
                deleted_at: None,
            }),
            (Some(mut lead), LeadEvent::Updated { facts, contact }) => Some(Self {
                // Evidence quotes the contact; data that was replaced must not stay in a quotation.
                score: if lead.contact == *contact {
                    lead.score.take()
                } else {
                    lead.score.take().map(without_evidence)
                },
                details: facts.details.clone(),
                contact: contact.clone(),
                updated_at: meta.at,
                ..lead
            }),
            (Some(lead), LeadEvent::Scored { score, .. }) => {
                Some(Self { score: Some(score.as_ref().clone()), updated_at: meta.at, ..lead })
            }
            (Some(lead), LeadEvent::Deleted(_)) => {
                Some(Self { deleted_at: Some(meta.at), updated_at: meta.at, ..lead })
            }
            (Some(mut lead), LeadEvent::ContactErased(_)) => {
                lead.score = lead.score.map(without_evidence);
                Some(Self { contact: None, updated_at: meta.at, ..lead })
            }
            (state, _) => state,
        }
    }

    fn lists(&self) -> Vec<ListEntry> {
        if self.deleted_at.is_some() {
            return Vec::new();
        }
        let by_time = Rank::Time(self.created_at);
        let score = self.score.as_ref().and_then(LeadScore::value);
        let by_score = Rank::Score { score, at: self.created_at };
        let owner = Within::Owner(self.details.owner_id);
        vec![
            ListEntry { list: Self::BY_TIME, within: Within::Organization, rank: by_time.clone() },
            ListEntry { list: Self::BY_SCORE, within: Within::Organization, rank: by_score.clone() },
            ListEntry { list: Self::OF_OWNER_BY_TIME, within: owner.clone(), rank: by_time },
            ListEntry { list: Self::OF_OWNER_BY_SCORE, within: owner, rank: by_score },
        ]
    }

    fn filters(&self) -> Vec<(Filter, FilterValue)> {
        let score = self.score.as_ref().and_then(LeadScore::value);
        [
            Some((Filter::Status, FilterValue::Text(self.details.status.as_str().to_owned()))),
            self.details.industry.clone().map(|industry| (Filter::Industry, FilterValue::Text(industry))),
            score.map(|score| (Filter::Score, FilterValue::Number(score.into()))),
            Some((Filter::CreatedAt, FilterValue::Time(self.created_at))),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
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
