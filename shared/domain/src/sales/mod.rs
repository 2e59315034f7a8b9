//! Leads and their scores.

mod bant;
mod company_size;
mod lead;
mod lead_score;
mod listed_lead;
mod mailbox;
mod notes;
mod size_signal;

pub use bant::score_by_rules;
pub use company_size::{CompanySize, CompanySizeInput, SizeBand};
pub use lead::{
    Contact, Lead, LeadDetails, LeadEvent, LeadInput, LeadStatus, check_lead, create_lead, delete_lead,
    erase_lead_contact, score_lead, update_lead,
};
pub use lead_score::{
    AbstainReason, Assessment, Breakdown, Cost, Dimension, Engine, Evidence, Factor, LeadScore, ScoredField,
};
pub use listed_lead::{ListedLead, ListedScore};
