//! A lead: a company that may buy, and the person we talk to there. The data about the company are facts; the data
//! about the person and the notes of the talks are personal and sealed.

mod commands;
mod event;

use super::company_size::CompanySize;
use super::lead_score::LeadScore;
use crate::Timestamp;
use crate::aggregate::{Aggregate, AggregateType};
use crate::event::EventMeta;
use crate::field::InvalidFields;
use crate::id::{AccountId, LeadId, SubjectId, derived};
use crate::lists::{Filter, FilterValue, List, ListEntry, ListIndex, Rank, Ranking, Within};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

pub use commands::{
    LeadInput, check_lead, create_lead, delete_lead, erase_lead_contact, score_lead, update_lead,
};
pub use event::LeadEvent;

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
