//! What operators configured, at the moment it is asked for.

use domain::configuration::RuntimeConfiguration;
use std::sync::Arc;

/// What operators configured last.
pub trait Configuration: Send + Sync {
    /// The configuration that holds now. It never waits: where it is time to look for a newer one, that happens beside the
    /// request, and a later one gets it.
    fn current(&self) -> Arc<RuntimeConfiguration>;
}

/// A configuration that does not change.
#[derive(Debug, Clone, Default)]
pub struct FixedConfiguration(Arc<RuntimeConfiguration>);

impl FixedConfiguration {
    /// This one, for ever.
    pub fn new(configuration: RuntimeConfiguration) -> Self {
        Self(Arc::new(configuration))
    }
}

impl Configuration for FixedConfiguration {
    fn current(&self) -> Arc<RuntimeConfiguration> {
        Arc::clone(&self.0)
    }
}
