//! Accounts and their sessions.

mod account;
mod factors;
mod one_time_token;
mod password;
mod profile;
mod session;
mod sign_in_challenge;

pub use account::{
    Account, AccountEvent, PasswordHash, Person, RegisterAccount, change_password, register_account,
    rehash_password, verify_email,
};
pub use factors::{
    AccountFactors, AccountFactorsEvent, ActiveTotp, AddPasskey, ENROLLMENT_SECONDS, EnrolledTotp,
    FactorMethod, MOST_PASSKEYS, Passkey, PasskeyCredential, PasskeyName, RECOVERY_CODES, accept_totp_code,
    activate_totp, add_passkey, check_passkey_name, disable_totp, enroll_totp, generate_recovery_codes,
    remove_passkey, use_passkey, use_recovery_code,
};
pub use one_time_token::{
    IssueOneTimeToken, MailLanguage, OneTimeToken, OneTimeTokenEvent, OneTimeTokenPurpose, TokenUnusable,
    issue_one_time_token, use_one_time_token,
};
pub use password::{check_password, prepared_password};
pub use profile::{PersonProfile, Preferences, ProfileInput, Theme, check_profile, update_profile};
pub use session::{
    ABSOLUTE_SECONDS, AuthenticationMethod, GRACE_SECONDS, IDLE_SECONDS, RefreshDecision, RefreshRefused,
    RefreshToken, Revocation, Session, SessionDevice, SessionEvent, StartSession, refresh_session,
    revoke_session, start_session,
};
pub use sign_in_challenge::{
    CHALLENGE_SECONDS, MOST_WRONG_ANSWERS, SignInChallenge, SignInChallengeEvent, challenge_sign_in,
    refuse_second_factor, verify_second_factor,
};
