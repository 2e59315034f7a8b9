//! The address of DynamoDB, resolved once for each client.
//!
//! The SDK's resolver goes through its rules again whenever the table is another one than in the call before, because a
//! table could be named by an ARN of another account. Ours are named by name, so the first address is the address of
//! every call.

use aws_sdk_dynamodb::config::endpoint::{
    DefaultResolver, Endpoint, EndpointFuture, Params, ResolveEndpoint,
};
use std::sync::OnceLock;

/// The address that the SDK's rules gave for the first call.
#[derive(Debug, Default)]
pub(crate) struct OneEndpoint {
    rules: DefaultResolver,
    found: OnceLock<Endpoint>,
}

impl ResolveEndpoint for OneEndpoint {
    fn resolve_endpoint<'a>(&'a self, params: &'a Params) -> EndpointFuture<'a> {
        if let Some(found) = self.found.get() {
            return EndpointFuture::ready(Ok(found.clone()));
        }
        EndpointFuture::new(async move {
            let endpoint = ResolveEndpoint::resolve_endpoint(&self.rules, params).await?;
            Ok(self.found.get_or_init(|| endpoint).clone())
        })
    }
}
