//! Requests of the sales context.

use super::{LISTED, READS_OF_ONE, any_score, people, unwritten};
use crate::event::Event;
use crate::world::{World, body};
use runtime_api::Source;
use serde_json::{Value, json};
use xtask::error::Error;

/// The scores of one person, and requests for several scores: fewer than the limit of a minute.
const SCORES_OF_ONE: u32 = 8;
/// The leads of a request for several scores.
const SCORED_AT_ONCE: u32 = 2;

pub(super) fn events(
    world: &mut World,
    name: &str,
    sample: &Event,
    requests: u32,
) -> Result<Vec<Event>, Error> {
    let sample = || sample.clone();
    let home = world.home.clone();
    match name {
        "create-lead" => (0..requests).map(|_| world.new_lead()).collect(),
        "get-lead" => {
            let lead = world.leads(1)?.pop().unwrap_or_default();
            let readers = people(world, requests, READS_OF_ONE);
            readers.iter().map(|reader| sample().by(&home.organization, reader)?.about(&lead)).collect()
        }
        "list-leads" => {
            let scores = scores(world, &Event::sample("sales", "score-lead")?, LISTED)?;
            world.invoke("score-lead", scores)?;
            let readers = people(world, requests, READS_OF_ONE);
            readers.iter().map(|reader| any_score(sample())?.by(&home.organization, reader)).collect()
        }
        "delete-lead" => {
            let leads = world.leads(requests)?;
            leads.iter().map(|lead| sample().by(&home.organization, &home.account)?.about(lead)).collect()
        }
        "score-lead" => scores(world, &sample(), requests),
        "score-leads" => {
            let leads = world.leads(requests * SCORED_AT_ONCE)?;
            let scorers = people(world, requests, SCORES_OF_ONE);
            let at_once = usize::try_from(SCORED_AT_ONCE).unwrap_or(1);
            let several = |world: &mut World, scorer: &str, leads: &[String]| {
                keyed(world, sample().with_body(&json!({"lead_ids": leads}))?, scorer)
            };
            let leads = leads.chunks(at_once);
            leads.zip(scorers).map(|(leads, scorer)| several(world, &scorer, leads)).collect()
        }
        _ => Err(unwritten(name)),
    }
}

/// Scores of new leads, one in each request.
fn scores(world: &mut World, sample: &Event, requests: u32) -> Result<Vec<Event>, Error> {
    let leads = world.leads(requests)?;
    let scorers = people(world, requests, SCORES_OF_ONE);
    leads
        .iter()
        .zip(scorers)
        .map(|(lead, scorer)| keyed(world, sample.clone().about(lead)?, &scorer))
        .collect()
}

fn keyed(world: &mut World, sample: Event, account: &str) -> Result<Event, Error> {
    let key = world.idempotency_key();
    let organization = world.home.organization.clone();
    sample.by(&organization, account)?.with_header("Idempotency-Key", &key)
}

/// Updates, each of the version that the one before it wrote, and each with another size.
pub(super) fn updates(world: &mut World, sample: Event, requests: u32) -> Result<Source, Error> {
    let home = world.home.clone();
    let lead = world.leads(1)?.pop().unwrap_or_default();
    let sample = sample.by(&home.organization, &home.account)?.about(&lead)?;
    let mut version = 1;
    let mut left = requests;
    Ok(Box::new(move |last| {
        if let Some(answer) = last {
            version = body(answer).get("version").and_then(Value::as_u64).unwrap_or_default();
        }
        left = left.checked_sub(1)?;
        let mut changed = sample.body();
        *changed.get_mut("company_size")? = json!(1000 + left);
        let event = sample.clone().with_body(&changed).ok()?;
        Some(event.with_header("If-Match", &format!("\"{version}\"")).ok()?.0)
    }))
}
