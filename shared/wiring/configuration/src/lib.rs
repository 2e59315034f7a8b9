//! The wiring of functions that follow the configuration of the operators. Other functions must not link this crate,
//! because links to the adapter decide which roles may read the configuration and whose log is watched for it.

use adapter_appconfig::AppConfig;
use domain::configuration::ModelCatalog;
use edge::ReadLimit;
use ports::{Configuration, ConfiguredLimiter, Source};
use std::sync::Arc;
use wiring_core::Base;

/// The configuration, which the process follows. `catalog` has the models that documents may name; `None` for a
/// function that calls no models. `CONFIGURATION` must be set.
pub async fn follow(base: &Base, catalog: Option<ModelCatalog>) -> Result<Arc<dyn Configuration>, Source> {
    let application = base.settings.required("CONFIGURATION")?.to_owned();
    Ok(Arc::new(AppConfig::start(&base.aws, application, catalog).await?))
}

/// Counts the requests of a route as reads, with the configured limits. Only the reads of API keys have such a limit
/// (`key_reads_organization`), so routes that keys may call use it.
pub fn read_limit(base: &Base, configuration: Arc<dyn Configuration>) -> Result<ReadLimit, Source> {
    Ok(ReadLimit::new(Arc::new(ConfiguredLimiter::new(Arc::new(base.limiter()?), configuration))))
}
