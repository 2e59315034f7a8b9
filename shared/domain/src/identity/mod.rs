//! Accounts and their sessions.

mod account;
mod session;

pub use account::{Account, AccountEvent, Person, RegisterAccount, check_password, register_account};
pub use session::{
    ABSOLUTE_SECONDS, GRACE_SECONDS, IDLE_SECONDS, Refresh, RefreshRefused, RefreshToken, Revocation,
    Session, SessionEvent, StartSession, refresh_session, revoke_session, start_session,
};
