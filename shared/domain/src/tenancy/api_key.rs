//! An API key: the credential of an organization's program. Only a hash of its secret is known here. Its name is a
//! label that an admin gives to a program, not a person's name.

use crate::Timestamp;
use crate::aggregate::{Aggregate, AggregateType};
use crate::authority::Scope;
use crate::event::{DecodeError, DomainEvent, EncodedEvent, EventMeta};
use crate::field::{FieldChecks, InvalidFields};
use crate::id::{AccountId, ApiKeyId};
use crate::lists::{List, ListEntry, ListIndex, Rank, Ranking, Within};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The number of days for which a key is valid unless the request says otherwise.
pub const DEFAULT_DAYS: i64 = 90;
/// The most days for which a key is valid.
pub const MOST_DAYS: i64 = 365;
const LONGEST_NAME: usize = 100;
/// The most characters of an unknown scope that are repeated.
const LONGEST_SCOPE: usize = 40;

/// The state of an API key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Its identifier.
    pub id: ApiKeyId,
    /// The name that an admin gave it.
    pub name: String,
    /// Its scopes.
    pub scopes: Vec<Scope>,
    /// The beginning of its text: all of it except the secret, so that a found key can be identified.
    pub prefix: String,
    /// SHA-256 of its secret, base64url.
    pub secret_hash: String,
    /// The account that created it.
    pub created_by: AccountId,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
}

impl ApiKey {
    /// The keys of an organization, newest first.
    pub const BY_TIME: List = List { name: "by_time", index: ListIndex::First, ranking: Ranking::Time };

    /// Whether it is valid at this time.
    pub fn is_valid(&self, at: Timestamp) -> bool {
        self.revoked_at.is_none() && at < self.expires_at
    }
}

/// An event of an API key.
#[derive(Debug, Clone, PartialEq)]
pub enum ApiKeyEvent {
    /// It was created.
    Created(ApiKeyCreated),
    /// It was revoked.
    Revoked(ApiKeyRevoked),
}

/// The facts of `api_key_created`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ApiKeyCreated {
    api_key_id: ApiKeyId,
    name: String,
    scopes: Vec<Scope>,
    prefix: String,
    secret_hash: String,
    created_by: AccountId,
    expires_at: Timestamp,
}

/// The facts of `api_key_revoked`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ApiKeyRevoked {
    api_key_id: ApiKeyId,
}

/// The command that creates an API key.
#[derive(Debug)]
pub struct CreateApiKey<'a> {
    /// Its identifier.
    pub id: ApiKeyId,
    /// The name, 1 to 100 characters.
    pub name: &'a str,
    /// Names of scopes, at least one. A scope that is named twice counts once.
    pub scopes: &'a [String],
    /// The number of days for which it is valid, 1 to 365; 90 when absent.
    pub expires_in_days: Option<i64>,
    /// The beginning of its text.
    pub prefix: String,
    /// Hash of its secret.
    pub secret_hash: String,
    /// The account that creates it.
    pub created_by: AccountId,
    /// The time of the command.
    pub at: Timestamp,
}

/// Checks the fields of an API key; returns name, scopes and days when they are valid.
pub fn check_api_key(
    name: &str,
    scope_names: &[String],
    expires_in_days: Option<i64>,
) -> Result<(String, Vec<Scope>, i64), InvalidFields> {
    let mut check = FieldChecks::default();
    let name = check.line("name", name, LONGEST_NAME);
    let scopes = scopes(&mut check, scope_names);
    let days = expires_in_days.unwrap_or(DEFAULT_DAYS);
    if !(1..=MOST_DAYS).contains(&days) {
        check.wrong("expires_in_days", "range", format!("must be from 1 to {MOST_DAYS}"));
    }
    check.finish((name, scopes, days))
}

/// Decides `api_key_created`.
pub fn create_api_key(command: CreateApiKey<'_>) -> Result<ApiKeyEvent, InvalidFields> {
    let (name, scopes, days) = check_api_key(command.name, command.scopes, command.expires_in_days)?;
    Ok(ApiKeyEvent::Created(ApiKeyCreated {
        api_key_id: command.id,
        name,
        scopes,
        prefix: command.prefix,
        secret_hash: command.secret_hash,
        created_by: command.created_by,
        expires_at: command.at.plus_seconds(days * 24 * 3600),
    }))
}

/// The scopes with these names, each once, always in the same order.
fn scopes(check: &mut FieldChecks, names: &[String]) -> Vec<Scope> {
    if names.is_empty() {
        check.wrong("scopes", "required", "must name at least one scope");
    }
    if names.len() > Scope::ALL.len() {
        check.wrong("scopes", "too_long", format!("must name at most {} scopes", Scope::ALL.len()));
    }
    let known: BTreeSet<Scope> = names.iter().filter_map(|name| name.parse().ok()).collect();
    let unknown: Vec<&str> =
        names.iter().map(String::as_str).filter(|name| name.parse::<Scope>().is_err()).collect();
    if !unknown.is_empty() {
        check.wrong("scopes", "unknown", unknown_scopes(&unknown));
    }
    known.into_iter().collect()
}

/// The message with the unknown scopes and the existing ones. A name is repeated only if it looks like a scope, because
/// it is the caller's text.
fn unknown_scopes(names: &[&str]) -> String {
    let looks_like_one = |name: &&str| {
        (1..=LONGEST_SCOPE).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b':' || byte == b'_')
    };
    let named: Vec<String> =
        names.iter().copied().filter(looks_like_one).map(|name| format!("`{name}`")).collect();
    let scope = if names.len() == 1 { "unknown scope" } else { "unknown scopes" };
    let unknown = if named.is_empty() { scope.to_owned() } else { format!("{scope} {}", named.join(", ")) };
    let known: Vec<&str> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
    format!("{unknown}; known scopes are {}", known.join(", "))
}

/// Decides `api_key_revoked`; no event when it was revoked already.
pub fn revoke_api_key(key: &ApiKey) -> Option<ApiKeyEvent> {
    key.revoked_at.is_none().then_some(ApiKeyEvent::Revoked(ApiKeyRevoked { api_key_id: key.id }))
}

impl Aggregate for ApiKey {
    const TYPE: AggregateType = AggregateType::ApiKey;
    type Event = ApiKeyEvent;

    fn apply(state: Option<Self>, event: &ApiKeyEvent, meta: EventMeta) -> Option<Self> {
        match (state, event) {
            (None, ApiKeyEvent::Created(facts)) => Some(Self {
                id: facts.api_key_id,
                name: facts.name.clone(),
                scopes: facts.scopes.clone(),
                prefix: facts.prefix.clone(),
                secret_hash: facts.secret_hash.clone(),
                created_by: facts.created_by,
                created_at: meta.at,
                expires_at: facts.expires_at,
                revoked_at: None,
            }),
            (Some(key), ApiKeyEvent::Revoked(_)) => {
                Some(Self { revoked_at: key.revoked_at.or(Some(meta.at)), ..key })
            }
            (state, _) => state,
        }
    }

    /// Revoked and expired keys stay in the list, for people who investigate what a key could do.
    fn lists(&self) -> Vec<ListEntry> {
        let rank = Rank::Time(self.created_at);
        vec![ListEntry { list: Self::BY_TIME, within: Within::Organization, rank }]
    }
}

impl DomainEvent for ApiKeyEvent {
    fn encode(&self) -> EncodedEvent {
        match self {
            Self::Created(facts) => EncodedEvent::facts("api_key_created", facts),
            Self::Revoked(facts) => EncodedEvent::facts("api_key_revoked", facts),
        }
    }

    fn decode(event: &EncodedEvent) -> Result<Self, DecodeError> {
        match (event.event_type.as_str(), event.schema_version) {
            ("api_key_created", 1) => event.read().map(Self::Created),
            ("api_key_revoked", 1) => event.read().map(Self::Revoked),
            _ => Err(DecodeError::unknown(event)),
        }
    }
}
