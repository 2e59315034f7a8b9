//! Deployments of trained models for requests on demand. A deployment has the name of the fine-tune, and so has the
//! request token.

use crate::failure::{code, failed, incomplete, not_ready, unbuildable};
use crate::trainer::tags;
use aws_sdk_bedrock::Client;
use aws_sdk_bedrock::types::{CustomModelDeploymentStatus as Status, ModelStatus};
use ports::{DeploymentState, JobName, ModelDeployment, ProviderJobError};

const NOT_FOUND: &str = "ResourceNotFoundException";
const GET_MODEL: &str = "GetCustomModel";
const CREATE: &str = "CreateCustomModelDeployment";
const GET: &str = "GetCustomModelDeployment";
const DELETE: &str = "DeleteCustomModelDeployment";

/// Deploys a model unless a deployment has the name. A model that is not ready yet is waited for: asking for its
/// deployment would be a request that is wrong.
pub(crate) async fn create(client: &Client, deployment: &ModelDeployment) -> Result<(), ProviderJobError> {
    let name = deployment.name.as_str();
    let model = client.get_custom_model().model_identifier(&deployment.model).send().await;
    let model = match model {
        Ok(model) => model,
        // A model that is gone does not come back.
        Err(error) if code(&error) == Some(NOT_FOUND) => {
            return Err(ProviderJobError::Refused(NOT_FOUND.to_owned()));
        }
        Err(error) => return Err(failed(GET_MODEL, error)),
    };
    if model.model_status() == Some(&ModelStatus::Creating) {
        return Err(not_ready(GET_MODEL));
    }
    let tags = tags(deployment.tenant, name).map_err(|error| unbuildable(CREATE, error))?;
    let answer = client
        .create_custom_model_deployment()
        .model_deployment_name(name)
        .model_arn(&deployment.model)
        .client_request_token(name)
        .set_tags(Some(tags))
        .send()
        .await;
    match answer {
        Ok(_) => Ok(()),
        // The service forgets request tokens, but not names. One with this name is this fine-tune's.
        Err(error) if matches!(code(&error), Some("ConflictException" | "ValidationException")) => {
            match read(client, &deployment.name).await {
                Ok(Some(_)) => Ok(()),
                _ => Err(failed(CREATE, error)),
            }
        }
        Err(error) => Err(failed(CREATE, error)),
    }
}

/// The state of a deployment.
pub(crate) async fn read(
    client: &Client,
    name: &JobName,
) -> Result<Option<DeploymentState>, ProviderJobError> {
    let asked = client.get_custom_model_deployment().custom_model_deployment_identifier(name.as_str());
    let deployment = match asked.send().await {
        Ok(deployment) => deployment,
        Err(error) if code(&error) == Some(NOT_FOUND) => return Ok(None),
        Err(error) => return Err(failed(GET, error)),
    };
    Ok(Some(match deployment.status {
        Status::Active if deployment.custom_model_deployment_arn.is_empty() => return Err(incomplete(GET)),
        Status::Active => DeploymentState::Active(deployment.custom_model_deployment_arn),
        // The failure message may name resources, so it is not read.
        Status::Failed => DeploymentState::Failed,
        // An unknown status is not an end.
        _ => DeploymentState::Creating,
    }))
}

/// Deletes a deployment.
pub(crate) async fn delete(client: &Client, name: &JobName) -> Result<(), ProviderJobError> {
    let asked = client.delete_custom_model_deployment().custom_model_deployment_identifier(name.as_str());
    match asked.send().await {
        Ok(_) => Ok(()),
        Err(error) if code(&error) == Some(NOT_FOUND) => Ok(()),
        Err(error) => Err(failed(DELETE, error)),
    }
}
