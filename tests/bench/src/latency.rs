//! The duration of requests through the gateway of a running `make up`, measured by a client: one after the other, on
//! one connection, warm. It contains the emulator's own time, but no time of networks.

use super::world::text;
use serde::Serialize;
use serde_json::{Value, json};
use std::fs;
use std::time::{Duration, Instant};
use xtask::Outcome;
use xtask::environment::{Environment, folder, local, target};
use xtask::error::{Error, at};
use xtask::local::now_millis;
use xtask::main_job::Client;
use xtask::say::{detail, heading, step};

/// The requirement for production, without a model's own time.
const AIM: Duration = Duration::from_millis(200);

/// The number of users. An address may register or log in twenty times in 15 minutes, and each user needs two of them.
const USERS: u32 = 5;
/// The reads of a user, who may read 100 times a minute, leads and lists together, and score ten times.
const READS_OF_A_USER: u32 = 48;
const SCORES_OF_A_USER: u32 = 9;
const CREATES_OF_A_USER: u32 = 40;

#[derive(Serialize)]
struct Latency {
    operation: &'static str,
    requests: usize,
    p50_ms: f64,
    p95_ms: f64,
    max_ms: f64,
}

/// Measures against the running deployment.
pub(crate) fn measure() -> Outcome {
    let path = local().join("environment.json");
    let text = fs::read_to_string(&path).map_err(|_| {
        Error::Content(
            "nothing is running that could be measured: run `make up` first, and leave it up".into(),
        )
    })?;
    let environment: Environment = serde_json::from_str(&text)
        .map_err(|error| Error::Content(format!("{}: {error}", path.display())))?;
    let users = step("registering organizations", || users(&environment.api_url))?;
    let mut rows = Vec::new();
    let mut leads: Vec<Vec<String>> = Vec::new();
    let creates = step("create-lead", || {
        timed(&users, CREATES_OF_A_USER, |_, client, number| {
            client.call("POST", "/v1/leads", Some(&lead(number)), 201)
        })
    })?;
    for user in 0..users.len() {
        let of_user = creates.iter().filter(|(by, _, _)| *by == user);
        leads.push(of_user.map(|(_, _, answer)| super::world::text(answer, "id")).collect());
    }
    rows.push(summed_up("create-lead", &creates)?);
    let id = |user: usize, number: u32| -> String {
        let of_user = leads.get(user).map(Vec::as_slice).unwrap_or_default();
        let place = usize::try_from(number).unwrap_or_default() % of_user.len().max(1);
        of_user.get(place).cloned().unwrap_or_default()
    };
    for (operation, of_user) in
        [("get-lead", READS_OF_A_USER), ("list-leads", READS_OF_A_USER), ("score-lead", SCORES_OF_A_USER)]
    {
        let measured = step(operation, || {
            timed(&users, of_user, |user, client, number| match operation {
                "get-lead" => client.call("GET", &format!("/v1/leads/{}", id(user, number)), None, 200),
                "list-leads" => client.call("GET", "/v1/leads?limit=20", None, 200),
                _ => client.call("POST", &format!("/v1/leads/{}/score", id(user, number)), None, 200),
            })
        })?;
        rows.push(summed_up(operation, &measured)?);
    }
    print(&rows)
}

fn users(api_url: &str) -> Result<Vec<Client>, Error> {
    let mut users = Vec::new();
    for number in 0..USERS {
        let mut client = Client::new(api_url);
        let email = format!("bench-{}-{number}@sextant.example", now_millis());
        let password = format!("{email} password");
        let registration = json!({
            "email": email, "password": password, "name": "Ada Bench", "organization_name": "Bench Organization"
        });
        let limited = |error: Error| {
            match error {
            Error::Answer { what, problem } if problem.contains("429") => Error::Answer {
                what,
                problem: "this address has signed up too often; wait a quarter of an hour, or `make down` and `make up`"
                    .to_owned(),
            },
            other => other,
        }
        };
        client.call("POST", "/v1/auth/register", Some(&registration), 201).map_err(limited)?;
        let login = json!({"email": email, "password": password});
        let session = client.call("POST", "/v1/auth/login", Some(&login), 200).map_err(limited)?;
        client.sign_in(text(&session, "access_token"));
        users.push(client);
    }
    Ok(users)
}

fn lead(number: u32) -> Value {
    json!({
        "company_name": format!("Contoso {number}"), "industry": "logistics", "company_size": 850,
        "contact_name": "Grace Hopper", "contact_email": "grace@contoso.example",
        "notes": "Budget approved: 120k for this year. Grace decides, and wants to replace the tool this month."
    })
}

type Timed = (usize, Duration, Value);

/// The user, the duration and the answer of each request. The first request of each user is made but not counted, because
/// it starts functions that are not running yet.
fn timed(
    users: &[Client],
    of_user: u32,
    call: impl Fn(usize, &Client, u32) -> Result<Value, Error>,
) -> Result<Vec<Timed>, Error> {
    let mut times = Vec::new();
    for (user, client) in users.iter().enumerate() {
        call(user, client, 0)?;
        for number in 0..of_user {
            let began = Instant::now();
            let answer = call(user, client, number)?;
            times.push((user, began.elapsed(), answer));
        }
    }
    Ok(times)
}

fn summed_up(operation: &'static str, timed: &[Timed]) -> Result<Latency, Error> {
    let mut times: Vec<Duration> = timed.iter().map(|(_, took, _)| *took).collect();
    times.sort_unstable();
    let (Some(p50), Some(p95), Some(max)) = (percentile(&times, 50), percentile(&times, 95), times.last())
    else {
        return Err(Error::Content(format!("{operation} was never called")));
    };
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
    let row = Latency {
        operation,
        requests: times.len(),
        p50_ms: milliseconds(p50),
        p95_ms: milliseconds(p95),
        max_ms: milliseconds(*max),
    };
    detail(format!("p50 {:.1} ms, p95 {:.1} ms", row.p50_ms, row.p95_ms));
    Ok(row)
}

/// The nearest-rank percentile of sorted times.
fn percentile(sorted: &[Duration], percent: usize) -> Option<Duration> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.checked_sub(1)?).copied()
}

fn print(rows: &[Latency]) -> Outcome {
    heading("Through the local gateway, warm, one request after the other");
    println!(
        "{:<14} {:>8} {:>9} {:>9} {:>14} {:>9}",
        "", "requests", "p50 ms", "p95 ms", "aim p95 ms", "max ms"
    );
    for row in rows {
        println!(
            "{:<14} {:>8} {:>9.1} {:>9.1} {:>14.0} {:>9.1}",
            row.operation,
            row.requests,
            row.p50_ms,
            row.p95_ms,
            AIM.as_secs_f64() * 1e3,
            row.max_ms
        );
    }
    println!(
        "\nThe aim is production's, with networks and real services; here the emulator takes most of the time."
    );
    let path = folder(target().join("bench"))?.join("latency.json");
    let text = serde_json::to_string_pretty(rows).map_err(|error| Error::Content(error.to_string()))?;
    fs::write(&path, text + "\n").map_err(at(&path))?;
    println!("As JSON: {}", path.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_by_nearest_rank() {
        let times: Vec<Duration> = (1..=20).map(Duration::from_millis).collect();
        assert_eq!(percentile(&times, 50), Some(Duration::from_millis(10)));
        assert_eq!(percentile(&times, 95), Some(Duration::from_millis(19)));
        assert_eq!(percentile(&times[..1], 95), Some(Duration::from_millis(1)));
        assert_eq!(percentile(&[], 50), None);
    }
}
