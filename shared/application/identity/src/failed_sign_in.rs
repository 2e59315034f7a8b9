//! Records failed sign-ins for the audit log, within a limit, so that nobody can fill it.

use application_core::limits::{RECORDED_LOGIN_FAILURES, masked_network};
use application_core::repository::{Actor, PendingChange};
use application_core::{Context, Error};
use domain::AggregateType;
use domain::audit::{FailedLogin, LoginAttempt, fail_login};
use domain::id::{LoginTag, no_organization};
use domain::identity::Account;
use ports::{AggregateKey, Limiter, Store};

/// A sign-in that failed.
pub(crate) struct FailedSignIn<'a> {
    /// The account, if there is one.
    pub(crate) account: Option<&'a Account>,
    /// SHA-256 of what the caller named: an address, or the identifier of a passkey. Recorded without an account.
    pub(crate) name_hash: &'a str,
    /// The network address of the caller.
    pub(crate) source_address: &'a str,
}

/// Records a failed sign-in: one write, whether or not the address has an account. If it fails, that is logged and the
/// answer stays the same. Beyond a limit it is only logged.
pub(crate) async fn record_failed_sign_in(
    store: &dyn Store,
    limiter: &dyn Limiter,
    context: &Context,
    failed: &FailedSignIn<'_>,
) {
    let written = async {
        let tenant = failed.account.map_or_else(no_organization, |account| account.organization_id);
        let who = tenant.to_string();
        if !limiter.take(RECORDED_LOGIN_FAILURES, &who, context.now).await?.allowed {
            tracing::warn!("too many failed logins to record this one in the audit log");
            return Ok::<(), Error>(());
        }
        let key = AggregateKey::new(tenant, AggregateType::FailedLogin, &context.new_id::<LoginTag>()?);
        let event = fail_login(LoginAttempt {
            account_id: failed.account.map(|account| account.id),
            email_hash: failed.account.is_none().then(|| failed.name_hash.to_owned()),
            network: masked_network(failed.source_address),
        });
        let pending = PendingChange::<FailedLogin>::create(key, [], &event, context, &Actor::anonymous())?;
        pending.commit(store).await.map(drop)
    };
    if let Err(error) = written.await {
        tracing::error!(error = &error as &dyn std::error::Error, "a failed sign-in was not recorded");
    }
}
