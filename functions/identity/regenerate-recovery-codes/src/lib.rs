//! `POST /v1/auth/mfa/recovery-codes`: new recovery codes in the place of all earlier ones.

use application_core::CurrentVersion;
use application_identity as identity;
use contracts::second_factors::RecoveryCodes;
use domain::authority::{Authority, UseAccount};
use edge::{Request, Response, Route, RouteFuture, Uncounted};
use ports::Store;
use std::sync::Arc;

/// The handler and its ports.
pub struct RegenerateRecoveryCodes {
    /// Loads and commits aggregates.
    pub store: Arc<dyn Store>,
}

impl Route for RegenerateRecoveryCodes {
    type Permission = UseAccount;
    type Limit = Uncounted;

    fn handle<'a>(&'a self, request: &'a Request, authority: Authority<UseAccount>) -> RouteFuture<'a> {
        request.precondition()?.check(CurrentVersion::Absent)?;
        let context = request.context();
        Ok(Box::pin(async move {
            let codes =
                identity::regenerate_recovery_codes(self.store.as_ref(), &context, &authority).await?;
            Response::json(200, &RecoveryCodes { recovery_codes: codes.0 })
        }))
    }
}
