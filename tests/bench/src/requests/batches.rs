//! Requests about batches. No file is uploaded, so every batch waits for its own.

use super::{LISTED, organizations, people, repeated};
use crate::event::Event;
use crate::world::{World, body, text};
use xtask::error::Error;

/// The open batches of an organization, which is their limit.
const OPEN_OF_ONE: u32 = 10;

pub(super) fn events(
    world: &mut World,
    name: &str,
    sample: &Event,
    requests: u32,
) -> Result<Vec<Event>, Error> {
    match name {
        "create-batch" => {
            let organizations = organizations(world, requests, OPEN_OF_ONE);
            organizations.iter().map(|organization| new_batch(world, organization)).collect()
        }
        "cancel-batch" => {
            let batches = batches(world, requests)?;
            batches.iter().map(|(by, id)| cancellation(world, sample, by, id)).collect()
        }
        "get-batch" => {
            let (organization, id) = batches(world, 1)?.pop().unwrap_or_default();
            let readers = people(world, requests, super::READS_OF_ONE);
            readers.iter().map(|reader| sample.clone().by(&organization, reader)?.about(&id)).collect()
        }
        "list-batches" => {
            let organization = organization_with_batches(world)?;
            let readers = people(world, requests, super::READS_OF_ONE);
            readers.iter().map(|reader| sample.clone().by(&organization, reader)).collect()
        }
        _ => {
            // One batch waits for its file. A second one would make the requests of the next run more expensive.
            if !world.has_open_batch {
                batches(world, 1)?;
                world.has_open_batch = true;
            }
            Ok(repeated(sample, requests))
        }
    }
}

fn new_batch(world: &mut World, organization: &str) -> Result<Event, Error> {
    let key = world.idempotency_key();
    let sample = Event::sample("ai", "create-batch")?.by(organization, &world.home.account)?;
    sample.with_header("Idempotency-Key", &key)
}

/// Creates `count` batches and returns their identifiers, each after its organization.
fn batches(world: &mut World, count: u32) -> Result<Vec<(String, String)>, Error> {
    let organizations = organizations(world, count, OPEN_OF_ONE);
    let events = organizations.iter().map(|organization| new_batch(world, organization));
    let events = events.collect::<Result<_, _>>()?;
    let ids = created(world, events)?;
    Ok(organizations.into_iter().zip(ids).collect())
}

fn created(world: &World, events: Vec<Event>) -> Result<Vec<String>, Error> {
    let answers = world.invoke("create-batch", events)?;
    Ok(answers.iter().map(|answer| text(&body(answer), "id")).collect())
}

fn cancellation(world: &mut World, sample: &Event, organization: &str, id: &str) -> Result<Event, Error> {
    let key = world.idempotency_key();
    let event = sample.clone().by(organization, &world.home.account)?.about(id)?;
    event.with_header("Idempotency-Key", &key)
}

/// An organization with a full page of cancelled batches. Only some may be open at once, so they are cancelled before the
/// next ones are created.
fn organization_with_batches(world: &mut World) -> Result<String, Error> {
    let organization = world.organization();
    let cancel = Event::sample("ai", "cancel-batch")?;
    let mut left = LISTED;
    while left > 0 {
        let open = left.min(OPEN_OF_ONE);
        let events = (0..open).map(|_| new_batch(world, &organization)).collect::<Result<_, _>>()?;
        let ids = created(world, events)?;
        let events = ids.iter().map(|id| cancellation(world, &cancel, &organization, id));
        let events = events.collect::<Result<_, _>>()?;
        world.invoke("cancel-batch", events)?;
        left -= open;
    }
    Ok(organization)
}
