//! Look-ups by key: strongly consistent, one call each.

use crate::batch::get_many;
use crate::failure::failed;
use crate::keys::{Item, ItemKey};
use crate::seal;
use crate::state_item::read_state_item;
use crate::store::DynamoStore;
use crate::value::{read_binary, read_parsed, read_text};
use domain::AggregateType;
use domain::id::{AccountId, OrganizationId, SubjectId};
use ports::{
    AggregateKey, DataKey, KeyError, LoadedToChange, StoreError, StoredState, SubjectKeys, UniqueKind,
    WrappedKey,
};
use std::collections::HashMap;

/// The store has no tenant keys, but must seal or unseal.
#[derive(Debug, thiserror::Error)]
#[error("the store was made without tenant keys")]
struct NoTenantKeys;

/// A tenant has no data key.
#[derive(Debug, thiserror::Error)]
#[error("the tenant has no data key")]
struct NoTenantKey;

impl DynamoStore {
    pub(crate) async fn read_state(&self, key: &AggregateKey) -> Result<Option<StoredState>, StoreError> {
        let item = self.get(self.state_table(key.kind()), &ItemKey::state(key)).await?;
        item.as_ref().map(read_state_item).transpose()
    }

    pub(crate) async fn read_states(
        &self,
        keys: &[AggregateKey],
    ) -> Result<Vec<Option<StoredState>>, StoreError> {
        let wanted = keys.iter().map(|key| (self.state_table(key.kind()), ItemKey::state(key))).collect();
        let items = get_many(&self.client, wanted).await?;
        keys.iter().map(|key| items.get(&ItemKey::state(key)).map(read_state_item).transpose()).collect()
    }

    pub(crate) async fn read_to_change(
        &self,
        key: &AggregateKey,
        subjects: &[SubjectId],
    ) -> Result<Option<LoadedToChange>, StoreError> {
        if subjects.is_empty() {
            let state = self.read_state(key).await?;
            return Ok(state.map(|state| LoadedToChange { state, subject_keys: SubjectKeys::new() }));
        }
        let tenant = key.tenant();
        let mut wanted = vec![(self.state_table(key.kind()), ItemKey::state(key))];
        for subject in subjects {
            wanted.push((&self.tables.state, ItemKey::subject(tenant, *subject)));
        }
        // Otherwise the commit would have to read it, one call later.
        let unknown = self.tenant_keys.as_ref().filter(|keys| keys.cached(tenant).is_none());
        if unknown.is_some() {
            wanted.push((&self.tables.state, ItemKey::tenant_key(tenant)));
        }
        let items = get_many(&self.client, wanted).await?;
        let Some(state) = items.get(&ItemKey::state(key)) else { return Ok(None) };
        let state = read_state_item(state)?;
        let subject_keys = read_subject_keys(&items, tenant, subjects)?;
        if let (Some(keys), Some(item)) = (unknown, items.get(&ItemKey::tenant_key(tenant)))
            && !subject_keys.is_empty()
        {
            keys.unwrap(tenant, &read_wrapped(item)?).await?;
        }
        Ok(Some(LoadedToChange { state, subject_keys }))
    }

    pub(crate) async fn read_holder(
        &self,
        kind: UniqueKind,
        value: &str,
    ) -> Result<Option<AggregateKey>, StoreError> {
        let Some(item) = self.get(&self.tables.state, &ItemKey::unique(kind, value)).await? else {
            return Ok(None);
        };
        let tenant = read_parsed(&item, TENANT_ID)?;
        let (aggregate, id) = match kind {
            UniqueKind::Email => (AggregateType::Account, read_parsed::<AccountId>(&item, HOLDER_ID)?),
        };
        if read_text(&item, HOLDER_TYPE)? != aggregate.as_str() {
            return Err(StoreError::Malformed(HOLDER_TYPE));
        }
        Ok(Some(AggregateKey::new(tenant, aggregate, &id)))
    }

    /// The wrapped keys of the subjects that still have one, and the tenant's key that unwraps them, if there is any:
    /// one batch read.
    pub(crate) async fn read_keys(
        &self,
        tenant: OrganizationId,
        subjects: &[SubjectId],
    ) -> Result<(SubjectKeys, Option<DataKey>), StoreError> {
        let cached = self.tenant_keys.as_ref().ok_or_else(no_tenant_keys)?.cached(tenant);
        let mut wanted: Vec<_> = subjects
            .iter()
            .map(|subject| (self.tables.state.as_str(), ItemKey::subject(tenant, *subject)))
            .collect();
        if cached.is_none() {
            wanted.push((&self.tables.state, ItemKey::tenant_key(tenant)));
        }
        let items = get_many(&self.client, wanted).await?;
        let subject_keys = read_subject_keys(&items, tenant, subjects)?;
        let tenant_key = match cached {
            Some(key) => Some(key),
            None if subject_keys.is_empty() => None,
            None => {
                let item = items.get(&ItemKey::tenant_key(tenant)).ok_or_else(no_tenant_key)?;
                Some(self.unwrap_tenant_key(tenant, &read_wrapped(item)?).await?)
            }
        };
        Ok((subject_keys, tenant_key))
    }

    /// The plaintext of a tenant's key: from memory, or unwrapped from `given` (a tenant that is being created) or from
    /// its item.
    pub(crate) async fn tenant_key(
        &self,
        tenant: OrganizationId,
        given: Option<&WrappedKey>,
    ) -> Result<DataKey, StoreError> {
        if let Some(key) = self.tenant_keys.as_ref().ok_or_else(no_tenant_keys)?.cached(tenant) {
            return Ok(key);
        }
        if let Some(wrapped) = given {
            return self.unwrap_tenant_key(tenant, wrapped).await;
        }
        let item = self.get(&self.tables.state, &ItemKey::tenant_key(tenant)).await?;
        self.unwrap_tenant_key(tenant, &read_wrapped(&item.ok_or_else(no_tenant_key)?)?).await
    }

    async fn unwrap_tenant_key(
        &self,
        tenant: OrganizationId,
        wrapped: &WrappedKey,
    ) -> Result<DataKey, StoreError> {
        let keys = self.tenant_keys.as_ref().ok_or_else(no_tenant_keys)?;
        Ok(keys.unwrap(tenant, wrapped).await?)
    }

    async fn get(&self, table: &str, key: &ItemKey) -> Result<Option<Item>, StoreError> {
        let request = self.client.get_item().table_name(table).set_key(Some(key.attributes()));
        match request.consistent_read(true).send().await {
            Ok(answer) => Ok(answer.item),
            Err(error) => Err(failed("GetItem", error)),
        }
    }
}

/// Attribute of wrapped keys.
pub(crate) const WRAPPED: &str = "wrapped";
/// Attributes of a unique value's holder.
pub(crate) const TENANT_ID: &str = "tenant_id";
pub(crate) const HOLDER_TYPE: &str = "holder_type";
pub(crate) const HOLDER_ID: &str = "holder_id";

/// Unwraps the keys of subjects.
pub(crate) fn unwrap_subject_keys(
    tenant: OrganizationId,
    tenant_key: &DataKey,
    wrapped: &SubjectKeys,
) -> Result<HashMap<SubjectId, DataKey>, StoreError> {
    wrapped
        .iter()
        .map(|(subject, wrapped)| Ok((*subject, seal::unwrap(tenant_key, tenant, *subject, wrapped)?)))
        .collect()
}

fn read_subject_keys(
    items: &HashMap<ItemKey, Item>,
    tenant: OrganizationId,
    subjects: &[SubjectId],
) -> Result<SubjectKeys, StoreError> {
    subjects
        .iter()
        .filter_map(|subject| Some((*subject, items.get(&ItemKey::subject(tenant, *subject))?)))
        .map(|(subject, item)| Ok((subject, read_wrapped(item)?)))
        .collect()
}

fn read_wrapped(item: &Item) -> Result<WrappedKey, StoreError> {
    Ok(WrappedKey(read_binary(item, WRAPPED)?.to_vec()))
}

fn no_tenant_keys() -> StoreError {
    KeyError::Unavailable(NoTenantKeys.into()).into()
}

fn no_tenant_key() -> StoreError {
    KeyError::Invalid(NoTenantKey.into()).into()
}
