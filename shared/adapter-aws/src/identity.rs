//! The credentials of the process, read once.
//!
//! Lambda passes credentials in variables and never changes them while the process lives, so the identity of the first
//! call is that of every later call. The SDK's own cache would ask for it again after a while; to be able to, it arms a
//! timer, takes two locks and compares times for each call.

use std::sync::OnceLock;

use aws_smithy_runtime_api::client::identity::{
    Identity, IdentityCachePartition, IdentityFuture, ResolveCachedIdentity, ResolveIdentity,
    SharedIdentityResolver,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

/// The identity that the first call resolved, and the partition of its provider: clients of another provider never get it.
/// `Debug` of an identity hides its secret.
#[derive(Debug, Default)]
pub(crate) struct OneIdentity(OnceLock<(IdentityCachePartition, Identity)>);

impl ResolveCachedIdentity for OneIdentity {
    fn resolve_cached_identity<'a>(
        &'a self,
        resolver: SharedIdentityResolver,
        components: &'a RuntimeComponents,
        config: &'a ConfigBag,
    ) -> IdentityFuture<'a> {
        let partition = resolver.cache_partition();
        match self.0.get() {
            Some((known, identity)) if *known == partition => IdentityFuture::ready(Ok(identity.clone())),
            _ => IdentityFuture::new(async move {
                let identity = resolver.resolve_identity(components, config).await?;
                // A failed write means that another call was first, or that this is another provider.
                let _first = self.0.set((partition, identity.clone()));
                Ok(identity)
            }),
        }
    }
}
