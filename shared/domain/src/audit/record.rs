//! An entry of the audit log in the form that is hashed, stored and exported. The hash of an entry is the SHA-256 of
//! exactly these bytes, which name the hash of the entry before, so an export can be checked without the database.

use crate::Timestamp;
use crate::id::{EventId, OrganizationId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt::Write as _;

/// The hash before the first entry, in hexadecimal digits.
pub const NO_HASH: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// The format of new entries.
pub const CURRENT_FORMAT: u8 = 2;
/// The first format. Its hash is over the fields, each after its length in four bytes, and not over JSON.
const FIELDS_FORMAT: u8 = 1;

const BEFORE_HASH: &str = "{\"hash\":\"";
const BEFORE_ENTRY: &str = "\",\"entry\":";
const AFTER_ENTRY: &str = "}";

/// The thing that an action concerned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditResource {
    /// The kind of the aggregate, such as `lead`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its identifier.
    pub id: String,
}

/// An entry of the audit log. The order of the fields is that of the hashed bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuditRecord {
    /// The format of the hashed bytes: 2, or 1 for entries from before details were recorded.
    pub format: u8,
    /// The organization.
    pub organization: OrganizationId,
    /// The number in the organization's log, from 1 without gaps.
    pub sequence: u64,
    /// The event that the entry records.
    pub event_id: EventId,
    /// When it happened.
    pub at: Timestamp,
    /// The event's type; for a refused access followed by `:` and the permission.
    pub action: String,
    /// An account, an API key, `system:<function>` or `anonymous`. These are pseudonyms, which stay when a person is
    /// erased.
    pub actor: String,
    /// What the action concerned.
    pub resource: AuditResource,
    /// The correlation id of the request.
    pub correlation_id: String,
    /// The facts of the event, without personal data.
    pub details: Value,
    /// The hash of the entry before, in hexadecimal digits; of the first entry [`NO_HASH`].
    pub previous_hash: String,
}

impl AuditRecord {
    /// The stored bytes.
    pub fn bytes(&self) -> Vec<u8> {
        // Records are plain structs of strings, numbers and JSON, which serde_json always can write.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads stored bytes; `None` for other bytes.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// The bytes of which the hash is the SHA-256: those that are stored, except in the first format. `None` for an
    /// unknown format.
    pub fn hashed_bytes<'a>(&self, stored: &'a [u8]) -> Option<std::borrow::Cow<'a, [u8]>> {
        match self.format {
            CURRENT_FORMAT => Some(stored.into()),
            // Only these fields are hashed, so nothing else may stand there.
            FIELDS_FORMAT if stored == self.bytes() && self.details == Value::Object(Map::new()) => {
                self.framed_fields().map(Into::into)
            }
            _ => None,
        }
    }

    fn framed_fields(&self) -> Option<Vec<u8>> {
        let (event, tenant) = (self.event_id.to_string(), self.organization.to_string());
        let (previous, at) = (from_hex(&self.previous_hash)?, self.at.to_string());
        let fields: [&[u8]; 10] = [
            &previous,
            &self.sequence.to_be_bytes(),
            event.as_bytes(),
            tenant.as_bytes(),
            self.action.as_bytes(),
            self.actor.as_bytes(),
            self.resource.kind.as_bytes(),
            self.resource.id.as_bytes(),
            at.as_bytes(),
            self.correlation_id.as_bytes(),
        ];
        let mut bytes = Vec::new();
        for field in fields {
            bytes.extend_from_slice(&u32::try_from(field.len()).ok()?.to_be_bytes());
            bytes.extend_from_slice(field);
        }
        Some(bytes)
    }
}

/// The line of an export for an entry, without its end: its hash, and its bytes as they are stored.
pub fn export_line(hash: &[u8], stored: &[u8]) -> Vec<u8> {
    let mut line = Vec::with_capacity(stored.len() + 90);
    line.extend_from_slice(BEFORE_HASH.as_bytes());
    line.extend_from_slice(to_hex(hash).as_bytes());
    line.extend_from_slice(BEFORE_ENTRY.as_bytes());
    line.extend_from_slice(stored);
    line.extend_from_slice(AFTER_ENTRY.as_bytes());
    line
}

/// The hash in hexadecimal digits and the stored bytes of a line of an export; `None` for another line.
pub fn read_export_line(line: &str) -> Option<(&str, &str)> {
    let rest = line.strip_prefix(BEFORE_HASH)?;
    let (hash, rest) = rest.split_at_checked(NO_HASH.len())?;
    let stored = rest.strip_prefix(BEFORE_ENTRY)?.strip_suffix(AFTER_ENTRY)?;
    from_hex(hash).map(|_| (hash, stored))
}

/// Bytes as lower-case hexadecimal digits.
pub fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a text can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The bytes of lower-case hexadecimal digits; `None` for another text.
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}
