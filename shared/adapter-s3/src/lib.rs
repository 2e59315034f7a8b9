//! Files on S3: the signed requests that upload and download one, reading it in ranges, and writing one of parts.
//!
//! It must never hold a whole file, or log a signed address.

mod failure;
mod files;
mod links;
mod multipart;

pub use files::S3Files;
pub use links::S3Links;

use adapter_aws::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::Builder;

/// A client for `config`. An endpoint other than AWS's, such as an emulator, has no host name for each bucket.
fn client(config: &SdkConfig) -> Client {
    let own_endpoint = config.endpoint_url().is_some();
    Client::from_conf(Builder::from(config).force_path_style(own_endpoint).build())
}
