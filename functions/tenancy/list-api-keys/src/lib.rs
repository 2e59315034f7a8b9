//! `GET /v1/api-keys`: the organization's API keys, newest first, without their secrets.

use application_tenancy as tenancy;
use domain::authority::{Authority, ManageApiKeys};
use edge::cursor::CursorCodec;
use edge::{ReadLimit, Request, Route, RouteFuture};
use ports::{KeyUses, Store};
use std::sync::Arc;

/// The handler and its ports.
pub struct ListApiKeys {
    /// Loads and commits aggregates.
    pub store: Arc<dyn Store>,
    /// The last uses of keys.
    pub key_uses: Arc<dyn KeyUses>,
    /// Signs and verifies cursors.
    pub cursors: CursorCodec,
}

impl Route for ListApiKeys {
    type Permission = ManageApiKeys;
    type Limit = ReadLimit;

    fn handle<'a>(&'a self, request: &'a Request, authority: Authority<ManageApiKeys>) -> RouteFuture<'a> {
        let page = request.list_parameters(&[]).requested_page(&self.cursors, authority.caller())?;
        let context = request.context();
        Ok(Box::pin(async move {
            let kept = (self.store.as_ref(), self.key_uses.as_ref());
            let asked = page.limit_and_start();
            let found = tenancy::list_api_keys(kept, &context, &authority, asked).await?;
            page.answer(&found, |key| presentation::api_key(&key.record, key.last_used_at))
        }))
    }
}
