//! `GET /v1/api-keys`: the organization's API keys, newest first, without their secrets.

use application_tenancy as tenancy;
use contracts::list::List;
use domain::authority::ManageApiKeys;
use edge::cursor::CursorCodec;
use edge::{Handler, Problem, Request, Response};
use ports::{BoxFuture, KeyUses, Limiter, Store};
use std::sync::Arc;

/// The handler and its ports.
pub struct ListApiKeys {
    /// Loads and commits aggregates.
    pub store: Arc<dyn Store>,
    /// The last uses of keys.
    pub key_uses: Arc<dyn KeyUses>,
    /// Counts requests.
    pub limiter: Arc<dyn Limiter>,
    /// Signs and verifies cursors.
    pub cursors: CursorCodec,
}

impl Handler for ListApiKeys {
    fn handle<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Problem>> {
        Box::pin(async move {
            let (store, context, caller) = (self.store.as_ref(), request.context(), request.caller()?);
            let authority = application_core::authorize::<ManageApiKeys>(store, &context, &caller).await?;
            let mut parameters = request.parameters(&["limit", "cursor"]);
            let page = parameters.page();
            parameters.finish()?;
            let fingerprint = request.list_fingerprint();
            let after =
                page.cursor.map(|cursor| self.cursors.open(cursor, &caller, &fingerprint)).transpose()?;
            let kept = (store, self.key_uses.as_ref());
            let page = (page.limit, after);
            let (found, decision) =
                tenancy::list_api_keys(kept, self.limiter.as_ref(), &context, &authority, page).await?;
            let listed = found.items.iter();
            let body = List {
                data: listed.map(|key| presentation::api_key(&key.record, key.last_used_at)).collect(),
                next_cursor: found.next.map(|next| self.cursors.seal(&next, &caller, &fingerprint)),
            };
            Ok(Response::json(200, &body)?.with_rate_limit(decision))
        })
    }
}
