//! Requests of the ai context. Prompts are spread over organizations, because a limit of the organization stands above
//! those of its accounts.

use super::{LISTED, deliveries, organizations, people, reads, repeated, unwritten};
use crate::event::Event;
use crate::world::{World, body, text};
use runtime_api::Source;
use serde_json::{Value, json};
use xtask::error::Error;

/// The prompts of one organization and account: fewer than the limit of a minute.
const PROMPTS_OF_ONE: u32 = 50;
/// The open fine-tunes of an organization, which is their limit.
const OPEN_OF_ONE: u32 = 3;

pub(super) fn events(
    world: &mut World,
    name: &str,
    sample: &Event,
    requests: u32,
) -> Result<Vec<Event>, Error> {
    match name {
        "create-chat-completion" | "create-completion" | "create-response" | "create-message" => {
            world.models.answer(requests)?;
            prompts(world, sample, requests)
        }
        // Vectors of a text are cached, so that each request has a text of its own.
        "create-embedding" => {
            embeddings(world, sample, requests, |text| json!({"texts": [text, "A second text."]}))
        }
        "create-openai-embedding" => embeddings(world, sample, requests, |text| json!({"input": text})),
        "list-models"
        | "list-openai-models"
        | "get-openai-model"
        | "get-budget"
        | "count-message-tokens"
        | "count-response-tokens" => reads(world, sample, requests),
        "meter-ai-usage" => deliveries(world, "ai", name, requests),
        "override-model-prices" => (0..requests).map(|number| prices(world, sample, number)).collect(),
        // As in nearly every minute, no process died in the middle of a request to a model.
        "settle-ai-usage" => Ok(repeated(sample, requests)),
        "create-fine-tune" => {
            Ok(new_fine_tunes(world, requests)?.into_iter().map(|(event, _)| event).collect())
        }
        "cancel-fine-tune" => {
            let fine_tunes = fine_tunes(world, requests)?;
            fine_tunes.iter().map(|(by, id)| cancellation(world, sample, by, id)).collect()
        }
        "get-fine-tune" => {
            let (organization, id) = fine_tunes(world, 1)?.pop().unwrap_or_default();
            let readers = people(world, requests, super::READS_OF_ONE);
            readers.iter().map(|reader| sample.clone().by(&organization, reader)?.about(&id)).collect()
        }
        "list-fine-tunes" => {
            let organization = organization_with_fine_tunes(world)?;
            let readers = people(world, requests, super::READS_OF_ONE);
            readers.iter().map(|reader| sample.clone().by(&organization, reader)).collect()
        }
        "create-batch" | "cancel-batch" | "get-batch" | "list-batches" | "advance-batches" => {
            super::batches::events(world, name, sample, requests)
        }
        "advance-fine-tunes" => {
            // One fine-tune waits for its file. A second one would make the requests of the next run more expensive.
            if !world.has_open_fine_tune {
                fine_tunes(world, 1)?;
                world.has_open_fine_tune = true;
            }
            Ok(repeated(sample, requests))
        }
        _ => Err(unwritten(name)),
    }
}

/// Requests to models. They have no temperature, so no answer comes from the cache.
fn prompts(world: &mut World, sample: &Event, requests: u32) -> Result<Vec<Event>, Error> {
    let organizations = organizations(world, requests, PROMPTS_OF_ONE);
    let accounts = people(world, requests, PROMPTS_OF_ONE);
    let callers = organizations.iter().zip(&accounts);
    callers.map(|(organization, account)| sample.clone().by(organization, account)).collect()
}

/// Requests for vectors, with these members in the body for each new text.
fn embeddings(
    world: &mut World,
    sample: &Event,
    requests: u32,
    members: impl Fn(String) -> Value,
) -> Result<Vec<Event>, Error> {
    let with_text = |event: Event, number: u32| {
        let mut body = event.body();
        if let (Some(body), Some(members)) =
            (body.as_object_mut(), members(format!("Text {number}.")).as_object())
        {
            body.extend(members.clone());
        }
        event.with_body(&body)
    };
    prompts(world, sample, requests)?
        .into_iter()
        .zip(0..)
        .map(|(event, number)| with_text(event, number))
        .collect()
}

/// Prices of [`World::home`] that differ from those of the request before.
fn prices(world: &mut World, sample: &Event, number: u32) -> Result<Event, Error> {
    let output = 2_000 + number % 2_000;
    sample
        .clone()
        .with("/organization_id", world.home.organization.clone())?
        .with("/prices/us.amazon.nova-pro-v1:0/output", format!("{}.{:03}", output / 1_000, output % 1_000))
}

/// Creations of fine-tunes, each with its organization.
fn new_fine_tunes(world: &mut World, count: u32) -> Result<Vec<(Event, String)>, Error> {
    let organizations = organizations(world, count, OPEN_OF_ONE);
    organizations
        .into_iter()
        .map(|organization| Ok((new_fine_tune(world, &organization)?, organization)))
        .collect()
}

fn new_fine_tune(world: &mut World, organization: &str) -> Result<Event, Error> {
    let key = world.idempotency_key();
    let sample = Event::sample("ai", "create-fine-tune")?.by(organization, &world.home.account)?;
    sample.with_header("Idempotency-Key", &key)
}

/// Creates `count` fine-tunes and returns their identifiers, each after its organization.
fn fine_tunes(world: &mut World, count: u32) -> Result<Vec<(String, String)>, Error> {
    let (events, organizations): (Vec<_>, Vec<_>) = new_fine_tunes(world, count)?.into_iter().unzip();
    Ok(organizations.into_iter().zip(created(world, events)?).collect())
}

fn created(world: &World, events: Vec<Event>) -> Result<Vec<String>, Error> {
    let answers = world.invoke("create-fine-tune", events)?;
    let id = |answer| text(body(answer).get("fine_tune").unwrap_or(&Value::Null), "id");
    Ok(answers.iter().map(id).collect())
}

fn cancellation(world: &mut World, sample: &Event, organization: &str, id: &str) -> Result<Event, Error> {
    let key = world.idempotency_key();
    let event = sample.clone().by(organization, &world.home.account)?.about(id)?;
    event.with_header("Idempotency-Key", &key)
}

/// An organization with a full page of canceled fine-tunes. Only a few may be open at once, so they are canceled before
/// the next ones are created.
fn organization_with_fine_tunes(world: &mut World) -> Result<String, Error> {
    let organization = world.organization();
    let cancel = Event::sample("ai", "cancel-fine-tune")?;
    let mut left = LISTED;
    while left > 0 {
        let open = left.min(OPEN_OF_ONE);
        let events = (0..open).map(|_| new_fine_tune(world, &organization)).collect::<Result<_, _>>()?;
        let ids = created(world, events)?;
        let events = ids.iter().map(|id| cancellation(world, &cancel, &organization, id));
        let events = events.collect::<Result<_, _>>()?;
        world.invoke("cancel-fine-tune", events)?;
        left -= open;
    }
    Ok(organization)
}

/// Budgets of an organization that had none, each replacing the version that the request before wrote.
pub(super) fn budgets(world: &mut World, sample: Event, requests: u32) -> Source {
    let (organization, account) = (world.organization(), world.home.account.clone());
    let mut version = 0;
    let mut left = requests;
    Box::new(move |last| {
        if let Some(answer) = last {
            version = body(answer).get("version").and_then(Value::as_u64).unwrap_or_default();
        }
        left = left.checked_sub(1)?;
        let mut changed = sample.body();
        *changed.get_mut("tenant_month_usd")? = json!((250 + left).to_string());
        let event = sample.clone().by(&organization, &account).ok()?.with_body(&changed).ok()?;
        Some(event.with_header("If-Match", &format!("\"{version}\"")).ok()?.0)
    })
}
