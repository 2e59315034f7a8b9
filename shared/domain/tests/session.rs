//! Sessions and the rotation of their refresh tokens.

use crate::support::{Dice, START, at, id};
use domain::event::SECRET_FACTS;
use domain::identity::{
    ABSOLUTE_SECONDS, AuthenticationMethod, GRACE_SECONDS, IDLE_SECONDS, RefreshDecision, RefreshRefused,
    RefreshToken, Revocation, Session, SessionEvent, StartSession, refresh_session, revoke_session,
    start_session,
};
use domain::{Aggregate, DomainEvent, EventMeta, Timestamp};
use testkit::{given, given_nothing};

fn token(name: &str) -> RefreshToken {
    RefreshToken { hash: name.to_owned(), salt: format!("salt of {name}") }
}

fn started() -> SessionEvent {
    start_session(StartSession {
        id: id(1),
        account_id: id(2),
        family_hash: "family".to_owned(),
        token: token("one"),
        device: None,
        methods: vec![AuthenticationMethod::Password],
        at: START,
    })
}

fn session() -> Session {
    Session::apply(None, &started(), EventMeta { at: START }).unwrap()
}

fn refresh(
    session: &Session,
    presented: &str,
    next: &str,
    at: Timestamp,
) -> Result<RefreshDecision, RefreshRefused> {
    refresh_session(session, "family", presented, token(next), at)
}

/// The session after `presented` was used.
fn rotated(session: Session, presented: &str, next: &str, at: Timestamp) -> Session {
    let Ok(RefreshDecision::Rotate(event)) = refresh(&session, presented, next, at) else {
        panic!("not rotated")
    };
    Session::apply(Some(session), &event, EventMeta { at }).unwrap()
}

#[test]
fn the_limits_are_the_products() {
    assert_eq!((IDLE_SECONDS, ABSOLUTE_SECONDS, GRACE_SECONDS), (8 * 3600, 7 * 24 * 3600, 10));
}

#[test]
fn a_session_starts_with_its_first_token_and_its_ends() {
    let session = given_nothing::<Session>().when(|_| started()).then([started()]).unwrap();
    assert_eq!((session.current.hash.as_str(), &session.previous, session.revoked), ("one", &None, None));
    assert_eq!((session.idle_expires_at, session.ends_at), (at(IDLE_SECONDS), at(ABSOLUTE_SECONDS)));
    // A day longer, so that a late replay is still recognized.
    assert_eq!(session.expires_at(), Some(at(ABSOLUTE_SECONDS + 24 * 3600)));
}

#[test]
fn using_the_current_token_replaces_it() {
    let session = rotated(session(), "one", "two", at(60));
    assert_eq!(session.current, token("two"));
    assert_eq!(session.previous, Some(("one".to_owned(), at(60))));
    assert_eq!(session.idle_expires_at, at(60 + IDLE_SECONDS));
    assert_eq!(session.ends_at, at(ABSOLUTE_SECONDS));
}

#[test]
fn the_previous_token_is_repeated_within_the_grace_and_ends_the_session_after_it() {
    let session = rotated(session(), "one", "two", at(60));
    for seconds in [60, 61, 69, 70] {
        assert_eq!(refresh(&session, "one", "x", at(seconds)), Ok(RefreshDecision::Repeat), "{seconds}");
    }
    let late = Timestamp::from_millis(at(70).millis() + 1);
    let Ok(RefreshDecision::Revoke(event)) = refresh(&session, "one", "x", late) else {
        panic!("not revoked")
    };
    let ended = Session::apply(Some(session), &event, EventMeta { at: late }).unwrap();
    assert_eq!(ended.revoked, Some(Revocation::RefreshTokenReuse));
    for token in ["one", "two"] {
        assert_eq!(refresh(&ended, token, "x", late), Err(RefreshRefused::Ended));
    }
}

#[test]
fn the_grace_is_measured_from_the_use_and_is_not_renewed_by_repeating() {
    let session = rotated(session(), "one", "two", at(60));
    assert_eq!(refresh(&session, "one", "x", at(69)), Ok(RefreshDecision::Repeat));
    assert!(matches!(refresh(&session, "one", "x", at(75)), Ok(RefreshDecision::Revoke(_))));
}

#[test]
fn any_older_token_ends_the_session_at_once() {
    let session = rotated(rotated(session(), "one", "two", at(1)), "two", "three", at(2));
    assert!(matches!(refresh(&session, "one", "x", at(2)), Ok(RefreshDecision::Revoke(_))));
    assert!(matches!(refresh(&session, "never issued", "x", at(2)), Ok(RefreshDecision::Revoke(_))));
    assert_eq!(refresh(&session, "two", "x", at(2)), Ok(RefreshDecision::Repeat));
}

#[test]
fn a_token_of_another_family_is_a_guess_and_ends_nothing() {
    let session = rotated(session(), "one", "two", at(1));
    for presented in ["one", "two", "x"] {
        let refused = refresh_session(&session, "another", presented, token("x"), at(1)).unwrap_err();
        assert_eq!(refused, RefreshRefused::Foreign);
    }
}

#[test]
fn a_session_ends_by_idleness_and_by_age() {
    let session = session();
    assert!(refresh(&session, "one", "two", at(IDLE_SECONDS - 1)).is_ok());
    assert_eq!(refresh(&session, "one", "two", at(IDLE_SECONDS)), Err(RefreshRefused::Ended));
    // However late it is used, it never lives longer than seven days.
    let mut used = session;
    let mut now = 0;
    let names: Vec<String> = (0..30).map(|number| format!("t{number}")).collect();
    let mut current = "one".to_owned();
    for name in &names {
        if now + 7 * 3600 >= ABSOLUTE_SECONDS {
            break;
        }
        now += 7 * 3600;
        used = rotated(used, &current, name, at(now));
        current.clone_from(name);
        assert!(used.idle_expires_at <= used.ends_at);
    }
    assert_eq!(used.idle_expires_at, at(ABSOLUTE_SECONDS));
    assert_eq!(refresh(&used, &current, "x", at(ABSOLUTE_SECONDS)), Err(RefreshRefused::Ended));
    // After the end, even a replay is not reported.
    assert_eq!(refresh(&used, "one", "x", at(ABSOLUTE_SECONDS)), Err(RefreshRefused::Ended));
}

#[test]
fn a_session_is_ended_once() {
    let revoked = || revoke_session(&session(), Revocation::Logout).unwrap();
    let ended = given::<Session>([started()])
        .when(|session| revoke_session(session.unwrap(), Revocation::Logout))
        .then([revoked()])
        .unwrap();
    assert_eq!(ended.revoked, Some(Revocation::Logout));
    given::<Session>([started(), revoked()])
        .when(|session| revoke_session(session.unwrap(), Revocation::RefreshTokenReuse))
        .then_nothing();
}

#[test]
fn events_without_a_session_make_none() {
    let revoked = revoke_session(&session(), Revocation::Logout).unwrap();
    assert_eq!(Session::apply(None, &revoked, EventMeta { at: START }), None);
    let again = Session::apply(Some(session()), &started(), EventMeta { at: at(5) }).unwrap();
    assert_eq!(again.started_at, START);
}

#[test]
fn the_secret_facts_are_facts_of_the_events() {
    let data = started().encode().data;
    for secret in ["family_hash", "token"] {
        assert!(SECRET_FACTS.contains(&secret) && data.get(secret).is_some(), "{secret}");
    }
    let Ok(RefreshDecision::Rotate(event)) = refresh(&session(), "one", "two", at(1)) else {
        panic!("not rotated")
    };
    assert!(event.encode().data.get("token").is_some());
}

/// For any sequence of presented tokens, exactly one token is current, an ended session stays ended, and no time is
/// after its end.
#[test]
fn no_sequence_of_refreshes_breaks_a_session() {
    for seed in 0..200 {
        let mut dice = Dice(seed);
        let mut session = session();
        let mut issued = vec!["one".to_owned()];
        let mut now = START;
        for step in 0..40 {
            now = now.plus_seconds(dice.one_of(&[0, 1, 5, 10, 11, 3600, 7 * 3600]));
            // Mostly the newest token.
            let back = dice.one_of(&[0, 0, 0, 0, 1, 2]).min(issued.len() - 1);
            let presented = issued[issued.len() - 1 - back].clone();
            let next = format!("t{step}");
            let was_revoked = session.revoked;
            match refresh(&session, &presented, &next, now) {
                Ok(RefreshDecision::Rotate(event)) => {
                    assert_eq!((back, was_revoked), (0, None), "seed {seed}");
                    session = Session::apply(Some(session), &event, EventMeta { at: now }).unwrap();
                    issued.push(next);
                }
                Ok(RefreshDecision::Repeat) => assert_eq!((back, was_revoked), (1, None), "seed {seed}"),
                Ok(RefreshDecision::Revoke(event)) => {
                    assert!(back > 0 && was_revoked.is_none(), "seed {seed}");
                    session = Session::apply(Some(session), &event, EventMeta { at: now }).unwrap();
                }
                Err(RefreshRefused::Ended) => {
                    assert!(was_revoked.is_some() || now >= session.idle_expires_at, "seed {seed}");
                }
                Err(RefreshRefused::Foreign) => panic!("seed {seed}"),
            }
            assert_eq!(&session.current.hash, issued.last().unwrap());
            assert!(session.idle_expires_at <= session.ends_at);
        }
    }
}
