//! The credentials of the process, read once.
//!
//! Lambda passes credentials in variables and never changes them while the process lives, so the identity of the first
//! call is that of every later call. The SDK's own cache would ask for it again after a while; to be able to, it arms a
//! timer, takes two locks and compares times for each call.

use std::sync::OnceLock;

use aws_smithy_runtime_api::client::identity::{
    Identity, IdentityFuture, ResolveCachedIdentity, ResolveIdentity, SharedIdentityResolver,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

/// The identity that the first call resolved. `Debug` of an identity hides its secret.
#[derive(Debug, Default)]
pub(crate) struct OneIdentity(OnceLock<Identity>);

impl ResolveCachedIdentity for OneIdentity {
    fn resolve_cached_identity<'a>(
        &'a self,
        resolver: SharedIdentityResolver,
        components: &'a RuntimeComponents,
        config: &'a ConfigBag,
    ) -> IdentityFuture<'a> {
        if let Some(identity) = self.0.get() {
            return IdentityFuture::ready(Ok(identity.clone()));
        }
        IdentityFuture::new(async move {
            let identity = resolver.resolve_identity(components, config).await?;
            Ok(self.0.get_or_init(|| identity).clone())
        })
    }
}
