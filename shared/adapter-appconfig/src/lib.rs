//! The configuration out of AWS AppConfig: one session for each process, which is asked at the start and then not more
//! often than once a minute, beside a request.
//!
//! Whatever happens to AppConfig or to a document, there is a configuration: the last good one, or that of the build. A
//! request never waits for a look, and no look begins while another one runs.

mod follow;
mod session;

pub use follow::AppConfig;
pub use session::SessionError;

/// The variable that names the AppConfig application.
const VARIABLE: &str = "CONFIGURATION";
/// The document that holds until AppConfig has given one, which is also what the template deploys first.
const DEFAULT: &[u8] = include_bytes!("../../../infra/configuration.default.json");

/// A process can't begin to follow the configuration.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// It is not told which application to ask.
    #[error("the environment variable {VARIABLE} is missing")]
    NoApplication,
    /// The document of the build can't be used.
    #[error("the default configuration can't be used")]
    Default(#[from] domain::configuration::ConfigurationError),
}
