//! A lead as lists and answers show it: without the factors and the cost of its score. A list reads up to a hundred stored
//! leads, and these parts take half the time.

use super::{AbstainReason, Breakdown, CompanySize, Contact, Lead, LeadStatus};
use crate::Timestamp;
use crate::id::{AccountId, LeadId};
use serde::Deserialize;

/// The part of a stored lead that lists show. The fields are those of [`Lead`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[allow(missing_docs, reason = "the fields are those of `Lead`")]
pub struct ListedLead {
    pub id: LeadId,
    pub company_name: String,
    pub industry: Option<String>,
    pub company_size: Option<CompanySize>,
    pub status: LeadStatus,
    pub owner_id: AccountId,
    pub contact: Option<Contact>,
    pub score: Option<ListedScore>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// The part of a stored score that lists show.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ListedScore {
    /// The breakdown, or the reason why there is none.
    pub outcome: Result<Breakdown, AbstainReason>,
    /// When the lead was scored.
    pub scored_at: Timestamp,
}

impl ListedScore {
    /// 0 to 100; `None` when the score abstained.
    pub fn value(&self) -> Option<u8> {
        self.outcome.ok().map(Breakdown::total)
    }
}

impl From<&Lead> for ListedLead {
    fn from(lead: &Lead) -> Self {
        let details = &lead.details;
        Self {
            id: lead.id,
            company_name: details.company_name.clone(),
            industry: details.industry.clone(),
            company_size: details.company_size.clone(),
            status: details.status,
            owner_id: details.owner_id,
            contact: lead.contact.clone(),
            score: lead
                .score
                .as_ref()
                .map(|score| ListedScore { outcome: score.assessment.outcome, scored_at: score.scored_at }),
            created_at: lead.created_at,
            updated_at: lead.updated_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Lead, ListedLead};
    use serde_json::Value;

    #[test]
    fn a_stored_lead_is_listed_as_the_whole_lead_would_be() {
        let stored: Vec<Value> =
            serde_json::from_str(include_str!("../../tests/states/lead.v1.json")).unwrap();
        let mut scores = 0;
        for document in stored {
            let whole: Lead = serde_json::from_value(document.clone()).unwrap();
            let listed: ListedLead = serde_json::from_value(document).unwrap();
            assert_eq!(listed, ListedLead::from(&whole));
            scores += usize::from(listed.score.is_some());
        }
        assert!(scores > 0);
    }
}
