//! Second factors of an account, and the challenge of a sign-in.

use crate::support::{START, id};
use domain::event::SECRET_FACTS;
use domain::identity::{
    AccountFactors, AccountFactorsEvent, AddPasskey, FactorMethod, MOST_WRONG_ANSWERS, PasskeyCredential,
    PasskeyName, SignInChallenge, accept_totp_code, activate_totp, add_passkey, challenge_sign_in,
    check_passkey_name, disable_totp, enroll_totp, generate_recovery_codes, refuse_second_factor,
    remove_passkey, use_passkey, use_recovery_code, verify_second_factor,
};
use domain::{Aggregate, DomainEvent, EventMeta};

fn hashes(name: &str) -> Vec<String> {
    (0..10).map(|number| format!("{name} {number}")).collect()
}

fn enrolled() -> AccountFactorsEvent {
    enroll_totp(id(2), "sealed".to_owned())
}

fn activated() -> AccountFactorsEvent {
    activate_totp(id(2), 100, hashes("first"))
}

fn passkey(number: u8, recovery_code_hashes: Vec<String>) -> AccountFactorsEvent {
    add_passkey(AddPasskey {
        account_id: id(2),
        id: id(number),
        name: PasskeyName { name: "Ada's phone".to_owned() },
        credential: PasskeyCredential {
            id: format!("credential {number}"),
            public_key: "key".to_owned(),
            transports: vec!["internal".to_owned()],
            backup_eligible: false,
        },
        sign_count: 5,
        recovery_code_hashes,
    })
}

fn folded(events: impl IntoIterator<Item = AccountFactorsEvent>) -> AccountFactors {
    let at = EventMeta { at: START };
    events.into_iter().fold(None, |state, event| AccountFactors::apply(state, &event, at)).unwrap()
}

#[test]
fn an_app_protects_the_account_once_it_is_activated() {
    let waiting = folded([enrolled()]);
    assert!(!waiting.is_required_at_login() && waiting.methods().is_empty());
    let enrollment = waiting.enrolled_totp.unwrap();
    assert!(enrollment.can_be_activated(START.plus_seconds(3600)));
    assert!(!enrollment.can_be_activated(START.plus_seconds(3601)));
    let active = folded([enrolled(), activated()]);
    assert!(active.is_required_at_login() && active.enrolled_totp.is_none());
    assert_eq!(active.methods(), [FactorMethod::Totp, FactorMethod::RecoveryCode]);
    // An activation without an enrollment changes nothing.
    assert_eq!(folded([enrolled(), activated(), activated()]), active);
}

#[test]
fn only_codes_of_later_steps_are_accepted() {
    let active = folded([enrolled(), activated()]);
    assert_eq!(accept_totp_code(&active, 99), None);
    assert_eq!(accept_totp_code(&active, 100), None);
    let accepted = accept_totp_code(&active, 101).unwrap();
    let after = folded([enrolled(), activated(), accepted]);
    assert_eq!(accept_totp_code(&after, 101), None);
    assert!(accept_totp_code(&after, 102).is_some());
    assert_eq!(accept_totp_code(&folded([enrolled()]), 101), None);
}

#[test]
fn a_recovery_code_works_once_and_new_codes_replace_all() {
    let active = folded([enrolled(), activated()]);
    let used = use_recovery_code(&active, "first 3").unwrap();
    assert_eq!(used.encode().data["remaining"], 9);
    let after = folded([enrolled(), activated(), used.clone()]);
    assert_eq!(use_recovery_code(&after, "first 3"), None);
    assert_eq!(use_recovery_code(&after, "second 0"), None);
    let generated = generate_recovery_codes(&after, hashes("second")).unwrap();
    let replaced = folded([enrolled(), activated(), used, generated]);
    assert_eq!(replaced.recovery_code_hashes, hashes("second"));
    assert_eq!(generate_recovery_codes(&folded([enrolled()]), hashes("none")), None);
}

#[test]
fn the_last_factor_takes_the_recovery_codes_along() {
    let both = [enrolled(), activated(), passkey(1, Vec::new())];
    let state = folded(both.clone());
    assert_eq!(state.recovery_code_hashes, hashes("first"));
    let disabled = disable_totp(&state).unwrap();
    let with_passkey = folded(both.iter().cloned().chain([disabled.clone()]));
    assert_eq!(with_passkey.methods(), [FactorMethod::Passkey, FactorMethod::RecoveryCode]);
    assert_eq!(disable_totp(&with_passkey), None);
    let removed = remove_passkey(&with_passkey, id(1)).unwrap();
    let nothing = folded(both.into_iter().chain([disabled, removed]));
    assert!(!nothing.is_required_at_login() && nothing.recovery_code_hashes.is_empty());
    assert_eq!(nothing.removed_passkeys, [id(1)]);
    assert_eq!(remove_passkey(&nothing, id(1)), None);
}

#[test]
fn a_count_of_signatures_must_grow_unless_it_never_did() {
    let state = folded([passkey(1, hashes("first"))]);
    let held = state.passkey(id(1)).unwrap();
    for (count, accepted) in [(6, true), (u32::MAX, true), (5, false), (0, false)] {
        let event = use_passkey(&state, held, count);
        assert_eq!(matches!(event, AccountFactorsEvent::PasskeyUsed(_)), accepted, "{count}");
        let after = folded([passkey(1, hashes("first")), event]);
        assert_eq!(after.passkey(id(1)).unwrap().sign_count, if accepted { count } else { 5 });
        assert_eq!(after.passkey(id(1)).unwrap().last_used_at.is_some(), accepted);
    }
    let mut silent = held.clone();
    silent.sign_count = 0;
    assert!(silent.accepts_count(0) && silent.accepts_count(1));
}

#[test]
fn names_of_passkeys_are_lines_and_sealed() {
    assert_eq!(check_passkey_name("  Ada's phone ").unwrap().name, "Ada's phone");
    for wrong in ["", " ", "two\nlines", &"x".repeat(101)] {
        assert_eq!(check_passkey_name(wrong).unwrap_err().0[0].field, "name");
    }
    let event = passkey(1, Vec::new()).encode();
    assert!(!event.data.to_string().contains("Ada"));
    assert_eq!(event.personal.len(), 1);
}

#[test]
fn what_tests_a_stolen_secret_is_a_secret_fact() {
    let active = folded([enrolled(), activated()]);
    for (event, secret) in [
        (enrolled(), "totp_secret"),
        (activated(), "recovery_code_hashes"),
        (use_recovery_code(&active, "first 0").unwrap(), "recovery_code_hash"),
        (passkey(1, Vec::new()), "passkey_credential"),
    ] {
        assert!(SECRET_FACTS.contains(&secret) && event.encode().data.get(secret).is_some(), "{secret}");
    }
}

#[test]
fn a_challenge_ends_by_time_by_its_answer_and_by_five_wrong_ones() {
    let at = EventMeta { at: START };
    let opened = challenge_sign_in(id(3), id(2), "hash".to_owned(), None);
    let challenge = SignInChallenge::apply(None, &opened, at).unwrap();
    assert!(challenge.is_open(START.plus_seconds(299)) && !challenge.is_open(START.plus_seconds(300)));
    let answered = verify_second_factor(&challenge, FactorMethod::Totp);
    assert!(!SignInChallenge::apply(Some(challenge.clone()), &answered, at).unwrap().is_open(START));
    let mut guessed = challenge;
    for wrong in 1..=MOST_WRONG_ANSWERS {
        let refused = refuse_second_factor(&guessed, FactorMethod::Totp, "unknown".to_owned());
        guessed = SignInChallenge::apply(Some(guessed), &refused, at).unwrap();
        assert_eq!(guessed.is_open(START), wrong < 5);
    }
    assert!(guessed.expires_at().unwrap() > START.plus_seconds(300));
}
