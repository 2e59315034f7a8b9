//! Answers the feature flags of the caller.

use application_core::{Context, Error, repository};
use domain::AggregateType;
use domain::authority::{Authority, ReadFlags};
use domain::configuration::{Flag, FlagSubject, FlagValue};
use domain::tenancy::Organization;
use ports::{AggregateKey, Configuration, Store};
use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

/// The feature flags of the configuration.
pub struct Flags {
    configuration: Arc<dyn Configuration>,
    /// The expired flags that this process has logged.
    told: Mutex<HashSet<String>>,
}

impl Flags {
    /// The flags of this configuration.
    pub fn new(configuration: Arc<dyn Configuration>) -> Self {
        Self { configuration, told: Mutex::default() }
    }

    /// Logs once for each process that a flag has its default value because it expired.
    fn tell_of_expiry(&self, name: &str, flag: &Flag) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.insert(name.to_owned()) {
            tracing::warn!(
                flag_expired = 1,
                flag = name,
                flag_owner = flag.owner,
                "a feature flag has passed its last day and answers its default"
            );
        }
    }
}

/// Every flag with its value for the caller's organization: one read, for the plan of the organization.
pub async fn get_flags(
    store: &dyn Store,
    flags: &Flags,
    context: &Context,
    authority: &Authority<ReadFlags>,
) -> Result<BTreeMap<String, FlagValue>, Error> {
    // This may also start to look for a newer configuration, which runs at the same time as the read.
    let configuration = flags.configuration.current();
    let tenant = authority.tenant();
    let key = AggregateKey::new(tenant, AggregateType::Organization, &tenant);
    let organization = repository::load::<Organization>(store, &key).await?.ok_or(Error::NotFound)?;
    let subject = FlagSubject { organization: tenant, tier: organization.state.subscription_tier };
    let mut values = BTreeMap::new();
    for (name, flag) in &configuration.flags {
        let evaluated = flag.evaluate(name, &subject, context.now);
        if evaluated.expired {
            flags.tell_of_expiry(name, flag);
        }
        values.insert(name.clone(), evaluated.value.clone());
    }
    Ok(values)
}
