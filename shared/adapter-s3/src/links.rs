//! Requests that upload and download files, signed with the function's own credentials. The signature of an upload covers
//! the file's size, its digest and its encryption, so that the request can upload no other file, however often it is
//! sent.

use crate::client;
use crate::failure::{failed, unusable};
use adapter_aws::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::types::ServerSideEncryption;
use domain::Timestamp;
use domain::ai::batch::BatchFile;
use domain::ai::fine_tune::TrainingFile;
use ports::{
    BatchFileKey, BatchLinks, BoxFuture, FileError, FileKey, JobFileKey, JobLinks, TrainingUploads, Upload,
};
use std::fmt;
use std::time::{Duration, SystemTime};

/// The headers that the signature covers, and that the request must carry.
const SIGNED: [&str; 4] = [
    "content-length",
    "x-amz-checksum-sha256",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
];

/// Signs uploads to a bucket, and downloads from it.
#[derive(Clone)]
pub struct S3Links {
    client: Client,
    bucket: String,
    key_arn: String,
}

impl fmt::Debug for S3Links {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Links").field("bucket", &self.bucket).finish_non_exhaustive()
    }
}

impl S3Links {
    /// Links to files in `bucket`, which are encrypted with the KMS key `key_arn`.
    pub fn new(config: &SdkConfig, bucket: String, key_arn: String) -> Self {
        Self { client: client(config), bucket, key_arn }
    }

    async fn sign_upload(
        &self,
        key: &str,
        (bytes, sha256): (u64, &str),
        now: Timestamp,
        valid: Duration,
    ) -> Result<Upload, FileError> {
        const OPERATION: &str = "sign PutObject";
        let length = i64::try_from(bytes).map_err(|error| unusable(OPERATION, error))?;
        let put = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .content_length(length)
            .checksum_sha256(sha256)
            .server_side_encryption(ServerSideEncryption::AwsKms)
            .ssekms_key_id(&self.key_arn);
        let signed = match put.presigned(signing(OPERATION, now, valid)?).await {
            Ok(signed) => signed,
            Err(error) => return Err(failed(OPERATION, error)),
        };
        let headers = signed.headers().filter(|(name, _)| SIGNED.contains(name));
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Ok(Upload {
            method: signed.method().to_owned(),
            url: signed.uri().to_owned(),
            headers: headers.collect(),
            expires_at: now.plus(valid),
        })
    }

    async fn sign_download(&self, key: &str, now: Timestamp, valid: Duration) -> Result<String, FileError> {
        const OPERATION: &str = "sign GetObject";
        let get = self.client.get_object().bucket(&self.bucket).key(key);
        match get.presigned(signing(OPERATION, now, valid)?).await {
            Ok(signed) => Ok(signed.uri().to_owned()),
            Err(error) => Err(failed(OPERATION, error)),
        }
    }
}

fn signing(operation: &'static str, now: Timestamp, valid: Duration) -> Result<PresigningConfig, FileError> {
    let start = SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(now.millis()).unwrap_or(0));
    let signing = PresigningConfig::builder().start_time(start).expires_in(valid);
    signing.build().map_err(|error| unusable(operation, error))
}

impl TrainingUploads for S3Links {
    fn upload<'a>(
        &'a self,
        key: &'a FileKey,
        file: &'a TrainingFile,
        now: Timestamp,
        valid: Duration,
    ) -> BoxFuture<'a, Result<Upload, FileError>> {
        Box::pin(self.sign_upload(key.as_str(), (file.bytes, file.sha256.as_str()), now, valid))
    }
}

impl BatchLinks for S3Links {
    fn upload<'a>(
        &'a self,
        key: &'a BatchFileKey,
        file: &'a BatchFile,
        now: Timestamp,
        valid: Duration,
    ) -> BoxFuture<'a, Result<Upload, FileError>> {
        Box::pin(self.sign_upload(key.as_str(), (file.bytes, file.sha256.as_str()), now, valid))
    }

    fn download<'a>(
        &'a self,
        key: &'a BatchFileKey,
        now: Timestamp,
        valid: Duration,
    ) -> BoxFuture<'a, Result<String, FileError>> {
        Box::pin(self.sign_download(key.as_str(), now, valid))
    }
}

impl JobLinks for S3Links {
    fn download<'a>(
        &'a self,
        key: &'a JobFileKey,
        now: Timestamp,
        valid: Duration,
    ) -> BoxFuture<'a, Result<String, FileError>> {
        Box::pin(self.sign_download(key.as_str(), now, valid))
    }
}
