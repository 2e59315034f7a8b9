//! Reads files in ranges, and writes them of parts. A missing file is not a failure: its owner has a day to upload it.

use crate::client;
use crate::failure::{failed, unusable};
use adapter_aws::{CallLimits, SdkConfig, with_limits};
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ChecksumAlgorithm;
use domain::id::OrganizationId;
use ports::{
    BatchFileKey, BatchFiles, BoxFuture, CheckpointFiles, FileError, FileKey, FileParts, JobFileKey,
    JobFiles, TrainingFiles,
};
use std::fmt;
use std::time::Duration;

/// A range has some megabytes, so an attempt may take longer than a look-up.
const LIMITS: CallLimits =
    CallLimits { attempt: Duration::from_secs(15), operation: Duration::from_secs(40), attempts: 3 };

/// Files in a bucket.
#[derive(Clone)]
pub struct S3Files {
    pub(crate) client: Client,
    pub(crate) bucket: String,
}

impl fmt::Debug for S3Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Files").field("bucket", &self.bucket).finish_non_exhaustive()
    }
}

impl S3Files {
    /// The files in `bucket`.
    pub fn new(config: &SdkConfig, bucket: String) -> Self {
        Self { client: client(&with_limits(config, LIMITS)), bucket }
    }

    async fn read_size(&self, key: &str) -> Result<Option<u64>, FileError> {
        match self.client.head_object().bucket(&self.bucket).key(key).send().await {
            Ok(head) => {
                let length = head.content_length().unwrap_or_default();
                u64::try_from(length).map(Some).map_err(|error| unusable("HeadObject", error))
            }
            Err(error) if error.as_service_error().is_some_and(|error| error.is_not_found()) => Ok(None),
            Err(error) => Err(failed("HeadObject", error)),
        }
    }

    async fn fetch(&self, key: &str, offset: u64, length: u64) -> Result<Vec<u8>, FileError> {
        let last = offset.saturating_add(length).saturating_sub(1);
        let range = format!("bytes={offset}-{last}");
        let get = self.client.get_object().bucket(&self.bucket).key(key).range(range);
        let answer = match get.send().await {
            Ok(answer) => answer,
            Err(error) => return Err(failed("GetObject", error)),
        };
        let body = answer.body.collect().await.map_err(|error| unusable("GetObject", error))?;
        Ok(body.to_vec())
    }
}

impl TrainingFiles for S3Files {
    fn size<'a>(&'a self, key: &'a FileKey) -> BoxFuture<'a, Result<Option<u64>, FileError>> {
        Box::pin(self.read_size(key.as_str()))
    }

    fn read<'a>(
        &'a self,
        key: &'a FileKey,
        offset: u64,
        length: u64,
    ) -> BoxFuture<'a, Result<Vec<u8>, FileError>> {
        Box::pin(self.fetch(key.as_str(), offset, length))
    }
}

impl BatchFiles for S3Files {
    fn size<'a>(&'a self, key: &'a BatchFileKey) -> BoxFuture<'a, Result<Option<u64>, FileError>> {
        Box::pin(self.read_size(key.as_str()))
    }

    fn read<'a>(
        &'a self,
        key: &'a BatchFileKey,
        offset: u64,
        length: u64,
    ) -> BoxFuture<'a, Result<Vec<u8>, FileError>> {
        Box::pin(self.fetch(key.as_str(), offset, length))
    }

    fn write<'a>(
        &'a self,
        key: &'a BatchFileKey,
        parts: FileParts<'a>,
    ) -> BoxFuture<'a, Result<(), FileError>> {
        Box::pin(self.write_parts(key.as_str(), parts))
    }
}

impl JobFiles for S3Files {
    fn read<'a>(&'a self, key: &'a JobFileKey) -> BoxFuture<'a, Result<Vec<u8>, FileError>> {
        Box::pin(async move {
            let get = self.client.get_object().bucket(&self.bucket).key(key.as_str());
            let answer = match get.send().await {
                Ok(answer) => answer,
                Err(error) => return Err(failed("GetObject", error)),
            };
            let body = answer.body.collect().await.map_err(|error| unusable("GetObject", error))?;
            Ok(body.to_vec())
        })
    }

    fn write<'a>(
        &'a self,
        key: &'a JobFileKey,
        parts: FileParts<'a>,
    ) -> BoxFuture<'a, Result<(), FileError>> {
        Box::pin(self.write_parts(key.as_str(), parts))
    }
}

impl CheckpointFiles for S3Files {
    fn write<'a>(
        &'a self,
        tenant: OrganizationId,
        count: u64,
        file: &'a [u8],
    ) -> BoxFuture<'a, Result<(), FileError>> {
        Box::pin(async move {
            // The bucket has Object Lock, which needs a checksum of each object.
            let put = self
                .client
                .put_object()
                .bucket(&self.bucket)
                .key(format!("{tenant}/{count:020}.json"))
                .content_type("application/json")
                .checksum_algorithm(ChecksumAlgorithm::Sha256)
                .body(ByteStream::from(file.to_vec()));
            put.send().await.map(drop).map_err(|error| failed("PutObject", error))
        })
    }
}
