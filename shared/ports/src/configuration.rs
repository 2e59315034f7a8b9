//! The current configuration by the operators.

use domain::configuration::RuntimeConfiguration;
use std::sync::Arc;

/// The source of the current configuration.
pub trait Configuration: Send + Sync {
    /// The current configuration. It never waits: a due look for a newer one runs at the same time as the request, and
    /// a later request gets its result.
    fn current(&self) -> Arc<RuntimeConfiguration>;
}

/// A configuration that does not change.
#[derive(Debug, Clone, Default)]
pub struct FixedConfiguration(Arc<RuntimeConfiguration>);

impl FixedConfiguration {
    /// A fixed configuration.
    pub fn new(configuration: RuntimeConfiguration) -> Self {
        Self(Arc::new(configuration))
    }
}

impl Configuration for FixedConfiguration {
    fn current(&self) -> Arc<RuntimeConfiguration> {
        Arc::clone(&self.0)
    }
}
