//! Starts, reads and stops jobs that answer a file of prompts.

use crate::LIMITS;
use crate::failure::{code, failed, incomplete, unbuildable};
use adapter_aws::{SdkConfig, with_limits};
use aws_sdk_bedrock::Client;
use aws_sdk_bedrock::error::BuildError;
use aws_sdk_bedrock::operation::get_model_invocation_job::GetModelInvocationJobOutput;
use aws_sdk_bedrock::types::{
    ModelInvocationJobInputDataConfig as Input, ModelInvocationJobOutputDataConfig as Output,
    ModelInvocationJobS3InputDataConfig as S3Input, ModelInvocationJobS3OutputDataConfig as S3Output,
    ModelInvocationJobStatus as Status, ModelInvocationType, S3InputFormat, Tag,
};
use ports::{BatchInference, BatchJob, BatchJobState, BoxFuture, JobName, ProviderJobError};
use std::fmt;
use std::ops::RangeInclusive;

const CREATE: &str = "CreateModelInvocationJob";
const GET: &str = "GetModelInvocationJob";
const LIST: &str = "ListModelInvocationJobs";
const STOP: &str = "StopModelInvocationJob";

/// The numbers of records that a job takes, by the service's default quotas. The service itself counts them only after it
/// has taken the job, which then fails.
const RECORDS: RangeInclusive<u64> = 100..=50_000;

/// The most pages of the list of jobs in which a name is looked for, each a call.
const MOST_PAGES: u32 = 20;

/// Where jobs read and write, and with which role.
#[derive(Debug, Clone)]
pub struct BatchPlace {
    /// The bucket of input files and of results. It belongs to the account of the role.
    pub bucket: String,
    /// The role that a job takes on.
    pub role_arn: String,
    /// The KMS key that results are encrypted with.
    pub key_arn: String,
}

impl BatchPlace {
    /// The account of the role; `None` when the role has no full name.
    fn account(&self) -> Option<&str> {
        self.role_arn.split(':').nth(4).filter(|account| !account.is_empty())
    }
}

/// Batch inference on Bedrock.
#[derive(Clone)]
pub struct BedrockBatchInference {
    client: Client,
    place: BatchPlace,
}

impl fmt::Debug for BedrockBatchInference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BedrockBatchInference").field("place", &self.place).finish_non_exhaustive()
    }
}

impl BedrockBatchInference {
    /// Batch inference at a place.
    pub fn new(config: &SdkConfig, place: BatchPlace) -> Self {
        Self { client: Client::new(&with_limits(config, LIMITS)), place }
    }

    async fn create(&self, job: &BatchJob) -> Result<String, ProviderJobError> {
        if !RECORDS.contains(&job.records) {
            return Err(ProviderJobError::Refused("RecordCount".to_owned()));
        }
        let name = job.name.as_str();
        let unbuildable = |error| unbuildable(CREATE, error);
        let answer = self
            .client
            .create_model_invocation_job()
            .job_name(name)
            .client_request_token(name)
            .role_arn(&self.place.role_arn)
            .model_id(&job.model)
            .model_invocation_type(ModelInvocationType::Converse)
            .input_data_config(self.input(job).map_err(unbuildable)?)
            .output_data_config(self.output(job).map_err(unbuildable)?)
            .timeout_duration_in_hours(job.timeout_hours)
            .set_tags(Some(tags(job).map_err(unbuildable)?))
            .send()
            .await;
        match answer {
            Ok(answer) => Ok(answer.job_arn),
            // The service forgets request tokens, but not names.
            Err(error) if code(&error) == Some("ConflictException") => {
                self.known(name).await.ok().flatten().ok_or_else(|| failed(CREATE, error))
            }
            Err(error) => Err(failed(CREATE, error)),
        }
    }

    fn input(&self, job: &BatchJob) -> Result<Input, BuildError> {
        let input = S3Input::builder()
            .s3_input_format(S3InputFormat::Jsonl)
            .s3_uri(format!("s3://{}/{}", self.place.bucket, job.input))
            .set_s3_bucket_owner(self.place.account().map(str::to_owned));
        Ok(Input::S3InputDataConfig(input.build()?))
    }

    fn output(&self, job: &BatchJob) -> Result<Output, BuildError> {
        let prefix = job.output_prefix.trim_end_matches('/');
        let output = S3Output::builder()
            .s3_uri(format!("s3://{}/{prefix}/", self.place.bucket))
            .s3_encryption_key_id(&self.place.key_arn)
            .set_s3_bucket_owner(self.place.account().map(str::to_owned));
        Ok(Output::S3OutputDataConfig(output.build()?))
    }

    /// The job with this name, which the service gives only in a list: it reads jobs by id. A page that was filtered may be
    /// empty although there are more.
    async fn known(&self, name: &str) -> Result<Option<String>, ProviderJobError> {
        let mut next = None;
        for _ in 0..MOST_PAGES {
            let page = self.client.list_model_invocation_jobs().name_contains(name).set_next_token(next);
            let page = page.send().await.map_err(|error| failed(LIST, error))?;
            let jobs = page.invocation_job_summaries.unwrap_or_default();
            if let Some(job) = jobs.into_iter().find(|job| job.job_name == name) {
                return Ok(Some(job.job_arn));
            }
            next = page.next_token;
            if next.is_none() {
                return Ok(None);
            }
        }
        // Nobody knows what the other pages have.
        Err(incomplete(LIST))
    }

    async fn read(&self, id: &str) -> Result<Option<BatchJobState>, ProviderJobError> {
        let job = match self.client.get_model_invocation_job().job_identifier(id).send().await {
            Ok(job) => job,
            Err(error) if code(&error) == Some("ResourceNotFoundException") => return Ok(None),
            Err(error) => return Err(failed(GET, error)),
        };
        let outputs = || output_key(&job).map(|key| vec![key]).ok_or_else(|| incomplete(GET));
        Ok(Some(match job.status() {
            Some(Status::Completed | Status::PartiallyCompleted) => {
                BatchJobState::Completed { outputs: outputs()? }
            }
            Some(Status::Stopped) => BatchJobState::Stopped { outputs: outputs()? },
            // The failure message may quote the file, so it is not read.
            Some(Status::Failed) => BatchJobState::Failed,
            Some(Status::Expired) => BatchJobState::Expired,
            // An unknown status is not an end.
            _ => BatchJobState::Running,
        }))
    }

    async fn end(&self, id: &str) -> Result<(), ProviderJobError> {
        match self.client.stop_model_invocation_job().job_identifier(id).send().await {
            Ok(_) => Ok(()),
            Err(error) => match code(&error) {
                Some("ResourceNotFoundException" | "ConflictException" | "ValidationException") => Ok(()),
                _ => Err(failed(STOP, error)),
            },
        }
    }
}

fn tags(job: &BatchJob) -> Result<Vec<Tag>, BuildError> {
    let organization = Tag::builder().key("sextant:organization").value(job.tenant.to_string()).build()?;
    let batch = Tag::builder().key("sextant:batch").value(job.name.as_str()).build()?;
    Ok(vec![organization, batch])
}

/// The key of the results: the service writes one file for the input file, in a folder with the id of the job.
fn output_key(job: &GetModelInvocationJobOutput) -> Option<String> {
    let input = job.input_data_config()?.as_s3_input_data_config().ok()?.s3_uri();
    let output = job.output_data_config()?.as_s3_output_data_config().ok()?.s3_uri();
    let (_, prefix) = output.strip_prefix("s3://")?.split_once('/')?;
    let (_, id) = job.job_arn().rsplit_once('/')?;
    let (_, file) = input.rsplit_once('/')?;
    Some(format!("{}/{id}/{file}.out", prefix.trim_end_matches('/')))
}

impl BatchInference for BedrockBatchInference {
    fn start<'a>(&'a self, job: &'a BatchJob) -> BoxFuture<'a, Result<String, ProviderJobError>> {
        Box::pin(self.create(job))
    }

    fn find<'a>(&'a self, name: &'a JobName) -> BoxFuture<'a, Result<Option<String>, ProviderJobError>> {
        Box::pin(self.known(name.as_str()))
    }

    fn state<'a>(
        &'a self,
        job_id: &'a str,
    ) -> BoxFuture<'a, Result<Option<BatchJobState>, ProviderJobError>> {
        Box::pin(self.read(job_id))
    }

    fn stop<'a>(&'a self, job_id: &'a str) -> BoxFuture<'a, Result<(), ProviderJobError>> {
        Box::pin(self.end(job_id))
    }
}
