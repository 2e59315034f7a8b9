//! Requests of the tenancy context.

use super::{LISTED, READS_OF_ONE, identity, organizations, people, unwritten};
use crate::event::Event;
use crate::world::{World, body, text};
use xtask::error::Error;

/// The new API keys of one organization: fewer than the limit of a day.
const KEYS_OF_ONE: u32 = 40;

pub(super) fn events(
    world: &mut World,
    name: &str,
    sample: &Event,
    requests: u32,
) -> Result<Vec<Event>, Error> {
    let account = world.home.account.clone();
    match name {
        "get-organization" => identity::of_registered(world, sample, requests),
        "list-members" => identity::of_registered(world, sample, requests),
        // The admin is sent as it is: organizations of the bench have no other member.
        "update-member" => {
            let admins = world.accounts(requests.div_ceil(READS_OF_ONE))?;
            let turns = admins.iter().cycle().take(usize::try_from(requests).unwrap_or_default());
            let same = serde_json::json!({"role": "admin", "status": "active"});
            let replace = |admin: &crate::world::Account| {
                let event = sample.clone().by(&admin.organization, &admin.account)?.about(&admin.account)?;
                event.with_body(&same)
            };
            turns.map(replace).collect()
        }
        "create-api-key" => Ok(new_keys(world, requests)?.into_iter().map(|(event, _)| event).collect()),
        "list-api-keys" => {
            let organization = created(world, LISTED)?.pop().map(|(organization, _)| organization);
            let organization = organization.unwrap_or_default();
            let readers = people(world, requests, READS_OF_ONE);
            readers.iter().map(|reader| sample.clone().by(&organization, reader)).collect()
        }
        "revoke-api-key" => {
            let keys = created(world, requests)?;
            keys.iter().map(|(by, key)| sample.clone().by(by, &account)?.about(key)).collect()
        }
        "list-audit-entries" => super::reads(world, sample, requests),
        "export-audit-entries" => {
            Ok(new_exports(world, requests)?.into_iter().map(|(event, _)| event).collect())
        }
        _ => Err(unwritten(name)),
    }
}

/// The exports of the audit log of one organization: fewer than the limit of a day.
const EXPORTS_OF_ONE: u32 = 15;

/// Exports of the audit log, each with its organization.
fn new_exports(world: &mut World, count: u32) -> Result<Vec<(Event, String)>, Error> {
    let account = world.home.account.clone();
    let organizations = organizations(world, count, EXPORTS_OF_ONE).into_iter();
    let export = |organization: String| {
        let key = world.idempotency_key();
        let sample = Event::sample("tenancy", "export-audit-entries")?.by(&organization, &account)?;
        Ok((sample.with_header("Idempotency-Key", &key)?, organization))
    };
    organizations.map(export).collect()
}

/// Starts `count` exports and returns their jobs, each after its organization.
pub(super) fn exports(world: &mut World, count: u32) -> Result<Vec<(String, String)>, Error> {
    let (events, organizations): (Vec<_>, Vec<_>) = new_exports(world, count)?.into_iter().unzip();
    let answers = world.invoke("export-audit-entries", events)?;
    Ok(organizations.into_iter().zip(answers.iter().map(|answer| text(&body(answer), "id"))).collect())
}

/// Creations of API keys, each with its organization.
fn new_keys(world: &mut World, count: u32) -> Result<Vec<(Event, String)>, Error> {
    let account = world.home.account.clone();
    let organizations = organizations(world, count, KEYS_OF_ONE).into_iter();
    let creation = |organization: String| {
        let key = world.idempotency_key();
        let sample = Event::sample("tenancy", "create-api-key")?.by(&organization, &account)?;
        Ok((sample.with_header("Idempotency-Key", &key)?, organization))
    };
    organizations.map(creation).collect()
}

/// Creates `count` API keys and returns their identifiers, each after its organization.
fn created(world: &mut World, count: u32) -> Result<Vec<(String, String)>, Error> {
    let (events, organizations): (Vec<_>, Vec<_>) = new_keys(world, count)?.into_iter().unzip();
    let answers = world.invoke("create-api-key", events)?;
    Ok(organizations.into_iter().zip(answers.iter().map(|answer| text(&body(answer), "id"))).collect())
}
