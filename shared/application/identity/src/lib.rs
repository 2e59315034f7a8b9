//! Registration, sign-in, sessions, profile, and the verification of bearer tokens.

mod access_token;
mod authenticate;
mod get_profile;
mod login;
mod logout;
mod password;
mod recent_refusals;
mod refresh_session;
mod refresh_token;
mod register_account;

pub use access_token::{ACCESS_TOKEN_SECONDS, Issuer, SessionTokens};
pub use authenticate::{Authenticate, authenticate};
pub use get_profile::{Profile, get_profile};
pub use login::{Credentials, Login, login};
pub use logout::logout;
pub use recent_refusals::RecentRefusals;
pub use refresh_session::{RefreshSession, refresh_session};
pub use register_account::{RegisterAccount, Registered, Registration, check_registration, register_account};
