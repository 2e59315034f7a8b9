//! Base addresses of single services, in the form in which the SDK looks for them.
//!
//! Every generated client asks for its own address when it is made from the shared configuration, so adapters need no
//! code for it. This must never answer a request for any other setting.

use std::collections::BTreeMap;

use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};

/// Addresses by service id in the form of the variables: `BEDROCK_RUNTIME`.
#[derive(Debug)]
pub(crate) struct ServiceEndpoints(BTreeMap<String, String>);

impl ServiceEndpoints {
    pub(crate) fn new(by_service: BTreeMap<String, String>) -> Self {
        Self(by_service)
    }
}

impl LoadServiceConfig for ServiceEndpoints {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        if key.env() != "AWS_ENDPOINT_URL" || self.0.is_empty() {
            return None;
        }
        self.0.get(&key.service_id().to_uppercase().replace([' ', '-'], "_")).cloned()
    }
}
