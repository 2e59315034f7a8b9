//! Requests of the identity context.

use super::{READS_OF_ONE, repeated, unwritten};
use crate::event::Event;
use crate::world::{Account, World, body, text};
use runtime_api::Source;
use serde_json::json;
use xtask::error::Error;

pub(super) fn events(
    world: &mut World,
    name: &str,
    sample: &Event,
    requests: u32,
) -> Result<Vec<Event>, Error> {
    let sample = || sample.clone();
    match name {
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
        "get-profile" | "list-passkeys" => of_registered(world, &sample(), requests),
        "request-email-verification" => of_registered(world, &sample(), requests),
        // Addresses without an account take the same work.
        "request-password-reset" => (0..requests)
            .map(|number| sample().with_body(&json!({"email": format!("nobody-{number}@bench.example")})))
            .collect(),
        // Tokens come by mail; these are unknown and are refused after the look-up.
        "reset-password" | "verify-email" => Ok(repeated(&sample(), requests)),
        // The account of the sample does not exist, so nothing is sent.
        "send-mail" => Ok(repeated(&sample(), requests)),
        // Of two requests by one person the second changes nothing, so each has another name.
        "update-profile" => {
            of_registered(world, &sample(), requests)?.into_iter().zip(0_u32..).map(renamed).collect()
        }
        // A session lists itself; each of the others ends its own.
        "list-sessions" => of_sessions(world, &sample(), requests),
        "revoke-session" => {
            let sessions = world.sessions(requests)?.into_iter();
            let end = |event: Event, account: &Account, session: &str| {
                event.by(&account.organization, &account.account)?.in_session(session)?.about(session)
            };
            sessions.map(|session| end(sample(), &session.account, &session.session)).collect()
        }
        // Each account has one session, which is the current one, so each request reads the list and ends nothing.
        "revoke-other-sessions" => of_sessions(world, &sample(), requests),
        // The answer is the same for every caller.
        "get-jwks" | "get-openid-configuration" | "create-passkey-login-options" => {
            Ok(repeated(&sample(), requests))
        }
        _ => Err(unwritten(name)),
    }
}

/// A change of the name whatever the version is.
fn renamed((event, number): (Event, u32)) -> Result<Event, Error> {
    let preferences = json!({"locale": "en-GB", "time_zone": "Europe/London", "theme": "dark"});
    let body = json!({"name": format!("Ada King {number}"), "preferences": preferences});
    event.with_header("If-Match", "*")?.with_body(&body)
}

/// Requests by people in their own sessions, the same few people again and again.
fn of_sessions(world: &mut World, sample: &Event, requests: u32) -> Result<Vec<Event>, Error> {
    let sessions = world.sessions(requests.div_ceil(READS_OF_ONE))?;
    let turns = sessions.iter().cycle().take(usize::try_from(requests).unwrap_or_default());
    turns
        .map(|session| {
            let event = sample.clone().by(&session.account.organization, &session.account.account)?;
            event.in_session(&session.session)
        })
        .collect()
}

/// Reads by the administrators of registered organizations.
pub(super) fn of_registered(world: &mut World, sample: &Event, requests: u32) -> Result<Vec<Event>, Error> {
    let accounts = world.accounts(requests.div_ceil(READS_OF_ONE))?;
    let turns = accounts.iter().cycle().take(usize::try_from(requests).unwrap_or_default());
    turns.map(|account| sample.clone().by(&account.organization, &account.account)).collect()
}

/// Refreshes, each with the token from the answer before it.
pub(super) fn refreshes(world: &mut World, sample: Event, requests: u32) -> Result<Source, Error> {
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
