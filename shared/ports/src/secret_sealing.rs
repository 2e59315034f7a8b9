//! Secrets that the product must read again, such as the key of an authenticator app: sealed by the key service, so that a
//! copy of a table gives nobody the secret.

use super::{BoxFuture, KeyError};
use domain::id::{AccountId, OrganizationId};

/// Seals and opens secrets of accounts. Organization and account are bound to the sealed text, so that it opens for no
/// other account.
pub trait SecretSealing: Send + Sync {
    /// Seals a secret of at most 4,096 bytes.
    fn seal<'a>(
        &'a self,
        organization: OrganizationId,
        account: AccountId,
        secret: &'a [u8],
    ) -> BoxFuture<'a, Result<Vec<u8>, KeyError>>;
    /// The secret in a sealed text of the same account.
    fn open<'a>(
        &'a self,
        organization: OrganizationId,
        account: AccountId,
        sealed: &'a [u8],
    ) -> BoxFuture<'a, Result<Vec<u8>, KeyError>>;
}
