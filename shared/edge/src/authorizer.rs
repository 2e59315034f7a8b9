//! The REQUEST authorizer of API Gateway (REST API): turns the `Authorization` header into claims and a policy. The
//! claims of a person and of an API key differ, and `Request::caller` reads both.
//!
//! The gateway keeps the answer by token, for any route, so the policy covers the whole stage; what a caller may do is
//! decided by the use cases. Why a token is refused must never be answered, and what a caller sends must never be a failure.
//!
//! Some routes also take the credential in `x-api-key`, where Anthropic's clients send it. API Gateway can't keep an answer
//! by one of two headers, so for these routes it asks each time. On all other routes the answer must depend on
//! `Authorization` alone, because the gateway keeps it by that header.

use crate::Invocation;
use crate::guard::{GuardFailure, guarded};
use crate::http::API_KEY_ROLE;
use crate::log::{self, InvocationResult, InvocationSummary, LogScope, chain};
use crate::runtime::{self, Build, Failure, Json, written};
use domain::Timestamp;
use domain::authority::{Caller, Credential};
use ports::{BoxFuture, TokenError};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Instant;

/// The gateway answers this failure with 500.
const UNAVAILABLE: Failure = Failure("Unavailable");
/// The caller with an invalid token, in the gateway's access log.
const NOBODY: &str = "nobody";

/// The header in which Anthropic's clients send an API key.
const API_KEY_HEADER: &str = "x-api-key";

/// A credential as it was sent: an access token or an API key.
#[derive(Clone, Copy)]
pub struct SentCredential<'a> {
    /// The text. It must never be logged.
    pub text: &'a str,
    /// Whether the gateway keeps the answer for a minute. If it does not, it asks for each request.
    pub is_answer_kept: bool,
}

/// Verifies access tokens and API keys.
pub trait Authorizer: Send + Sync {
    /// The caller whom a credential identifies at `now`.
    fn authorize<'a>(
        &'a self,
        credential: SentCredential<'a>,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Caller, TokenError>>;

    /// Whether this route, such as `/v1/leads/{id}`, takes a credential in `x-api-key`, too. The gateway must keep no
    /// answers for it.
    fn takes_api_key_header(&self, _route: &str) -> bool {
        false
    }
}

/// Runs an authorizer until its process is stopped.
pub fn run(function: &'static str, build: Build<dyn Authorizer>) -> ExitCode {
    runtime::run(function, build, |authorizer, event, invocation| {
        Box::pin(serve(authorizer, event, invocation))
    })
}

/// Answers an authorizer event in-process, in the way production does.
pub async fn invoke(authorizer: &dyn Authorizer, event: Value, now: Timestamp) -> Result<Value, Failure> {
    let invocation = Invocation::in_process(now);
    runtime::in_process(event, async |event| serve(authorizer, event, &invocation).await).await
}

/// The fields of the event that are used.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AuthorizerEvent {
    method_arn: String,
    resource: Option<String>,
    headers: Option<BTreeMap<String, String>>,
    request_context: Option<RequestContext>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext {
    request_id: Option<String>,
}

async fn serve(authorizer: &dyn Authorizer, event: Json, invocation: &Invocation) -> Result<Json, Failure> {
    let began = Instant::now();
    let event = serde_json::from_str::<AuthorizerEvent>(event.get());
    let correlation_id = event
        .as_ref()
        .ok()
        .and_then(|event| event.request_context.as_ref()?.request_id.clone())
        .unwrap_or_else(|| invocation.request_id.clone());
    let scope = LogScope {
        function: invocation.function,
        correlation_id,
        trace_id: invocation.trace_id.clone(),
        ..LogScope::default()
    };
    log::scoped(scope, async {
        let (result, verdict, error) = match event {
            Ok(event) => judge(authorizer, &event, invocation).await,
            Err(error) => (Err(UNAVAILABLE), InvocationResult::Failed, Some(chain(&error))),
        };
        InvocationSummary { invocation, verdict, duration: began.elapsed(), error, fields: Vec::new() }
            .write();
        result
    })
    .await
}

type Judgement = (Result<Json, Failure>, InvocationResult, Option<String>);

async fn judge(authorizer: &dyn Authorizer, event: &AuthorizerEvent, invocation: &Invocation) -> Judgement {
    let Some(resource) = whole_stage(&event.method_arn) else {
        return (
            Err(UNAVAILABLE),
            InvocationResult::Failed,
            Some("the method's ARN is malformed".to_owned()),
        );
    };
    let denied = |reason: String| (written(&refusal(&resource)), InvocationResult::Denied, Some(reason));
    let route = event.resource.as_deref().unwrap_or_default();
    let credential = match sent_credential(event, authorizer.takes_api_key_header(route)) {
        Ok(credential) => credential,
        Err(reason) => return denied(reason.to_owned()),
    };
    match guarded(invocation.deadline, authorizer.authorize(credential, invocation.now)).await {
        Ok(Ok(caller)) => (written(&policy(&caller, &resource)), InvocationResult::Done, None),
        Ok(Err(error @ TokenError::Invalid(_))) => denied(chain(&error)),
        Ok(Err(error @ (TokenError::Unavailable(_) | TokenError::Store(_)))) => {
            (Err(UNAVAILABLE), InvocationResult::Failed, Some(chain(&error)))
        }
        Err(GuardFailure::TimedOut) => {
            (Err(UNAVAILABLE), InvocationResult::Failed, Some("not done in time".to_owned()))
        }
        Err(GuardFailure::Panicked(at)) => {
            (Err(UNAVAILABLE), InvocationResult::Failed, Some(format!("panicked at {at}")))
        }
    }
}

/// The credential of a request, or the reason why it has none that counts. With two different ones it is not clear who
/// the caller is.
fn sent_credential(
    event: &AuthorizerEvent,
    takes_api_key_header: bool,
) -> Result<SentCredential<'_>, &'static str> {
    let authorization = event.header("Authorization");
    let api_key = event.header(API_KEY_HEADER).filter(|_| takes_api_key_header);
    let text = match (authorization, api_key) {
        (Some(value), None) => bearer(value).ok_or("no bearer token")?,
        (None, Some(key)) if is_visible(key) => key,
        (None, _) => return Err("no credential"),
        (Some(value), Some(key)) => {
            bearer(value).filter(|token| *token == key).ok_or("two different credentials")?
        }
    };
    Ok(SentCredential { text, is_answer_kept: !takes_api_key_header })
}

/// The token of `Authorization: Bearer <token>` (RFC 6750, section 2.1).
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("Bearer") && is_visible(token)).then_some(token)
}

fn is_visible(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

impl AuthorizerEvent {
    /// A header's value without white space at its edges; an empty one counts as absent.
    fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter().flatten();
        let (_, value) = headers.find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(value.trim()).filter(|value| !value.is_empty())
    }
}

/// `arn:aws:execute-api:<region>:<account>:<api>/<stage>/GET/v1/leads` to `arn:…:<api>/<stage>/*/*`.
fn whole_stage(method_arn: &str) -> Option<String> {
    let mut parts = method_arn.splitn(3, '/');
    let (api, stage) = (parts.next()?, parts.next()?);
    parts.next()?;
    Some(format!("{api}/{stage}/*/*"))
}

/// The answer for the gateway: the caller's name, a policy and the claims, which reach functions as text.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AuthorizerAnswer<'a> {
    /// The id of an account or an API key; it is in the gateway's access log.
    principal_id: String,
    policy_document: PolicyDocument<'a>,
    /// `None` for a caller who is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<Identity>,
}

/// The claims about the caller. The gateway stores them, so they contain nothing personal.
#[derive(Serialize)]
struct Identity {
    sub: String,
    org_id: String,
    role: &'static str,
    #[serde(flatten)]
    credential: Proof,
}

/// Claims that only a person has, and claims that only an API key has.
#[derive(Serialize)]
#[serde(untagged)]
enum Proof {
    Session {
        sid: String,
        /// The organization where the account is stored.
        account_org_id: String,
        /// When the person proved their identity, in Unix seconds (OpenID Connect Core, section 2), as text like every value that
        /// the gateway passes on.
        auth_time: String,
    },
    ApiKey {
        key_id: String,
        /// Separated by spaces (RFC 6749, section 3.3).
        scopes: String,
    },
}

/// IAM's policy language.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PolicyDocument<'a> {
    version: &'static str,
    statement: [Statement<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statement<'a> {
    action: &'static str,
    effect: &'static str,
    resource: &'a str,
}

fn policy<'a>(caller: &Caller, resource: &'a str) -> AuthorizerAnswer<'a> {
    let (sub, org_id) = (caller.account.to_string(), caller.tenant.to_string());
    let (principal_id, role, credential) = match &caller.credential {
        Credential::Session { id, role, account_organization, authenticated_at } => {
            let proof = Proof::Session {
                sid: id.to_string(),
                account_org_id: account_organization.to_string(),
                auth_time: authenticated_at.seconds().to_string(),
            };
            (sub.clone(), role.as_str(), proof)
        }
        Credential::ApiKey { id, scopes } => {
            let scopes: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
            let proof = Proof::ApiKey { key_id: id.to_string(), scopes: scopes.join(" ") };
            (id.to_string(), API_KEY_ROLE, proof)
        }
    };
    let context = Some(Identity { sub, org_id, role, credential });
    AuthorizerAnswer { principal_id, policy_document: over("Allow", resource), context }
}

/// A policy that denies everything. The gateway answers it with its response ACCESS_DENIED, which says `invalid_token`,
/// and caches it like a policy that allows. A request without `Authorization` does not reach this function: the gateway
/// answers UNAUTHORIZED by itself. If this function failed with the text that causes UNAUTHORIZED, Lambda would count
/// an error of the function, and any caller could trigger its alarm and roll back a deployment.
fn refusal(resource: &str) -> AuthorizerAnswer<'_> {
    AuthorizerAnswer {
        principal_id: NOBODY.to_owned(),
        policy_document: over("Deny", resource),
        context: None,
    }
}

fn over<'a>(effect: &'static str, resource: &'a str) -> PolicyDocument<'a> {
    let statement = Statement { action: "execute-api:Invoke", effect, resource };
    PolicyDocument { version: "2012-10-17", statement: [statement] }
}
