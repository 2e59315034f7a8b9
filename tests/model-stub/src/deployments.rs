//! The part of Bedrock's control plane that handles deployments of trained models, each once for a name. A deployment is
//! being made until a test says how that ends (`PUT /_deployments/{name}`). Once it is active, Converse takes its ARN.

use std::collections::BTreeMap;

use hyper::{Method, Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::customization::{ACCOUNT, Answer, Jobs, base_model, conflict, is_name, name, unknown};
use crate::cut::ResponseBody;
use crate::failure::Failure;
use crate::server::{Shared, failed, json_response};

const DEPLOYMENTS: &str = "/model-customization/custom-model-deployments";
const CONTROL: &str = "/_deployments";
const KIND: &str = ":custom-model-deployment/";
/// The characters of a deployment's own id.
const ID_LENGTH: usize = 12;

/// A deployment: the request that created it, and its status.
#[derive(Debug, Clone)]
pub(crate) struct Deployment {
    request: Value,
    status: String,
}

/// Deployments by name.
pub(crate) type Deployments = BTreeMap<String, Deployment>;

/// How the making of a deployment ends.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    status: String,
}

/// Whether a path belongs to this service.
pub(crate) fn is_deployment(path: &str) -> bool {
    path.starts_with(DEPLOYMENTS) || path.starts_with(CONTROL)
}

/// Answers a call.
pub(crate) fn call(shared: &Shared, method: &Method, path: &str, body: &[u8]) -> Response<ResponseBody> {
    let jobs = shared.jobs().clone();
    let mut deployments = shared.deployments();
    let answer = match (method, path.strip_prefix(DEPLOYMENTS), path.strip_prefix(CONTROL)) {
        (&Method::GET, None, Some("")) => Ok((StatusCode::OK, listed(&deployments))),
        (&Method::PUT, None, Some(rest)) => end(&mut deployments, rest, body),
        (&Method::POST, Some(""), _) => create(&jobs, &mut deployments, body),
        (&Method::GET, Some(rest), _) => look(&deployments, rest),
        (&Method::DELETE, Some(rest), _) => delete(&mut deployments, rest),
        _ => Err(unknown(path)),
    };
    match answer {
        Ok((status, body)) => json_response(status, &body),
        Err(failure) => failed(&failure),
    }
}

/// The base model behind a model id: that of the deployment for its ARN, otherwise the id itself. A deployment that is not
/// active can't be asked.
pub(crate) fn base_of(shared: &Shared, model_id: &str) -> Result<String, Failure> {
    if !model_id.contains(KIND) {
        return Ok(model_id.to_owned());
    }
    let jobs = shared.jobs().clone();
    let deployments = shared.deployments();
    let found =
        deployments.iter().find(|(name, deployment)| arn(name) == model_id && deployment.status == "Active");
    let base = found.and_then(|(_, deployment)| base_model(&jobs, text(&deployment.request, "modelArn")));
    base.ok_or_else(|| {
        Failure::of_status(404, "The provided custom model deployment is not found or not active.")
    })
}

/// Whether a deployment uses the model with this name.
pub(crate) fn uses(deployments: &Deployments, model: &str) -> bool {
    deployments.values().any(|deployment| name(text(&deployment.request, "modelArn")) == model)
}

fn text<'a>(request: &'a Value, field: &str) -> &'a str {
    request.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn none() -> Failure {
    Failure::of_status(404, "The provided custom model deployment does not exist.")
}

/// Letters and digits of the name, from its end, stand for the service's own id.
fn arn(name: &str) -> String {
    let id: Vec<char> = name.chars().rev().filter(char::is_ascii_alphanumeric).take(ID_LENGTH).collect();
    let id: String = id.into_iter().rev().collect();
    format!("{ACCOUNT}{KIND}{id:0>ID_LENGTH$}")
}

/// The key of the deployment that a path names, by its name or by its ARN.
fn key(deployments: &Deployments, rest: &str) -> Option<String> {
    let named = name(rest);
    let is = |known: &&String| **known == named || name(&arn(known)) == named;
    deployments.keys().find(is).cloned()
}

fn listed(deployments: &Deployments) -> Value {
    let all = deployments.values().map(|it| json!({"request": it.request, "status": it.status}));
    json!({ "deployments": all.collect::<Vec<_>>() })
}

fn create(jobs: &Jobs, deployments: &mut Deployments, body: &[u8]) -> Answer {
    let request: Value =
        serde_json::from_slice(body).map_err(|_| Failure::validation("The request is not JSON."))?;
    let deployment_name = text(&request, "modelDeploymentName").to_owned();
    if !is_name(&deployment_name) || text(&request, "modelArn").is_empty() {
        return Err(Failure::validation("1 validation error detected."));
    }
    if base_model(jobs, text(&request, "modelArn")).is_none() {
        return Err(Failure::of_status(404, "The provided model does not exist."));
    }
    match deployments.get(&deployment_name) {
        Some(known) if known.request.get("clientRequestToken") == request.get("clientRequestToken") => {}
        Some(_) => return Err(conflict("The deployment name is in use.")),
        None => {
            let deployment = Deployment { request, status: "Creating".to_owned() };
            deployments.insert(deployment_name.clone(), deployment);
        }
    }
    Ok((StatusCode::ACCEPTED, json!({ "customModelDeploymentArn": arn(&deployment_name) })))
}

fn look(deployments: &Deployments, rest: &str) -> Answer {
    let name = key(deployments, rest).ok_or_else(none)?;
    let deployment = deployments.get(&name).ok_or_else(none)?;
    Ok((
        StatusCode::OK,
        json!({
            "customModelDeploymentArn": arn(&name),
            "modelDeploymentName": name,
            "modelArn": text(&deployment.request, "modelArn"),
            "createdAt": "2026-01-01T00:00:00Z",
            "status": deployment.status,
        }),
    ))
}

fn delete(deployments: &mut Deployments, rest: &str) -> Answer {
    let name = key(deployments, rest).ok_or_else(none)?;
    if deployments.get(&name).is_some_and(|deployment| deployment.status == "Creating") {
        return Err(conflict("The deployment is being created."));
    }
    deployments.remove(&name);
    Ok((StatusCode::OK, json!({})))
}

fn end(deployments: &mut Deployments, rest: &str, body: &[u8]) -> Answer {
    let end: End = serde_json::from_slice(body)
        .map_err(|error| Failure::validation(format!("not an end of a deployment: {error}")))?;
    let deployment = deployments.get_mut(&name(rest)).ok_or_else(none)?;
    deployment.status = end.status;
    Ok((StatusCode::OK, json!({})))
}
