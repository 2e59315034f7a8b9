//! Typed reading of lists. Every use case that lists, counts or goes through aggregates reads them here.

use domain::{Aggregate, Versioned};
use ports::{AggregateKey, ListQuery, ListedEntry, ListedState, Page, Store, StoreError};
use serde::de::DeserializeOwned;

/// A page of a list.
///
/// # Errors
///
/// That of the store, and of the first entry that can't be read.
pub async fn page<A: Aggregate>(
    store: &dyn Store,
    query: &ListQuery,
) -> Result<Page<Versioned<A>>, StoreError> {
    page_of_parts::<A, A>(store, query).await
}

/// A page of a list of `A`, with the part of each aggregate that the caller shows. It takes less time to read.
///
/// # Errors
///
/// As [`page`].
pub async fn page_of_parts<A: Aggregate, Part: DeserializeOwned>(
    store: &dyn Store,
    query: &ListQuery,
) -> Result<Page<Versioned<Part>>, StoreError> {
    let page = store.list(query).await?;
    let decode = |entry: ListedEntry| entry.and_then(|listed| listed.stored.decode_part::<A, Part>());
    Ok(Page { items: page.items.into_iter().map(decode).collect::<Result<_, _>>()?, next: page.next })
}

/// The number of aggregates in a list that satisfy `counts`. Counting ends with the page on which `most` is reached.
///
/// # Errors
///
/// As [`page`].
pub async fn count<A: Aggregate>(
    store: &dyn Store,
    mut query: ListQuery,
    most: usize,
    counts: impl Fn(&A) -> bool,
) -> Result<usize, StoreError> {
    let mut found = 0;
    loop {
        let page = page::<A>(store, &query).await?;
        found += page.items.iter().filter(|item| counts(&item.state)).count();
        match page.next {
            Some(next) if found < most => query.after = Some(next),
            _ => return Ok(found),
        }
    }
}

/// The keys of a list that a job goes through, and the failures of entries that can't be read, which do not stop the others.
#[derive(Debug, Default)]
pub struct ListedKeys {
    /// The keys, in the order of the list.
    pub keys: Vec<AggregateKey>,
    /// The failures.
    pub failures: Vec<StoreError>,
}

/// The keys of at most `most` aggregates of a list.
///
/// # Errors
///
/// That of the store.
pub async fn keys(store: &dyn Store, mut query: ListQuery, most: usize) -> Result<ListedKeys, StoreError> {
    let mut listed = ListedKeys::default();
    loop {
        let page = store.list(&query).await?;
        for entry in page.items {
            match entry {
                Ok(ListedState { key, .. }) => listed.keys.push(key),
                Err(failure) => listed.failures.push(failure),
            }
        }
        match page.next {
            Some(next) if listed.keys.len() < most => query.after = Some(next),
            _ => break,
        }
    }
    listed.keys.truncate(most);
    Ok(listed)
}
