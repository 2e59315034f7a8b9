//! Training files on S3: the signed request that uploads one, and reading it in ranges.
//!
//! It must never write a file itself, hold a whole one, or log a signed address.

mod failure;
mod files;
mod uploads;

pub use files::S3TrainingFiles;
pub use uploads::S3TrainingUploads;

use adapter_aws::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::Builder;

/// A client for `config`. An endpoint other than AWS's, such as an emulator, has no host name for each bucket.
fn client(config: &SdkConfig) -> Client {
    let own_endpoint = config.endpoint_url().is_some();
    Client::from_conf(Builder::from(config).force_path_style(own_endpoint).build())
}
