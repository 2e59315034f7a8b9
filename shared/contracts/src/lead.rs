//! Bodies of leads.

use crate::lead_score::Breakdown;
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;

/// The size of a company in the form in which it was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum CompanySize {
    /// The number of employees.
    Employees(i64),
    /// A band of employees, such as `1001-5000` or `10,000+`.
    Band(String),
}

impl<'de> Deserialize<'de> for CompanySize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CompanySizeVisitor)
    }
}

/// Reads a company's size. A derived reader of an untagged enumeration could not name the expected types in its errors.
struct CompanySizeVisitor;

impl Visitor<'_> for CompanySizeVisitor {
    type Value = CompanySize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number or a text such as 51-200 or 10,000+")
    }

    fn visit_i64<E>(self, employees: i64) -> Result<CompanySize, E> {
        Ok(CompanySize::Employees(employees))
    }

    fn visit_u64<E>(self, employees: u64) -> Result<CompanySize, E> {
        // A number that is too large for the type is also too large for the field.
        Ok(CompanySize::Employees(i64::try_from(employees).unwrap_or(i64::MAX)))
    }

    fn visit_str<E>(self, band: &str) -> Result<CompanySize, E> {
        Ok(CompanySize::Band(band.to_owned()))
    }
}

/// `POST /v1/leads`. An optional field that is left out, or null, is unknown; `status` can't be null.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateLeadRequest {
    /// 1 to 200 characters.
    pub company_name: String,
    /// At most 100 characters.
    pub industry: Option<String>,
    /// The number of employees, 1 to 10,000,000, or a band.
    pub company_size: Option<CompanySize>,
    /// At most 200 characters.
    pub contact_name: Option<String>,
    /// E-mail address, at most 254 characters.
    pub contact_email: Option<String>,
    /// At most 50 characters.
    pub contact_phone: Option<String>,
    /// At most 10,000 characters.
    pub notes: Option<String>,
    /// `new`, `contacted`, `qualified`, `proposal`, `won` or `lost`; `new` when absent, and never null.
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
}

/// `PUT /v1/leads/{id}`. An optional field that is left out, or null, is cleared.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplaceLeadRequest {
    /// 1 to 200 characters.
    pub company_name: String,
    /// At most 100 characters.
    pub industry: Option<String>,
    /// The number of employees, 1 to 10,000,000, or a band.
    pub company_size: Option<CompanySize>,
    /// At most 200 characters.
    pub contact_name: Option<String>,
    /// E-mail address, at most 254 characters.
    pub contact_email: Option<String>,
    /// At most 50 characters.
    pub contact_phone: Option<String>,
    /// At most 10,000 characters.
    pub notes: Option<String>,
    /// `new`, `contacted`, `qualified`, `proposal`, `won` or `lost`.
    pub status: String,
}

/// A lead, as all routes of leads answer it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lead {
    /// Id (`lead_…`).
    pub id: String,
    /// Name of the company.
    pub company_name: String,
    /// Industry of the company.
    pub industry: Option<String>,
    /// The number of employees in the form in which it was sent.
    pub company_size: Option<CompanySize>,
    /// Name of the contact.
    pub contact_name: Option<String>,
    /// E-mail address of the contact.
    pub contact_email: Option<String>,
    /// Telephone number of the contact.
    pub contact_phone: Option<String>,
    /// Free text about the lead.
    pub notes: Option<String>,
    /// `new`, `contacted`, `qualified`, `proposal`, `won` or `lost`.
    pub status: String,
    /// Id of the account that owns it (`account_…`).
    pub owner_id: String,
    /// 0 to 100; null before the first score and when it abstained.
    pub score: Option<u8>,
    /// The score's parts; null exactly when the score is.
    pub score_breakdown: Option<Breakdown>,
    /// When it was last scored, RFC 3339 in UTC.
    pub scored_at: Option<String>,
    /// When it was created, RFC 3339 in UTC.
    pub created_at: String,
    /// When it last changed, RFC 3339 in UTC.
    pub updated_at: String,
    /// Number of changes, from 1; the `ETag` is this in quotes.
    pub version: u64,
}

impl fmt::Debug for CreateLeadRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CreateLeadRequest(..)")
    }
}

impl fmt::Debug for ReplaceLeadRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReplaceLeadRequest(..)")
    }
}

impl fmt::Debug for Lead {
    /// Shows id and version alone: the other fields may be personal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lead").field("id", &self.id).field("version", &self.version).finish_non_exhaustive()
    }
}

/// A field that may be left out but not be null.
fn not_null<'de, D: Deserializer<'de>>(value: D) -> Result<Option<String>, D::Error> {
    String::deserialize(value).map(Some)
}
