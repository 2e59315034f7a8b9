//! The wiring that functions of every context share: the clients of AWS, and the store and the limiter on the tables.
//! `Settings` is the only reader of the environment; adapters are given values.

use adapter_aws::{AwsSettings, SdkConfig};
use adapter_dynamodb::{DynamoLimiter, DynamoStore, Tables};
use edge::{ReadLimit, Settings};
use ports::Source;
use std::fmt;
use std::sync::Arc;

/// The settings of a function, and what almost every function makes of them.
#[derive(Clone)]
pub struct Base {
    /// All settings.
    pub settings: Settings,
    /// The settings of AWS.
    pub at: AwsSettings,
    /// The configuration of every AWS client of the process.
    pub aws: SdkConfig,
}

impl Base {
    /// Reads the settings of AWS.
    pub fn read(settings: Settings) -> Result<Self, Source> {
        let at = AwsSettings::read(settings.variables())?;
        let aws = adapter_aws::sdk_config(&at)?;
        Ok(Self { settings, at, aws })
    }

    /// The tables. `LEDGER_TABLE`, `STATE_TABLE` and `EPHEMERAL_TABLE` must be set.
    pub fn tables(&self) -> Result<Tables, Source> {
        Ok(Tables {
            ledger: self.settings.required("LEDGER_TABLE")?.to_owned(),
            state: self.settings.required("STATE_TABLE")?.to_owned(),
            ephemeral: self.settings.required("EPHEMERAL_TABLE")?.to_owned(),
        })
    }

    /// A store that seals nothing and has one shard for each list.
    pub fn store(&self) -> Result<DynamoStore, Source> {
        Ok(DynamoStore::new(&self.aws, self.tables()?))
    }

    /// Counts requests. `EPHEMERAL_TABLE` must be set.
    pub fn limiter(&self) -> Result<DynamoLimiter, Source> {
        Ok(DynamoLimiter::new(&self.aws, self.settings.required("EPHEMERAL_TABLE")?.to_owned()))
    }

    /// Counts the requests of a route as reads.
    pub fn read_limit(&self) -> Result<ReadLimit, Source> {
        Ok(ReadLimit::new(Arc::new(self.limiter()?)))
    }
}

impl fmt::Debug for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Base").field("settings", &self.settings).finish_non_exhaustive()
    }
}
