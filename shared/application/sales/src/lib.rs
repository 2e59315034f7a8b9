//! Leads, and their scores by models and rules.

mod create_lead;
mod delete_lead;
mod erase_lead_contact;
mod get_lead;
mod list_leads;
mod own_lead;
mod score_lead;
mod score_leads;
mod scoring;
mod update_lead;

pub use create_lead::create_lead;
pub use delete_lead::delete_lead;
pub use erase_lead_contact::erase_lead_contact;
pub use get_lead::get_lead;
pub use list_leads::{LeadFilters, LeadOrder, list_leads};
pub use score_lead::{ScoreLead, Scored, score_lead};
pub use score_leads::{LeadOutcome, MOST_LEADS, score_leads};
pub use scoring::{LeadJudgement, LeadScorer};
pub use update_lead::{LeadReplacement, update_lead};
