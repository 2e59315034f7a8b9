//! `POST /v1/api-keys`: creates an API key of the organization, which is shown only in this answer.

use application_core::CurrentVersion;
use application_tenancy as tenancy;
use application_tenancy::{CreatedApiKey, NewApiKey};
use contracts::api_key::CreateApiKeyRequest;
use domain::authority::{Authority, ManageApiKeys};
use domain::tenancy::check_api_key;
use edge::{Request, Response, Route, RouteFuture, Uncounted};
use ports::{Limiter, Store};
use std::sync::Arc;

/// The handler and its ports.
pub struct CreateApiKey {
    /// Loads and commits aggregates.
    pub store: Arc<dyn Store>,
    /// Counts new keys.
    pub limiter: Arc<dyn Limiter>,
}

impl Route for CreateApiKey {
    type Permission = ManageApiKeys;
    type Limit = Uncounted;

    fn handle<'a>(&'a self, request: &'a Request, authority: Authority<ManageApiKeys>) -> RouteFuture<'a> {
        let body: CreateApiKeyRequest = request.json(|body: &CreateApiKeyRequest| {
            check_api_key(&body.name, &body.scopes, body.expires_in_days).map(drop)
        })?;
        request.precondition()?.check(CurrentVersion::Unversioned)?;
        let key = request.idempotency_key("createApiKey")?;
        let context = request.context();
        Ok(Box::pin(async move {
            let input =
                NewApiKey { name: &body.name, scopes: &body.scopes, expires_in_days: body.expires_in_days };
            let needs = (self.store.as_ref(), self.limiter.as_ref());
            let answer = tenancy::create_api_key(needs, &context, &authority, &input, key.as_ref()).await?;
            let CreatedApiKey { record, text } = answer.value;
            let body = presentation::created_api_key(&record.state, text);
            Ok(Response::json(201, &body)?.with_etag(record.version).replayed(answer.replayed))
        }))
    }
}
