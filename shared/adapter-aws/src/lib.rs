//! One `SdkConfig` for every AWS client of a function: region, credentials, endpoints, limits and one HTTP client.
//!
//! It builds without awaiting anything and reads nothing but variables of the environment: no profile files, no instance
//! metadata, no single sign-on, no system certificates, no proxy settings. Lambda passes everything in variables, and
//! every other source costs start-up time (measured: fifteen times the instructions). It must never make a network
//! call, and must never hold anything that belongs to one request.

mod config;
mod endpoints;
mod identity;
mod round_trips;
mod settings;
mod signing;
mod transport;

pub use aws_types::SdkConfig;
pub use config::{sdk_config, with_limits};
pub use round_trips::{RoundTrip, RoundTrips};
pub use settings::{AwsSettings, CallLimits, SettingsError};
pub use signing::PostSigning;
pub use transport::TrustError;
