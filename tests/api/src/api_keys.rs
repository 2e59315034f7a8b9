//! API keys that the real route creates and the real authorizer checks.

use crate::people::Person;
use crate::tree::sample;
use crate::world::World;
use application_identity::Authenticate;
use authorize_request::AuthorizeRequest;
use ports::{KeyUses, Store};
use serde_json::{Value, json};
use std::sync::Arc;

/// An API key with its id.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// `apikey_…`
    pub id: String,
    /// The key in full.
    pub text: String,
}

impl std::fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiKey").field("id", &self.id).finish_non_exhaustive()
    }
}

impl World {
    /// A new key of this administrator's organization.
    pub async fn api_key(&self, admin: &Person, scopes: &[&str]) -> ApiKey {
        let body = json!({"name": "CRM export", "scopes": scopes});
        let created = self.call("createApiKey").by(admin).json(&body).send().await.expect(201).json();
        let text = |name: &str| created[name].as_str().expect("a text").to_owned();
        ApiKey { id: text("id"), text: text("key") }
    }

    /// The answer of the authorizer to a bearer token: a policy, or the failure that becomes a 401 or a 500.
    pub async fn authorize(&self, token: &str) -> Result<Value, String> {
        self.authorize_in(token, Arc::clone(&self.parts.key_uses) as Arc<dyn KeyUses>).await
    }

    /// The same answer in a new process, which has no key cached.
    pub async fn authorize_cold(&self, token: &str) -> Result<Value, String> {
        self.authorize_in(token, Arc::new(self.environment().key_uses())).await
    }

    async fn authorize_in(&self, token: &str, key_uses: Arc<dyn KeyUses>) -> Result<Value, String> {
        let header = format!("Bearer {token}");
        self.ask_authorizer(&self.authorizer(key_uses), None, &[("Authorization", header.as_str())]).await
    }

    /// An authorizer, as one process has it.
    pub fn authorizer(&self, key_uses: Arc<dyn KeyUses>) -> AuthorizeRequest {
        let store = Arc::clone(self.store()) as Arc<dyn Store>;
        let verifier = Arc::new(self.tokens().verifier());
        AuthorizeRequest::new(Authenticate { verifier, store, key_uses })
    }

    /// The answer of an authorizer to a request of this route, or of that of the sample, with these headers.
    pub async fn ask_authorizer(
        &self,
        authorizer: &AuthorizeRequest,
        route: Option<&str>,
        headers: &[(&str, &str)],
    ) -> Result<Value, String> {
        let mut event = sample("identity", "authorize-request");
        if let Some(route) = route {
            event["resource"] = route.into();
        }
        for several in ["headers", "multiValueHeaders"] {
            event[several].as_object_mut().expect("headers").remove("Authorization");
        }
        for (name, value) in headers {
            event["headers"][*name] = (*value).into();
            event["multiValueHeaders"][*name] = json!([value]);
        }
        let policy = edge::authorizer::invoke(authorizer, event, self.now())
            .await
            .map_err(|error| error.to_string())?;
        let effect = policy["policyDocument"]["Statement"][0]["Effect"].as_str().expect("an effect");
        // The gateway answers a policy that denies with 401.
        if effect == "Deny" { Err(effect.to_owned()) } else { Ok(policy) }
    }
}
