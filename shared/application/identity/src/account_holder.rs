//! The account of a mailbox. Every look-up by an address is done here, so that known and unknown addresses take the same
//! work.

use domain::email_address::mailbox_keys;
use futures_util::future::try_join_all;
use ports::{AggregateKey, Store, StoreError, UniqueKind};

/// The account of a mailbox. All keys of the mailbox are looked up at once, so that the time does not show which of
/// them has an account.
pub(crate) async fn find_holder(store: &dyn Store, email: &str) -> Result<Option<AggregateKey>, StoreError> {
    let keys = mailbox_keys(email);
    let found = try_join_all(keys.iter().map(|key| store.find_unique(UniqueKind::Email, key))).await?;
    Ok(found.into_iter().flatten().next())
}
