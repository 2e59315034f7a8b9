//! Training files on S3: the signed request that brings one, and reading it piece by piece.
//!
//! It must never write a file itself, hold a whole one, or log an address that is signed.

mod failure;
mod files;
mod uploads;

pub use files::S3TrainingFiles;
pub use uploads::S3TrainingUploads;

use adapter_aws::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::Builder;

/// A client for `config`. An endpoint of one's own, such as an emulator, has no host for each bucket.
fn client(config: &SdkConfig) -> Client {
    let own_endpoint = config.endpoint_url().is_some();
    Client::from_conf(Builder::from(config).force_path_style(own_endpoint).build())
}
