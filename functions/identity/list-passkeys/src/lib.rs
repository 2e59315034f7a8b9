//! `GET /v1/auth/passkeys`: the passkeys of the caller, which are few and fit on one page.

use application_identity as identity;
use contracts::list::List;
use domain::authority::{Authority, UseAccount};
use edge::{ReadLimit, Request, Response, Route, RouteFuture};
use ports::Store;
use std::sync::Arc;

/// The handler and its ports.
pub struct ListPasskeys {
    /// Loads aggregates.
    pub store: Arc<dyn Store>,
}

impl Route for ListPasskeys {
    type Permission = UseAccount;
    type Limit = ReadLimit;

    fn handle<'a>(&'a self, _: &'a Request, authority: Authority<UseAccount>) -> RouteFuture<'a> {
        Ok(Box::pin(async move {
            let passkeys = identity::list_passkeys(self.store.as_ref(), &authority).await?;
            let data = passkeys.iter().map(presentation::passkey).collect();
            Response::json(200, &List { data, next_cursor: None })
        }))
    }
}
