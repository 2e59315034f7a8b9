//! The wiring of functions that need the registry of models and ask no model. It must never link the adapter of a
//! provider, because those links decide whose log is watched for failing models; functions that ask models use
//! `wiring-ai`.

use application_ai::Registry;
use application_core::Configured;
use edge::{Authorized, Handler, ReadLimit, Route, Settings};
use ports::{Configuration, Source, Store};
use std::fmt;
use std::sync::Arc;
use wiring_core::Base;

/// The models that the deployment can call, and the configuration that says so.
pub struct DeployedModels {
    /// The models of the current configuration.
    pub registry: Configured<Registry>,
    /// The configuration by the operators.
    pub configuration: Arc<dyn Configuration>,
}

impl DeployedModels {
    /// Follows the configuration. `CONFIGURATION` must be set.
    pub async fn follow(base: &Base) -> Result<Self, Source> {
        let shipped = Registry::shipped()?;
        let configuration = wiring_configuration::follow(base, Some(shipped.catalog())).await?;
        let (region, own_bedrock) = (base.at.region.clone(), base.at.has_own_bedrock());
        let registry = shipped.following(Arc::clone(&configuration), region, own_bedrock)?;
        Ok(Self { registry, configuration })
    }
}

impl fmt::Debug for DeployedModels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeployedModels").finish_non_exhaustive()
    }
}

/// A route that reads models. Its requests are counted with the configured limit, and its store seals nothing, because
/// models are not personal.
pub async fn read_route<R: Route<Limit = ReadLimit> + 'static>(
    settings: Settings,
    route: impl FnOnce(Arc<dyn Store>, Configured<Registry>) -> R + Send,
) -> Result<Box<dyn Handler>, Source> {
    let base = Base::read(settings)?;
    let models = DeployedModels::follow(&base).await?;
    let limit = wiring_configuration::read_limit(&base, models.configuration)?;
    let store: Arc<dyn Store> = Arc::new(base.store()?);
    let route = route(Arc::clone(&store), models.registry);
    Ok(Box::new(Authorized::new(route, store, limit)))
}
