//! Registration, sign-in, second factors, sessions, profile, and the verification of bearer tokens.

mod access_token;
mod account_holder;
mod authenticate;
mod end_sessions;
mod failed_sign_in;
mod found_person;
mod get_profile;
mod list_sessions;
mod login;
mod logout;
mod open_session;
mod passkeys;
mod password;
mod recent_refusals;
mod refresh_session;
mod refresh_token;
mod register_account;
mod request_email_verification;
mod request_password_reset;
mod reset_password;
mod revoke_session;
mod second_factors;
mod send_mail;
mod update_profile;
mod verify_email;

pub use access_token::{ACCESS_TOKEN_SECONDS, Issuer, SessionTokens};
pub use authenticate::{Authenticate, authenticate};
pub use get_profile::{Profile, get_profile};
pub use list_sessions::{ListedSession, list_sessions};
pub use login::{Credentials, Login, LoginResult, login};
pub use logout::logout;
pub use passkeys::{
    CreatePasskey, CreatePasskeyOptions, CreatedPasskey, LoginWithPasskey, NewPasskey, PasskeyAssertion,
    PasskeyFault, PasskeyLogin, PasskeyLoginOptions, RelyingParty, create_passkey,
    create_passkey_login_options, create_passkey_options, delete_passkey, list_passkeys, login_with_passkey,
};
pub use recent_refusals::RecentRefusals;
pub use refresh_session::{RefreshSession, refresh_session};
pub use register_account::{RegisterAccount, Registered, Registration, check_registration, register_account};
pub use request_email_verification::{RequestEmailVerification, request_email_verification};
pub use request_password_reset::{ForgottenPassword, RequestPasswordReset, request_password_reset};
pub use reset_password::{NewPassword, ResetPassword, reset_password};
pub use revoke_session::{revoke_other_sessions, revoke_session};
pub use second_factors::{
    ActivateTotp, EnrollTotp, FactorAnswer, MfaAnswer, MfaChallenge, RecoveryCodes, TotpEnrollment,
    VerifyMfa, activate_totp, disable_totp, enroll_totp, regenerate_recovery_codes, totp_code, verify_mfa,
};
pub use send_mail::{MailCause, MailSubject, SendMail, send_mail};
pub use update_profile::{ProfileReplacement, update_profile};
pub use verify_email::{VerifyEmail, verify_email};
