//! Whether the state table answers: one read of an item that does not exist.

use crate::client::client;
use crate::failure::failed;
use crate::keys::ItemKey;
use adapter_aws::SdkConfig;
use aws_sdk_dynamodb::Client;
use ports::StoreError;

/// Asks the state table.
#[derive(Debug, Clone)]
pub struct HealthProbe {
    client: Client,
    table: String,
}

impl HealthProbe {
    /// A probe of the state table.
    pub fn new(config: &SdkConfig, state_table: String) -> Self {
        Self { client: client(config), table: state_table }
    }

    /// Succeeds when the table answers.
    pub async fn reachable(&self) -> Result<(), StoreError> {
        let request =
            self.client.get_item().table_name(&self.table).set_key(Some(ItemKey::probe().attributes()));
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(failed("GetItem", error)),
        }
    }
}
