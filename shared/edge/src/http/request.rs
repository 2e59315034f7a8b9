//! A request, as handlers see it. It must never offer a tenant or a role from another source than the authorizer's
//! claims.

use super::proxy_event::ProxyEvent;
use crate::{Invocation, Problem};
use application_core::Context;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::authority::{Caller, Credential, Scope, UnknownScope};
use domain::{InvalidFields, Timestamp};
use ports::Entropy;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Instant;

/// The value of the claim `role` for an API key, which has no role.
pub(crate) const API_KEY_ROLE: &str = "api_key";

/// The header in which CloudFront states the country of the viewer's network address.
const VIEWER_COUNTRY: &str = "CloudFront-Viewer-Country";

/// The scopes of a claim, separated by spaces.
struct Scopes(Vec<Scope>);

impl FromStr for Scopes {
    type Err = UnknownScope;
    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        text.split(' ').map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

/// A request.
pub struct Request {
    event: ProxyEvent,
    pub(super) query: BTreeMap<String, Vec<String>>,
    pub(super) body: Vec<u8>,
    correlation_id: String,
    invocation: Invocation,
}

impl Request {
    pub(super) fn new(
        mut event: ProxyEvent,
        invocation: &Invocation,
        correlation_id: &str,
    ) -> Result<Self, Problem> {
        let body = event.body.take().unwrap_or_default();
        let body = if event.is_base64_encoded() {
            STANDARD.decode(body).map_err(|_| Problem::invalid_request("The body is damaged."))?
        } else {
            body.into_bytes()
        };
        Ok(Self {
            query: event.query(),
            body,
            event,
            correlation_id: correlation_id.to_owned(),
            invocation: invocation.clone(),
        })
    }

    /// The HTTP method, in capitals.
    pub fn method(&self) -> &str {
        self.event.method()
    }

    /// The path, without the stage.
    pub fn path(&self) -> &str {
        &self.event.path
    }

    /// The path with the names of its parameters: `/v1/leads/{id}`.
    pub fn route(&self) -> &str {
        self.event.route()
    }

    /// The address of the API before the path, such as `https://api.example.com`, as the gateway says it.
    pub fn base_url(&self) -> String {
        self.event.base_url()
    }

    pub(super) fn event(&self) -> &ProxyEvent {
        &self.event
    }

    /// A path parameter as text.
    pub fn path_parameter(&self, name: &str) -> Option<&str> {
        self.event.path_parameters.as_ref()?.get(name).map(String::as_str)
    }

    /// The id in a path parameter. A text that is not an id can't be the id of an object, so it is answered like a
    /// missing object.
    pub fn id<T: FromStr>(&self, name: &str) -> Result<T, Problem> {
        self.path_parameter(name).and_then(|text| text.parse().ok()).ok_or_else(Problem::not_found)
    }

    /// A header's value; upper and lower case count as the same. The values of several lines are joined with commas, so
    /// that a list is whole (RFC 9110, section 5.3). A header that is not a list is read with [`Self::single_header`].
    pub fn header(&self, name: &str) -> Option<&str> {
        self.event.header(name)
    }

    /// The value of a header that can be sent once. 400 when the request has several lines of it.
    pub fn single_header(&self, name: &str) -> Result<Option<&str>, Problem> {
        if self.event.header_lines(name) > 1 {
            return Err(Problem::query(InvalidFields::one(name, "format", "must be sent once")));
        }
        Ok(self.event.header(name))
    }

    /// The body's bytes.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The address that the request came from; empty when it is unknown. Personal: hash it before it is stored.
    pub fn source_ip(&self) -> &str {
        self.event.source_ip()
    }

    /// The country of the network address, as CloudFront states it: two letters (ISO 3166-1 alpha-2). A client that reaches
    /// the API without CloudFront can send any country, so it may be shown to the person and must never decide anything.
    pub fn viewer_country(&self) -> Option<&str> {
        let is_country = |text: &&str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase());
        self.event.header(VIEWER_COUNTRY).filter(is_country)
    }

    /// The id of this request in the logs and in the answer.
    pub fn correlation_id(&self) -> &str {
        &self.correlation_id
    }

    /// When the request began. Everything that it does has this time.
    pub fn now(&self) -> Timestamp {
        self.invocation.now
    }

    /// When it must be answered; the handler is dropped then.
    pub fn deadline(&self) -> Instant {
        self.invocation.deadline
    }

    /// Randomness.
    pub fn entropy(&self) -> &Arc<dyn Entropy> {
        &self.invocation.entropy
    }

    /// The context for a use case.
    pub fn context(&self) -> Context {
        self.invocation.context(&self.correlation_id, None)
    }

    /// The caller: the only source of tenant, role and scopes. 401 when no authorizer let the request through, or when
    /// a claim is missing or malformed. Answers of the authorizer that the gateway kept from before a deployment may lack
    /// where the account is stored, which then is the organization, and when the person signed in, which then counts as
    /// long ago.
    pub fn caller(&self) -> Result<Caller, Problem> {
        let tenant = self.claim("org_id")?;
        let credential = if self.event.claim("role").as_deref() == Some(API_KEY_ROLE) {
            Credential::ApiKey { id: self.claim("key_id")?, scopes: self.claim::<Scopes>("scopes")?.0 }
        } else {
            let auth_time = self.optional_claim("auth_time", 0_i64)?;
            Credential::Session {
                id: self.claim("sid")?,
                role: self.claim("role")?,
                account_organization: self.optional_claim("account_org_id", tenant)?,
                authenticated_at: Timestamp::from_millis(auth_time.saturating_mul(1000)),
            }
        };
        Ok(Caller { tenant, account: self.claim("sub")?, credential })
    }

    fn optional_claim<T: FromStr>(&self, name: &'static str, absent: T) -> Result<T, Problem> {
        if self.event.claim(name).is_none() { Ok(absent) } else { self.claim(name) }
    }

    fn claim<T: FromStr>(&self, name: &'static str) -> Result<T, Problem> {
        self.event.claim(name).and_then(|text| text.parse().ok()).ok_or_else(|| {
            Problem::unauthenticated().with_source(format!("the claim {name} is missing or malformed"))
        })
    }
}

impl fmt::Debug for Request {
    /// Shows method and correlation id alone: everything else may be personal or secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method())
            .field("correlation_id", &self.correlation_id)
            .finish_non_exhaustive()
    }
}
