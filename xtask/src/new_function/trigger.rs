//! The trigger of a new function, in the form of the command line.

use super::names::wrong;
use crate::error::Error;

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// The trigger of a function.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Trigger {
    /// A route of the API.
    Http(Route),
    /// An event type, received through a queue.
    Queue(String),
    /// A rate or cron expression of EventBridge.
    Schedule(String),
}

/// A route.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Route {
    /// The method, in upper case.
    pub(super) method: String,
    /// The path, such as `/v1/leads/{id}`.
    pub(super) path: String,
}

impl Route {
    /// Whether its requests count as reads of their caller.
    pub(super) fn is_read(&self) -> bool {
        self.method == "GET"
    }

    /// The names of the path's parameters.
    pub(super) fn parameters(&self) -> impl Iterator<Item = &str> {
        self.path.split('/').filter_map(parameter)
    }
}

/// The name in a path segment such as `{id}`.
pub(super) fn parameter(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

impl Trigger {
    /// Reads a trigger.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        match text.split_once(':') {
            Some(("http", route)) => route_of(route).map(Self::Http),
            Some(("queue", event_type)) => Ok(Self::Queue(event_type.to_owned())),
            Some(("schedule", expression)) => {
                check_schedule(expression)?;
                Ok(Self::Schedule(expression.to_owned()))
            }
            _ => wrong(format!(
                "{text} is not a trigger; write http:GET:/v1/..., queue:<event-type> or 'schedule:rate(1 hour)'"
            )),
        }
    }
}

fn route_of(text: &str) -> Result<Route, Error> {
    let Some((method, path)) = text.split_once(':') else {
        return wrong(format!(
            "http:{text} is not a route; write the method and the path, such as http:GET:/v1/leads"
        ));
    };
    if !METHODS.contains(&method) {
        return wrong(format!("{method} is not a method; write one of {}", METHODS.join(", ")));
    }
    let Some(below) = path.strip_prefix("/v1/") else {
        return wrong(format!(
            "{path} does not start with /v1/; every route of the API does, so write /v1/..."
        ));
    };
    for segment in below.split('/') {
        let right = match parameter(segment) {
            Some(name) => is_lower(name, '_'),
            None => is_lower(segment, '-'),
        };
        if !right {
            return wrong(format!(
                "{path}: the segment `{segment}` is neither lower-case words with hyphens, such as lead-notes, nor a \
                 parameter, such as {{id}}"
            ));
        }
    }
    let route = Route { method: method.to_owned(), path: path.to_owned() };
    let mut seen = Vec::new();
    for name in route.parameters() {
        if seen.contains(&name) {
            return wrong(format!("{path} has {{{name}}} twice; give each parameter a name of its own"));
        }
        seen.push(name);
    }
    Ok(route)
}

/// Words of lower-case letters and digits, starting with a letter.
fn is_lower(text: &str, between: char) -> bool {
    let word =
        |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    text.starts_with(|c: char| c.is_ascii_lowercase()) && text.split(between).all(word)
}

fn check_schedule(expression: &str) -> Result<(), Error> {
    let inside = |kind: &str| expression.strip_prefix(kind)?.strip_prefix('(')?.strip_suffix(')');
    if let Some(rate) = inside("rate") {
        return check_rate(rate);
    }
    if let Some(cron) = inside("cron") {
        return check_cron(cron);
    }
    wrong(format!(
        "{expression} is not a schedule; write 'rate(1 hour)' or 'cron(0 6 ? * MON *)', in quotes for the shell"
    ))
}

fn check_rate(rate: &str) -> Result<(), Error> {
    let parts = rate.split_once(' ').and_then(|(number, unit)| Some((number.parse::<u32>().ok()?, unit)));
    let right = match parts {
        Some((1, unit)) => ["minute", "hour", "day"].contains(&unit),
        Some((2.., unit)) => ["minutes", "hours", "days"].contains(&unit),
        _ => false,
    };
    if right {
        return Ok(());
    }
    wrong(format!(
        "rate({rate}) is not a rate; write a number and a unit that fits it: rate(1 hour), rate(5 minutes), rate(2 days)"
    ))
}

fn check_cron(cron: &str) -> Result<(), Error> {
    let fields: Vec<&str> = cron.split(' ').collect();
    let spelled = |field: &&str| {
        !field.is_empty()
            && field.chars().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase() || ",-*/?#".contains(c))
    };
    match fields.as_slice() {
        [_, _, day, _, weekday, _] if fields.iter().all(spelled) && (*day == "?") != (*weekday == "?") => {
            Ok(())
        }
        _ => wrong(format!(
            "cron({cron}) is not a schedule; write minute, hour, day of month, month, day of week and year in upper case, \
             with ? for one of the two days: cron(0 6 ? * MON *)"
        )),
    }
}
