//! An event of every kind of second factors and of the challenges of sign-ins.

use super::written::{PERSONAL, SECRET, applied, at};
use domain::id::{AccountTag, PasskeyTag, SignInChallengeTag, new_id};
use domain::identity::{
    AccountFactors, AddPasskey, FactorMethod, PasskeyCredential, PasskeyName, SessionDevice, SignInChallenge,
    accept_totp_code, activate_totp, add_passkey, challenge_sign_in, disable_totp, enroll_totp,
    generate_recovery_codes, refuse_second_factor, remove_passkey, use_passkey, use_recovery_code,
    verify_second_factor,
};
use domain::{DomainEvent, EncodedEvent};

fn hashes() -> Vec<String> {
    vec![SECRET.to_owned(); 10]
}

pub(super) fn factor_events() -> Vec<EncodedEvent> {
    let account = new_id::<AccountTag>(at(), &[2; 10]);
    let passkey = new_id::<PasskeyTag>(at(), &[7; 10]);
    let mut events = Vec::new();
    let mut factors: Option<AccountFactors> = None;
    let mut record = |event: domain::identity::AccountFactorsEvent| {
        events.push(event.encode());
        let after = applied(factors.take(), &event);
        factors = Some(after.clone());
        after
    };
    record(enroll_totp(account, SECRET.to_owned()));
    let with_totp = record(activate_totp(account, 58_790_539, hashes()));
    record(accept_totp_code(&with_totp, 58_790_540).unwrap());
    record(use_recovery_code(&with_totp, SECRET).unwrap());
    record(generate_recovery_codes(&with_totp, hashes()).unwrap());
    let with_passkey = record(add_passkey(AddPasskey {
        account_id: account,
        id: passkey,
        name: PasskeyName { name: PERSONAL.to_owned() },
        credential: PasskeyCredential {
            id: SECRET.to_owned(),
            public_key: SECRET.to_owned(),
            transports: vec!["internal".to_owned()],
            backup_eligible: true,
        },
        sign_count: 7,
        recovery_code_hashes: hashes(),
    }));
    let held = with_passkey.passkey(passkey).unwrap();
    record(use_passkey(&with_passkey, held, 8));
    record(use_passkey(&with_passkey, held, 7));
    record(enroll_totp(account, SECRET.to_owned()));
    record(disable_totp(&with_passkey).unwrap());
    record(remove_passkey(&with_passkey, passkey).unwrap());
    events
}

pub(super) fn challenge_events() -> Vec<EncodedEvent> {
    let id = new_id::<SignInChallengeTag>(at(), &[8; 10]);
    let account = new_id::<AccountTag>(at(), &[2; 10]);
    let device = Some(SessionDevice { name: PERSONAL.to_owned(), ip_country: Some(PERSONAL.to_owned()) });
    let opened = challenge_sign_in(id, account, SECRET.to_owned(), device);
    let challenge: SignInChallenge = applied(None, &opened);
    let mut events = vec![opened.encode()];
    for method in [FactorMethod::Totp, FactorMethod::Passkey, FactorMethod::RecoveryCode] {
        events.push(refuse_second_factor(&challenge, method, "203.0.113.0/24".to_owned()).encode());
        events.push(verify_second_factor(&challenge, method).encode());
    }
    events
}
