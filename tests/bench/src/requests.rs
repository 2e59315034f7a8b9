//! The requests with which a function is measured: its sample from `events/`, repeated, with existing data and with
//! different keys, identifiers and tokens for each request. Requests are spread over people, as in production, so that
//! no limit is reached.

use super::event::{Event, another_id};
use super::function::Function;
use super::world::{Account, World, body, text};
use runtime_api::Source;
use serde_json::{Value, json};
use xtask::error::Error;

/// The requests of one person: fewer than the limits of reads and of scores.
const READS_OF_ONE: u32 = 80;
const SCORES_OF_ONE: u32 = 8;
/// The entries of a list.
const LISTED: u32 = 20;

/// `requests` requests for a function.
pub(crate) fn source(world: &mut World, function: &Function, requests: u32) -> Result<Source, Error> {
    if requests == 0 {
        return Ok(Box::new(|_| None));
    }
    let sample = Event::sample(&function.context, &function.name)?;
    match function.name.as_str() {
        "refresh-session" => return refreshes(world, sample, requests),
        "update-lead" => return updates(world, sample, requests),
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
    let sample = || sample.clone();
    let home = world.home.clone();
    match function.name.as_str() {
        "register-account" => (0..requests).map(|_| Ok(world.registration()?.0)).collect(),
        "login" => Ok(world.logins(requests)?.into_iter().map(|(event, _)| event).collect()),
        "logout" => {
            let sessions = world.sessions(requests)?.into_iter();
            let end = |event: Event, account: &Account, session: &str| {
                event.by(&account.organization, &account.account)?.in_session(session)
            };
            sessions.map(|session| end(sample(), &session.account, &session.session)).collect()
        }
        "authorize-request" => {
            let session = world.sessions(1)?.into_iter().next();
            let token = session.map(|session| format!("Bearer {}", session.access_token)).unwrap_or_default();
            (0..requests).map(|_| sample().with_header("Authorization", &token)).collect()
        }
        "get-profile" | "get-organization" => {
            let accounts = world.accounts(requests.div_ceil(READS_OF_ONE))?;
            let turns = accounts.iter().cycle().take(usize::try_from(requests).unwrap_or_default());
            turns.map(|account| sample().by(&account.organization, &account.account)).collect()
        }
        "create-api-key" => (0..requests).map(|_| world.new_api_key()).collect(),
        "list-api-keys" => {
            world.api_keys(LISTED)?;
            let readers = people(world, requests, READS_OF_ONE);
            readers.iter().map(|reader| sample().by(&home.organization, reader)).collect()
        }
        "revoke-api-key" => {
            let keys = world.api_keys(requests)?;
            keys.iter().map(|key| sample().by(&home.organization, &home.account)?.about(key)).collect()
        }
        "create-lead" => (0..requests).map(|_| world.new_lead()).collect(),
        "get-lead" => {
            let lead = world.leads(1)?.pop().unwrap_or_default();
            let readers = people(world, requests, READS_OF_ONE);
            readers.iter().map(|reader| sample().by(&home.organization, reader)?.about(&lead)).collect()
        }
        "list-leads" => {
            for lead in world.leads(LISTED)? {
                let scorer = world.colleague();
                let event = scored(world, Event::sample("sales", "score-lead")?, &scorer, &lead)?;
                world.invoke("score-lead", vec![event])?;
            }
            let readers = people(world, requests, READS_OF_ONE);
            // A full page, whatever the scores are.
            let read = |reader: &String| {
                let everything = sample().with("/queryStringParameters/min_score", "0")?;
                let everything =
                    everything.with("/multiValueQueryStringParameters/min_score", json!(["0"]))?;
                everything.by(&home.organization, reader)
            };
            readers.iter().map(read).collect()
        }
        "delete-lead" => {
            let leads = world.leads(requests)?;
            leads.iter().map(|lead| sample().by(&home.organization, &home.account)?.about(lead)).collect()
        }
        "score-lead" => {
            let leads = world.leads(requests)?;
            let scorers = people(world, requests, SCORES_OF_ONE);
            leads.iter().zip(scorers).map(|(lead, scorer)| scored(world, sample(), &scorer, lead)).collect()
        }
        "list-notifications" => {
            let recipients: Vec<String> =
                (0..requests.div_ceil(READS_OF_ONE)).map(|_| world.colleague()).collect();
            for recipient in &recipients {
                world.notifications(LISTED, recipient)?;
            }
            let turns = recipients.iter().cycle().take(usize::try_from(requests).unwrap_or_default());
            turns.map(|recipient| sample().by(&home.organization, recipient)).collect()
        }
        "mark-notification-read" => {
            let recipient = world.colleague();
            let notifications = world.notifications(requests, &recipient)?;
            let mark = |world: &mut World, id: &String| {
                let key = world.idempotency_key();
                let event = sample().by(&home.organization, &recipient)?.about(id)?;
                event.with_header("Idempotency-Key", &key)
            };
            notifications.iter().map(|id| mark(world, id)).collect()
        }
        "notify-in-app" | "record-audit" => {
            let delivered = |_| Ok(world.bus_event(&function.context, &function.name, &home.account)?.0);
            (0..requests).map(delivered).collect()
        }
        "relay-events" => (0..requests).map(|_| relayed(sample(), world.number())).collect(),
        // The answer is the same for every caller.
        _ => Ok((0..requests).map(|_| sample()).collect()),
    }
}

/// The person of each request, if one person makes at most `of_one` requests.
pub(crate) fn people(world: &mut World, requests: u32, of_one: u32) -> Vec<String> {
    let people: Vec<String> = (0..requests.div_ceil(of_one)).map(|_| world.colleague()).collect();
    let turns = people.iter().flat_map(|one| (0..of_one).map(move |_| one.clone()));
    turns.take(usize::try_from(requests).unwrap_or_default()).collect()
}

fn scored(world: &mut World, sample: Event, scorer: &str, lead: &str) -> Result<Event, Error> {
    let key = world.idempotency_key();
    let organization = world.home.organization.clone();
    sample.by(&organization, scorer)?.about(lead)?.with_header("Idempotency-Key", &key)
}

fn relayed(sample: Event, number: u32) -> Result<Event, Error> {
    let record = "/Records/0/dynamodb";
    let id = another_id("event_01jd2x5k8rf4w0n5v8x7a1s2tb", number);
    sample
        .with(&format!("{record}/NewImage/event_id/S"), id)?
        .with(&format!("{record}/SequenceNumber"), format!("44215845{number:020}"))
}

/// Refreshes, each with the token from the answer before it.
fn refreshes(world: &mut World, sample: Event, requests: u32) -> Result<Source, Error> {
    let session = world.sessions(1)?.into_iter().next();
    let mut token = session.map(|session| session.refresh_token).unwrap_or_default();
    let mut left = requests;
    Ok(Box::new(move |last| {
        if let Some(answer) = last {
            token = text(&body(answer), "refresh_token");
        }
        left = left.checked_sub(1)?;
        Some(sample.clone().with_body(&json!({"refresh_token": token})).ok()?.0)
    }))
}

/// Updates, each of the version that the one before it wrote, and each with another size.
fn updates(world: &mut World, sample: Event, requests: u32) -> Result<Source, Error> {
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
