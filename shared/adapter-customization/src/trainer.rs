//! Starts, reads and stops jobs, and deletes their models.

use crate::LIMITS;
use crate::deployments;
use crate::failure::{code, failed, incomplete, unbuildable};
use adapter_aws::{SdkConfig, with_limits};
use aws_sdk_bedrock::Client;
use aws_sdk_bedrock::error::BuildError;
use aws_sdk_bedrock::types::{
    CustomizationType, JobStatusDetails, ModelCustomizationJobStatus as Status, OutputDataConfig,
    StatusDetails, Tag, TrainingDataConfig, TrainingDetails,
};
use domain::id::OrganizationId;
use ports::{
    BoxFuture, DeploymentState, JobName, JobState, ModelDeployment, ProviderJobError, Trainer, TrainingJob,
};
use std::collections::HashMap;
use std::fmt;

const CREATE: &str = "CreateModelCustomizationJob";
const GET: &str = "GetModelCustomizationJob";
const STOP: &str = "StopModelCustomizationJob";
const DELETE: &str = "DeleteCustomModel";

/// Where jobs read and write, and with which role.
#[derive(Debug, Clone)]
pub struct TrainingPlace {
    /// The bucket of training files and of the jobs' measurements.
    pub bucket: String,
    /// The role that a job takes on.
    pub role_arn: String,
    /// The KMS key that models are encrypted with.
    pub key_arn: String,
}

/// Training on Bedrock.
#[derive(Clone)]
pub struct BedrockTrainer {
    client: Client,
    place: TrainingPlace,
}

impl fmt::Debug for BedrockTrainer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BedrockTrainer").field("place", &self.place).finish_non_exhaustive()
    }
}

impl BedrockTrainer {
    /// Training at a place.
    pub fn new(config: &SdkConfig, place: TrainingPlace) -> Self {
        Self { client: Client::new(&with_limits(config, LIMITS)), place }
    }

    async fn create(&self, job: &TrainingJob) -> Result<String, ProviderJobError> {
        let name = job.name.as_str();
        let TrainingPlace { bucket, role_arn, key_arn } = &self.place;
        let unbuildable = |error| unbuildable(CREATE, error);
        let tags = tags(job.tenant, name).map_err(unbuildable)?;
        let output = OutputDataConfig::builder()
            .s3_uri(format!("s3://{bucket}/fine-tunes/{}/{name}/output/", job.tenant))
            .build()
            .map_err(unbuildable)?;
        let input = TrainingDataConfig::builder().s3_uri(format!("s3://{bucket}/{}", job.file.as_str()));
        let answer = self
            .client
            .create_model_customization_job()
            .job_name(name)
            .custom_model_name(name)
            .client_request_token(name)
            .role_arn(role_arn)
            .base_model_identifier(&job.model)
            .customization_type(CustomizationType::FineTuning)
            .custom_model_kms_key_id(key_arn)
            .set_job_tags(Some(tags.clone()))
            .set_custom_model_tags(Some(tags))
            .training_data_config(input.build())
            .output_data_config(output)
            .set_hyper_parameters(Some(hyper_parameters(job)))
            .send()
            .await;
        match answer {
            Ok(answer) => Ok(answer.job_arn),
            // The service forgets request tokens, but not names.
            Err(error) if code(&error) == Some("ConflictException") => {
                let known = self.client.get_model_customization_job().job_identifier(name).send().await;
                known.map(|known| known.job_arn).map_err(|_| failed(CREATE, error))
            }
            Err(error) => Err(failed(CREATE, error)),
        }
    }

    async fn read(&self, name: &JobName) -> Result<Option<JobState>, ProviderJobError> {
        let asked = self.client.get_model_customization_job().job_identifier(name.as_str()).send().await;
        let job = match asked {
            Ok(job) => job,
            Err(error) if code(&error) == Some("ResourceNotFoundException") => return Ok(None),
            Err(error) => return Err(failed(GET, error)),
        };
        let trained = may_have_trained(job.status_details());
        Ok(Some(match job.status() {
            Some(Status::Completed) => {
                JobState::Completed(job.output_model_arn.ok_or_else(|| incomplete(GET))?)
            }
            // The failure message may quote the file, so it is not read.
            Some(Status::Failed) => JobState::Failed { trained },
            Some(Status::Stopped) => JobState::Stopped { trained },
            // An unknown status is not an end.
            _ => JobState::Running,
        }))
    }

    async fn end(&self, name: &JobName) -> Result<(), ProviderJobError> {
        let asked = self.client.stop_model_customization_job().job_identifier(name.as_str()).send().await;
        match asked {
            Ok(_) => Ok(()),
            Err(error) => match code(&error) {
                Some("ResourceNotFoundException" | "ConflictException" | "ValidationException") => Ok(()),
                _ => Err(failed(STOP, error)),
            },
        }
    }

    async fn delete(&self, model: &str) -> Result<(), ProviderJobError> {
        match self.client.delete_custom_model().model_identifier(model).send().await {
            Ok(_) => Ok(()),
            Err(error) if code(&error) == Some("ResourceNotFoundException") => Ok(()),
            Err(error) => Err(failed(DELETE, error)),
        }
    }
}

/// The tags of everything that belongs to a fine-tune.
pub(crate) fn tags(tenant: OrganizationId, name: &str) -> Result<Vec<Tag>, BuildError> {
    let tags = [("sextant:organization", tenant.to_string()), ("sextant:fine-tune", name.to_owned())];
    tags.iter().map(|(key, value)| Tag::builder().key(*key).value(value).build()).collect()
}

/// Whether a job may have trained. Bedrock bills the tokens that it trained before it ended
/// (docs.aws.amazon.com/bedrock/latest/userguide/model-customization-stop.html); the check and the preparation of the
/// data come before.
fn may_have_trained(details: Option<&StatusDetails>) -> bool {
    let phase = details.and_then(StatusDetails::training_details).and_then(TrainingDetails::status);
    phase != Some(&JobStatusDetails::NotStarted)
}

/// The parameters as texts, which is the form the service takes. A batch has one example for Amazon Nova, so the batch
/// size isn't set.
fn hyper_parameters(job: &TrainingJob) -> HashMap<String, String> {
    let parameters = job.hyper_parameters;
    HashMap::from([
        ("epochCount".to_owned(), parameters.epoch_count.to_string()),
        ("learningRate".to_owned(), parameters.learning_rate.to_string()),
        ("learningRateWarmupSteps".to_owned(), parameters.warmup_steps.to_string()),
    ])
}

impl Trainer for BedrockTrainer {
    fn start<'a>(&'a self, job: &'a TrainingJob) -> BoxFuture<'a, Result<String, ProviderJobError>> {
        Box::pin(self.create(job))
    }

    fn job_state<'a>(
        &'a self,
        name: &'a JobName,
    ) -> BoxFuture<'a, Result<Option<JobState>, ProviderJobError>> {
        Box::pin(self.read(name))
    }

    fn stop<'a>(&'a self, name: &'a JobName) -> BoxFuture<'a, Result<(), ProviderJobError>> {
        Box::pin(self.end(name))
    }

    fn deploy<'a>(&'a self, deployment: &'a ModelDeployment) -> BoxFuture<'a, Result<(), ProviderJobError>> {
        Box::pin(deployments::create(&self.client, deployment))
    }

    fn deployment_state<'a>(
        &'a self,
        name: &'a JobName,
    ) -> BoxFuture<'a, Result<Option<DeploymentState>, ProviderJobError>> {
        Box::pin(deployments::read(&self.client, name))
    }

    fn delete_deployment<'a>(&'a self, name: &'a JobName) -> BoxFuture<'a, Result<(), ProviderJobError>> {
        Box::pin(deployments::delete(&self.client, name))
    }

    fn delete_model<'a>(&'a self, model: &'a str) -> BoxFuture<'a, Result<(), ProviderJobError>> {
        Box::pin(self.delete(model))
    }
}
