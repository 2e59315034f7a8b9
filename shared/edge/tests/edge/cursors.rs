//! Cursors serve their own caller and list only.

use crate::support::{ACCOUNT, ORGANIZATION, SESSION, answer, get};
use domain::Timestamp;
use domain::authority::{Caller, Credential};
use domain::id::{AccountId, OrganizationId};
use domain::tenancy::Role;
use edge::cursor::CursorCodec;
use edge::problem::Kind;
use edge::{Response, StartError};
use ports::Position;
use serde_json::json;

const KEY: &str = "0123456789abcdef0123456789abcdef";

fn caller() -> Caller {
    Caller {
        tenant: ORGANIZATION.parse().unwrap(),
        account: ACCOUNT.parse().unwrap(),
        credential: session(SESSION, Role::SalesRep),
    }
}

fn session(id: &str, role: Role) -> Credential {
    Credential::Session {
        id: id.parse().unwrap(),
        role,
        account_organization: ORGANIZATION.parse().unwrap(),
        authenticated_at: Timestamp::from_millis(1_763_716_200_000),
    }
}

fn position() -> Position {
    Position { sort_key: "2025-11-21T09:10:00.000Z#ünï".to_owned() }
}

#[test]
fn opens_what_it_sealed_even_after_the_session_changed() {
    let codec = CursorCodec::new(KEY).unwrap();
    let cursor = codec.seal(&position(), &caller(), "list");
    assert!(cursor.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)), "{cursor}");
    let mut later = caller();
    later.credential = session("session_01jd2x1v7gf5w4n8q3k6m9z0td", Role::Manager);
    assert_eq!(codec.open(&cursor, &later, "list").unwrap(), position());
}

#[test]
fn refuses_cursors_of_other_lists_callers_and_keys() {
    let codec = CursorCodec::new(KEY).unwrap();
    let cursor = codec.seal(&position(), &caller(), "list");
    let mut foreign = caller();
    foreign.tenant = "org_01jd2wzq4sf1a6p8d2y7b9t3gf".parse::<OrganizationId>().unwrap();
    let mut colleague = caller();
    colleague.account = "account_01jd2wzq4tf8x7k3m5v9c0r2nj".parse::<AccountId>().unwrap();
    let other = CursorCodec::new(&KEY.replace('0', "x")).unwrap();
    for refused in [
        codec.open(&cursor, &foreign, "list"),
        codec.open(&cursor, &colleague, "list"),
        codec.open(&cursor, &caller(), "another list"),
        other.open(&cursor, &caller(), "list"),
    ] {
        assert_eq!(refused.unwrap_err().kind(), Kind::INVALID_CURSOR);
    }
}

#[test]
fn refuses_every_change_of_a_cursor() {
    let codec = CursorCodec::new(KEY).unwrap();
    let cursor = codec.seal(&position(), &caller(), "list");
    for at in 0..cursor.len() {
        let mut changed = cursor.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        assert!(codec.open(&changed, &caller(), "list").is_err(), "{changed}");
    }
    for made_up in ["", ".", "..", "a.b.c", "a.b.c.d", "\0", &format!("{cursor}."), &"a".repeat(100_000)] {
        assert!(codec.open(made_up, &caller(), "list").is_err());
    }
}

#[test]
fn refuses_a_position_with_a_tag_that_is_not_its_own() {
    let codec = CursorCodec::new(KEY).unwrap();
    let further = Position { sort_key: "2025-11-22".to_owned() };
    let (cursor, other) =
        (codec.seal(&position(), &caller(), "list"), codec.seal(&further, &caller(), "list"));
    let ((own, tag), (elsewhere, other_tag)) =
        (cursor.split_once('.').unwrap(), other.split_once('.').unwrap());
    // All have two parts of the right form and length; each except the first was never signed.
    assert!(codec.open(&format!("{own}.{tag}"), &caller(), "list").is_ok());
    let zeros = "A".repeat(tag.len());
    for (position, tag) in [(elsewhere, tag), (own, other_tag), (own, &zeros), (own, "")] {
        let refused = codec.open(&format!("{position}.{tag}"), &caller(), "list").unwrap_err();
        assert_eq!(refused.kind(), Kind::INVALID_CURSOR, "{position}.{tag}");
    }
}

#[test]
fn wants_a_long_key() {
    assert_eq!(
        CursorCodec::new("short").unwrap_err(),
        StartError::invalid("CURSOR_SECRET_ID", "names a secret that is shorter than 32 characters")
    );
}

async fn fingerprint(query: &[(&str, &[&str])]) -> String {
    let answer =
        answer(get(query), |request| Ok(Response::text(200, "text/plain", request.list_fingerprint()))).await;
    answer["body"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn fingerprints_everything_of_a_query_but_its_page() {
    let plain = fingerprint(&[("status", &["won"])]).await;
    assert_eq!(fingerprint(&[("status", &["won"]), ("limit", &["5"]), ("cursor", &["c"])]).await, plain);
    for other in [
        fingerprint(&[]).await,
        fingerprint(&[("status", &["lost"])]).await,
        fingerprint(&[("status", &["won", "won"])]).await,
        fingerprint(&[("status", &["won"]), ("sort", &["score"])]).await,
        fingerprint(&[("statusw", &["on"])]).await,
    ] {
        assert_ne!(other, plain);
    }
    let mut elsewhere = get(&[("status", &["won"])]);
    elsewhere["path"] = json!("/v1/notifications");
    let answer =
        answer(elsewhere, |request| Ok(Response::text(200, "text/plain", request.list_fingerprint()))).await;
    assert_ne!(answer["body"], plain);
}
