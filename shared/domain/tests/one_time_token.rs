//! Tokens that people get by e-mail.

use crate::support::{START, id};
use domain::identity::{
    IssueOneTimeToken, MailLanguage, OneTimeToken, OneTimeTokenEvent, OneTimeTokenPurpose, TokenUnusable,
    issue_one_time_token, use_one_time_token,
};
use domain::{Aggregate, EventMeta};
use testkit::given_nothing;

fn issued(purpose: OneTimeTokenPurpose) -> OneTimeTokenEvent {
    issue_one_time_token(IssueOneTimeToken {
        id: id(1),
        purpose,
        account_id: id(2),
        secret_hash: "secret".to_owned(),
        address_hash: "address".to_owned(),
        language: MailLanguage::German,
        at: START,
    })
}

fn token(purpose: OneTimeTokenPurpose) -> OneTimeToken {
    given_nothing::<OneTimeToken>().when(|_| issued(purpose)).then([issued(purpose)]).unwrap()
}

#[test]
fn a_token_lives_thirty_minutes_and_an_invitation_seven_days() {
    for (purpose, seconds) in [
        (OneTimeTokenPurpose::EmailVerification, 1800),
        (OneTimeTokenPurpose::PasswordReset, 1800),
        (OneTimeTokenPurpose::Invitation, 604_800),
    ] {
        let token = token(purpose);
        let decide = |at| use_one_time_token(&token, purpose, "address", at);
        assert!(decide(START.plus_seconds(seconds - 1)).is_ok(), "{purpose:?}");
        assert_eq!(decide(START.plus_seconds(seconds)).unwrap_err(), TokenUnusable::Expired);
    }
}

#[test]
fn a_token_is_for_one_purpose_one_address_and_one_use() {
    let fresh = token(OneTimeTokenPurpose::PasswordReset);
    let decide = |token: &OneTimeToken, purpose, address| use_one_time_token(token, purpose, address, START);
    let reset = OneTimeTokenPurpose::PasswordReset;
    for other in [OneTimeTokenPurpose::EmailVerification, OneTimeTokenPurpose::Invitation] {
        assert_eq!(decide(&fresh, other, "address").unwrap_err(), TokenUnusable::Unknown);
    }
    assert_eq!(decide(&fresh, reset, "another address").unwrap_err(), TokenUnusable::OtherAddress);
    let used = decide(&fresh, reset, "address").unwrap();
    let used = OneTimeToken::apply(Some(fresh), &used, EventMeta { at: START }).unwrap();
    assert_eq!(used.used_at, Some(START));
    assert_eq!(decide(&used, reset, "address").unwrap_err(), TokenUnusable::Used);
}

#[test]
fn the_language_is_the_first_known_one_of_a_header() {
    for (header, language) in [
        ("", "en"),
        ("de", "de"),
        ("DE-at;q=0.9", "de"),
        ("fr-CH, fr;q=0.9, de;q=0.8, en;q=0.7", "de"),
        ("fr, *;q=0.1", "en"),
        (",;-,,", "en"),
    ] {
        assert_eq!(MailLanguage::preferred(header).as_str(), language, "{header}");
    }
}
