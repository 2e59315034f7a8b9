//! The requests with which a function is measured: its sample from `events/`, repeated, with existing data and with
//! different keys, identifiers and tokens for each request. Requests are spread over people and organizations, as in
//! production, so that no limit is reached. A function without requests here is an error and never left out.

mod ai;
mod batches;
mod identity;
mod sales;
mod tenancy;

use super::event::{Event, another_id};
use super::function::Function;
use super::world::World;
use runtime_api::Source;
use serde_json::json;
use xtask::error::Error;

/// The reads of one person: fewer than the limit of a minute.
const READS_OF_ONE: u32 = 80;
/// The entries of a list.
const LISTED: u32 = 20;

/// `requests` requests for a function.
pub(crate) fn source(world: &mut World, function: &Function, requests: u32) -> Result<Source, Error> {
    if requests == 0 {
        return Ok(Box::new(|_| None));
    }
    let sample = Event::sample(&function.context, &function.name)?;
    // Requests that depend on the answer to the one before.
    match function.name.as_str() {
        "refresh-session" => return identity::refreshes(world, sample, requests),
        "update-lead" => return sales::updates(world, sample, requests),
        "update-budget" => return Ok(ai::budgets(world, sample, requests)),
        _ => {}
    }
    let mut events = events(world, function, &sample, requests)?.into_iter();
    Ok(Box::new(move |_| Some(events.next()?.0)))
}

fn events(
    world: &mut World,
    function: &Function,
    sample: &Event,
    requests: u32,
) -> Result<Vec<Event>, Error> {
    let name = function.name.as_str();
    match function.context.as_str() {
        "ai" => ai::events(world, name, sample, requests),
        "analytics" => analytics(world, name, sample, requests),
        "identity" => identity::events(world, name, sample, requests),
        "notifications" => notifications(world, name, sample, requests),
        "platform" => platform(world, name, sample, requests),
        "sales" => sales::events(world, name, sample, requests),
        "tenancy" => tenancy::events(world, name, sample, requests),
        _ => Err(unwritten(name)),
    }
}

/// The error for a function that has no requests.
fn unwritten(name: &str) -> Error {
    Error::Content(format!("{name} has no requests to measure it with: add them to tests/bench/src/requests"))
}

fn analytics(world: &mut World, name: &str, sample: &Event, requests: u32) -> Result<Vec<Event>, Error> {
    match name {
        "get-usage" | "get-billing" => reads(world, sample, requests),
        _ => Err(unwritten(name)),
    }
}

fn notifications(world: &mut World, name: &str, sample: &Event, requests: u32) -> Result<Vec<Event>, Error> {
    let home = world.home.clone();
    match name {
        "list-notifications" => {
            let recipients: Vec<String> =
                (0..requests.div_ceil(READS_OF_ONE)).map(|_| world.colleague()).collect();
            for recipient in &recipients {
                world.notifications(LISTED, recipient)?;
            }
            let turns = recipients.iter().cycle().take(usize::try_from(requests).unwrap_or_default());
            turns.map(|recipient| sample.clone().by(&home.organization, recipient)).collect()
        }
        "mark-notification-read" => {
            let recipient = world.colleague();
            let notifications = world.notifications(requests, &recipient)?;
            let mark = |world: &mut World, id: &String| {
                let key = world.idempotency_key();
                let event = sample.clone().by(&home.organization, &recipient)?.about(id)?;
                event.with_header("Idempotency-Key", &key)
            };
            notifications.iter().map(|id| mark(world, id)).collect()
        }
        "notify-in-app" => deliveries(world, "notifications", name, requests),
        _ => Err(unwritten(name)),
    }
}

fn platform(world: &mut World, name: &str, sample: &Event, requests: u32) -> Result<Vec<Event>, Error> {
    match name {
        "list-jobs" => reads(world, sample, requests),
        "get-job" => {
            let jobs = tenancy::exports(world, requests)?;
            let account = world.home.account.clone();
            jobs.iter().map(|(by, job)| sample.clone().by(by, &account)?.about(job)).collect()
        }
        "cancel-job" => {
            let jobs = tenancy::exports(world, requests)?;
            let account = world.home.account.clone();
            jobs.iter().map(|(by, job)| sample.clone().by(by, &account)?.about(job)).collect()
        }
        // The job of the sample is unknown, so what is measured is the delivery.
        "run-audit-export" => deliveries(world, "platform", name, requests),
        "sign-audit-checkpoints" => Ok(repeated(sample, requests)),
        "record-audit" => deliveries(world, "platform", name, requests),
        "relay-events" => (0..requests).map(|_| relayed(sample.clone(), world.number())).collect(),
        "get-flags" => reads(world, sample, requests),
        // The answers are the same for every caller.
        "describe-methods" | "get-api-docs" | "get-health" | "get-openapi" => Ok(repeated(sample, requests)),
        _ => Err(unwritten(name)),
    }
}

/// The sample itself, for functions whose work does not depend on the event.
fn repeated(sample: &Event, requests: u32) -> Vec<Event> {
    (0..requests).map(|_| sample.clone()).collect()
}

/// Reads by people of [`World::home`].
fn reads(world: &mut World, sample: &Event, requests: u32) -> Result<Vec<Event>, Error> {
    let organization = world.home.organization.clone();
    let readers = people(world, requests, READS_OF_ONE);
    readers.iter().map(|reader| sample.clone().by(&organization, reader)).collect()
}

/// New bus events of [`World::home`] in the messages of a queue.
fn deliveries(world: &mut World, context: &str, name: &str, requests: u32) -> Result<Vec<Event>, Error> {
    let owner = world.home.account.clone();
    (0..requests).map(|_| Ok(world.bus_event(context, name, &owner)?.0)).collect()
}

/// The person of each request, if one person makes at most `of_one` requests.
pub(crate) fn people(world: &mut World, requests: u32, of_one: u32) -> Vec<String> {
    in_turns(requests, of_one, || world.colleague())
}

/// The organization of each request, if each makes at most `of_one` requests. They have no earlier requests.
fn organizations(world: &mut World, requests: u32, of_one: u32) -> Vec<String> {
    in_turns(requests, of_one, || world.organization())
}

fn in_turns(requests: u32, of_one: u32, mut next: impl FnMut() -> String) -> Vec<String> {
    let all: Vec<String> = (0..requests.div_ceil(of_one)).map(|_| next()).collect();
    let turns = all.iter().flat_map(|one| (0..of_one).map(move |_| one.clone()));
    turns.take(usize::try_from(requests).unwrap_or_default()).collect()
}

fn relayed(sample: Event, number: u32) -> Result<Event, Error> {
    let record = "/Records/0/dynamodb";
    let id = another_id("event_01jd2x5k8rf4w0n5v8x7a1s2tb", number);
    sample
        .with(&format!("{record}/NewImage/event_id/S"), id)?
        .with(&format!("{record}/SequenceNumber"), format!("44215845{number:020}"))
}

/// A full page of a list of leads, whatever the scores are.
fn any_score(sample: Event) -> Result<Event, Error> {
    let everything = sample.with("/queryStringParameters/min_score", "0")?;
    everything.with("/multiValueQueryStringParameters/min_score", json!(["0"]))
}
