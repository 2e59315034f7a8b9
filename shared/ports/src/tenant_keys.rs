//! The tenants' data keys: each wraps the keys of the tenant's data subjects, and is itself wrapped by the key service.

use super::{BoxFuture, Source};
use domain::id::OrganizationId;
use std::fmt;

/// A plaintext AES-256 key. It must never be stored, logged or sent.
#[derive(Clone)]
pub struct DataKey(pub [u8; 32]);

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(..)")
    }
}

/// A key in the form wrapped by the key service; may be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedKey(pub Vec<u8>);

/// The key service returned no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// It can't be reached, or refuses for the moment.
    #[error("the key service is unavailable")]
    Unavailable(#[source] Source),
    /// The wrapped key does not belong to this tenant, or is damaged.
    #[error("the wrapped key is not valid for this tenant")]
    Invalid(#[source] Source),
}

/// Makes and unwraps tenants' data keys. The tenant is bound to the key (encryption context), so that one tenant's
/// wrapped key can't be unwrapped as another's.
pub trait TenantKeys: Send + Sync {
    /// A new key, for a tenant without one.
    fn generate(&self, tenant: OrganizationId) -> BoxFuture<'_, Result<(DataKey, WrappedKey), KeyError>>;
    /// The plaintext of a tenant's key. May be answered from memory for a while.
    fn unwrap<'a>(
        &'a self,
        tenant: OrganizationId,
        wrapped: &'a WrappedKey,
    ) -> BoxFuture<'a, Result<DataKey, KeyError>>;
    /// The plaintext of a tenant's key, if this process holds it: then its wrapped form need not be read.
    fn cached(&self, tenant: OrganizationId) -> Option<DataKey>;
}
