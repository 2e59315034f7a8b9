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
        _ => Err(unwritten(name)),
    }
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
