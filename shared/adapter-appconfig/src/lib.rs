//! The configuration from AWS AppConfig. Each process has one session. It reads the configuration at the start, and then at most
//! once a minute during a request.
//!
//! There is always a configuration, whatever happens to AppConfig or to a document: the last valid one, or that of the build. A
//! request never waits for a read, and no read begins while another one runs.

mod follow;
mod session;

pub use follow::AppConfig;
pub use session::SessionError;

/// The document that is used until AppConfig has returned one. The template deploys the same document first.
const DEFAULT: &[u8] = include_bytes!("../../../infra/configuration.default.json");

/// A process can't begin to follow the configuration.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The document of the build can't be used.
    #[error("the default configuration can't be used")]
    Default(#[from] domain::configuration::ConfigurationError),
}
