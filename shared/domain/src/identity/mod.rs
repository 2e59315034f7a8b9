//! Accounts and their sessions.

mod account;
mod password;
mod session;

pub use account::{Account, AccountEvent, Person, RegisterAccount, register_account};
pub use password::{check_password, prepared_password};
pub use session::{
    ABSOLUTE_SECONDS, GRACE_SECONDS, IDLE_SECONDS, RefreshDecision, RefreshRefused, RefreshToken, Revocation,
    Session, SessionEvent, StartSession, refresh_session, revoke_session, start_session,
};
