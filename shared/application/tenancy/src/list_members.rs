//! Lists the members of the organization, those who joined last first: one query.

use application_core::{Error, lists};
use domain::authority::{Authority, ReadMembers};
use domain::identity::Account;
use domain::tenancy::{Member, MemberPerson};
use domain::{AggregateType, Versioned};
use ports::{AggregateKey, ListQuery, ListScope, Page, Position, Store, StoredState};

/// A page of the members.
pub async fn list_members(
    store: &dyn Store,
    authority: &Authority<ReadMembers>,
    (limit, after): (u32, Option<Position>),
) -> Result<Page<Versioned<Member>>, Error> {
    let scope = ListScope::Organization(authority.tenant());
    let query = ListQuery::of::<Member>(Member::OF_ORGANIZATION_BY_TIME, scope, limit, after);
    let mut page = lists::page::<Member>(store, &query).await?;
    add_missing_persons(store, authority, &mut page.items).await?;
    Ok(page)
}

/// Members who were added before members had a copy of the person have their account in the same organization. Their names
/// are read there: one batch read, only for pages with such members.
async fn add_missing_persons(
    store: &dyn Store,
    authority: &Authority<ReadMembers>,
    members: &mut [Versioned<Member>],
) -> Result<(), Error> {
    let without = members.iter_mut().map(|member| &mut member.state).filter(|member| member.person.is_none());
    let without: Vec<&mut Member> =
        without.filter(|member| member.account_organization_id.is_none()).collect();
    if without.is_empty() {
        return Ok(());
    }
    let key = |member: &&mut Member| {
        AggregateKey::new(authority.tenant(), AggregateType::Account, &member.account_id)
    };
    let keys: Vec<AggregateKey> = without.iter().map(key).collect();
    let accounts = store.load_many(&keys).await?;
    for (member, account) in without.into_iter().zip(accounts) {
        let account = account.map(StoredState::decode::<Account>).transpose()?;
        let person = account.and_then(|account| account.state.person);
        member.person = person.map(|person| MemberPerson { email: person.email, name: person.name });
    }
    Ok(())
}
