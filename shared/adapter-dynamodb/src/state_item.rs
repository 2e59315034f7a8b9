//! The item of a current state: the document, its version, and the keys under which lists find it. The values by which
//! lists are narrowed stand beside it.
//!
//! The document is JSON in a binary attribute. As a text attribute each of its quotes is escaped on the wire, which takes longer
//! than to decode it; as a map of attributes the SDK makes a value of each field.

use crate::keys::{Item, ItemKey, PK};
use crate::list_entry::{Index, add_entries, filter_attribute, filter_value};
use crate::shards::ListShards;
use crate::value::{binary, digits, read_binary, read_number};
use ports::{Change, StoreError, StoredState};

/// The document, as JSON.
const STATE: &str = "state";
/// The version of the shape of the document.
pub(crate) const SCHEMA_VERSION: &str = "schema_version";
/// The number of events that were folded.
pub(crate) const VERSION: &str = "version";
/// When the item expires, Unix seconds; the ephemeral table's TTL attribute.
pub(crate) const EXPIRES_AT: &str = "expires_at";
/// The item of the state after a change.
pub(crate) fn state_item(change: &Change, version: u64, shards: &ListShards) -> Item {
    let mut item = ItemKey::state(&change.key).attributes();
    item.insert(VERSION.to_owned(), digits(version));
    item.insert(STATE.to_owned(), binary(change.state.state.to_string()));
    item.insert(SCHEMA_VERSION.to_owned(), digits(change.state.schema_version));
    if let Some(expires_at) = change.state.expires_at {
        item.insert(EXPIRES_AT.to_owned(), digits(expires_at.seconds()));
    }
    add_entries(&mut item, &change.key, &change.state.lists, shards);
    if !change.state.lists.is_empty() {
        for (filter, value) in &change.state.filters {
            item.insert(filter_attribute(*filter), filter_value(value));
        }
    }
    item
}

/// The attributes of a found item that a list reads. An item has up to twenty, most of them keys of lists, and each that
/// is answered costs the reader a name, a value and two allocations.
pub(crate) const PROJECTION: &str = "#item, #place, #version, #schema_version, #state";

/// The names in [`PROJECTION`], for items of this index.
pub(crate) fn projected_names(index: Index) -> impl Iterator<Item = (String, String)> {
    let names = [
        ("#item", PK),
        ("#place", index.sk),
        ("#version", VERSION),
        ("#schema_version", SCHEMA_VERSION),
        ("#state", STATE),
    ];
    names.into_iter().map(|(name, attribute)| (name.to_owned(), attribute.to_owned()))
}

/// Reads the document and its versions. A state without a schema version has the first one.
pub(crate) fn read_state_item(item: &Item) -> Result<StoredState, StoreError> {
    let state = std::str::from_utf8(read_binary(item, STATE)?).map_err(|_| StoreError::Malformed(STATE))?;
    let schema_version =
        if item.contains_key(SCHEMA_VERSION) { read_number(item, SCHEMA_VERSION)? } else { 1 };
    Ok(StoredState { version: read_number(item, VERSION)?, schema_version, state: state.to_owned() })
}
