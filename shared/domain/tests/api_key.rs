//! API keys: valid fields, lifetime, and end.

use crate::support::{START, at, id};
use domain::authority::Scope;
use domain::event::SECRET_FACTS;
use domain::lists::{ListEntry, Rank, Within};
use domain::tenancy::{ApiKey, ApiKeyEvent, CreateApiKey, create_api_key, revoke_api_key};
use domain::{Aggregate, DomainEvent, InvalidFields, Timestamp};
use testkit::{given, given_nothing};

const DAY: i64 = 24 * 3600;

fn scopes(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn create(name: &str, names: &[&str], days: Option<i64>) -> Result<ApiKeyEvent, InvalidFields> {
    create_api_key(CreateApiKey {
        id: id(1),
        name,
        scopes: &scopes(names),
        expires_in_days: days,
        prefix: "sxk_a_b".to_owned(),
        secret_hash: "hash".to_owned(),
        created_by: id(2),
        at: START,
    })
}

fn created() -> ApiKeyEvent {
    create("CRM export", &["model:read", "completion:create"], None).unwrap()
}

fn key() -> ApiKey {
    given_nothing::<ApiKey>().when(|_| created()).then([created()]).unwrap()
}

fn revoked() -> ApiKeyEvent {
    revoke_api_key(&key()).unwrap()
}

fn wrong(result: Result<ApiKeyEvent, InvalidFields>) -> Vec<(String, &'static str)> {
    result.unwrap_err().0.into_iter().map(|error| (error.field, error.code)).collect()
}

fn listed() -> ListEntry {
    ListEntry { list: ApiKey::BY_TIME, within: Within::Organization, rank: Rank::Time(START) }
}

#[test]
fn a_key_is_what_was_asked_for_and_valid_for_ninety_days() {
    let key = key();
    let names: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
    assert_eq!((key.name.as_str(), names), ("CRM export", vec!["completion:create", "model:read"]));
    assert_eq!((key.prefix.as_str(), key.secret_hash.as_str()), ("sxk_a_b", "hash"));
    assert_eq!((key.created_at, key.expires_at, key.revoked_at), (START, at(90 * DAY), None));
    assert_eq!((key.created_by, key.lists()), (id(2), vec![listed()]));
}

#[test]
fn names_are_trimmed_and_scopes_count_once() {
    let event = create("  CRM export ", &["model:read", "model:read"], Some(1)).unwrap();
    let key = given_nothing::<ApiKey>().when(|_| event.clone()).then([event.clone()]).unwrap();
    assert_eq!((key.name.as_str(), key.scopes.len()), ("CRM export", 1));
    assert_eq!(key.expires_at, at(DAY));
    let whole = "n".repeat(100);
    assert!(create(&whole, &["model:read"], Some(365)).is_ok());
}

#[test]
fn every_wrong_field_is_named() {
    let field = |name: &str, code| vec![(name.to_owned(), code)];
    assert_eq!(wrong(create(" ", &["model:read"], None)), field("name", "required"));
    assert_eq!(wrong(create("a\0b", &["model:read"], None)), field("name", "format"));
    assert_eq!(wrong(create(&"n".repeat(101), &["model:read"], None)), field("name", "too_long"));
    assert_eq!(wrong(create("n", &[], None)), field("scopes", "required"));
    // A permission that keys may not hold is not a scope.
    for unknown in ["lead:read", "api_key:manage", "", "Model:read", "model:read "] {
        assert_eq!(wrong(create("n", &[unknown], None)), field("scopes", "unknown"), "{unknown:?}");
    }
    assert_eq!(wrong(create("n", &["model:read"; 5], None)), field("scopes", "too_long"));
    for days in [i64::MIN, -1, 0, 366, i64::MAX] {
        assert_eq!(wrong(create("n", &["model:read"], Some(days))), field("expires_in_days", "range"));
    }
    assert_eq!(wrong(create("", &[], Some(0))).len(), 3);
}

#[test]
fn it_is_valid_until_its_end_or_its_revocation() {
    let key = key();
    let last = Timestamp::from_millis(at(90 * DAY).millis() - 1);
    assert!(key.is_valid(START) && key.is_valid(last));
    assert!(!key.is_valid(at(90 * DAY)));
    let gone =
        given::<ApiKey>([created()]).when(|key| revoke_api_key(key.unwrap())).then([revoked()]).unwrap();
    assert_eq!(gone.revoked_at, Some(at(1)));
    assert!(!gone.is_valid(at(1)));
}

#[test]
fn it_is_revoked_once_and_stays_listed() {
    given::<ApiKey>([created(), revoked()]).when(|key| revoke_api_key(key.unwrap())).then_nothing();
    let twice = given::<ApiKey>([created(), revoked()]).when(|_| revoked()).then([revoked()]).unwrap();
    assert_eq!(twice.revoked_at, Some(at(1)));
    assert_eq!(twice.lists(), [listed()]);
    assert_eq!(given_nothing::<ApiKey>().when(|_| revoked()).then([revoked()]), None);
}

#[test]
fn the_secrets_hash_is_a_secret_fact() {
    assert!(SECRET_FACTS.contains(&"secret_hash"));
    assert_eq!(created().encode().data["secret_hash"], "hash");
}

#[test]
fn scopes_are_written_by_name_and_unknown_ones_can_not_be_read() {
    for scope in Scope::ALL {
        let text = serde_json::to_string(&scope).unwrap();
        assert_eq!(text, format!("\"{}\"", scope.as_str()));
        assert_eq!(serde_json::from_str::<Scope>(&text).unwrap(), scope);
    }
    assert!(serde_json::from_str::<Scope>("\"lead:read\"").is_err());
}
