//! The main job, as a client does it over HTTP: register, log in, create leads of different quality, score them, list
//! them by score, search their notes with the models that come along, read the notification.

mod models;

pub(crate) use models::{Purpose, embed, nearness};

use crate::environment::Environment;
use crate::error::Error;
use crate::local_models::ModelPorts;
use crate::say;
use serde_json::{Value, json};
use std::thread;
use std::time::{Duration, Instant};

/// How long the notification of an event may take, in seconds.
const DELIVERY_SECONDS: u64 = 60;

/// A client of the API.
pub struct Client {
    agent: ureq::Agent,
    api_url: String,
    token: Option<String>,
}

impl Client {
    /// A client of the API at `api_url`.
    pub fn new(api_url: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(60)))
            .build();
        Self { agent: config.into(), api_url: api_url.to_owned(), token: None }
    }

    /// Uses this access token for every call from now on.
    pub fn sign_in(&mut self, token: String) {
        self.token = Some(token);
    }

    /// Makes a call; an answer other than `expected` is an error that shows the answer.
    pub fn call(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
        expected: u16,
    ) -> Result<Value, Error> {
        let what = format!("{method} {path}");
        let mut request =
            ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.api_url));
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        let bytes = body.map(ToString::to_string).unwrap_or_default();
        if body.is_some() {
            request = request.header("Content-Type", "application/json");
        }
        let request = request
            .body(bytes)
            .map_err(|error| Error::Answer { what: what.clone(), problem: error.to_string() })?;
        let http = |source| Error::Http { what: what.clone(), source: Box::new(source) };
        let mut answer = self.agent.run(request).map_err(http)?;
        let status = answer.status().as_u16();
        let text = answer.body_mut().read_to_string().map_err(http)?;
        if status != expected {
            return Err(Error::Answer {
                what,
                problem: format!("expected {expected}, got {status}: {text}"),
            });
        }
        if text.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&text).map_err(|error| Error::Answer { what, problem: error.to_string() })
    }
}

/// Leads with much, little and no information.
fn leads() -> [Value; 3] {
    [
        json!({
            "company_name": "Northwind Logistics", "industry": "logistics", "company_size": 850,
            "contact_name": "Ida Keller", "contact_email": "ida.keller@northwind-logistics.example",
            "status": "qualified",
            "notes": "Ida is VP of operations and the decision maker. Budget approved: 120k for this year. \
                      They are struggling with manual quotes and want to decide this month."
        }),
        json!({
            "company_name": "Corner Bakery", "industry": "retail", "company_size": 6,
            "contact_email": "corner.bakery@gmail.com",
            "notes": "Just researching. No budget right now, maybe next year."
        }),
        json!({"company_name": "Unknown Ltd"}),
    ]
}

/// Runs the job against the API at `api_url` as a new organization, with the models that come along, if there are any.
pub(crate) fn run(
    api_url: &str,
    now_millis: u128,
    models: Option<ModelPorts>,
) -> Result<(Environment, String), Error> {
    let mut client = Client::new(api_url);
    let email = format!("demo-{now_millis}@sextant.example");
    let password = format!("demo-{now_millis}-password");

    let registration = json!({
        "email": email, "password": password, "name": "Demo Admin", "organization_name": "Demo Organization"
    });
    let registered = client.call("POST", "/v1/auth/register", Some(&registration), 201)?;
    let organization_id = text(&registered, "organization_id");
    say::detail(format!("registered the organization {organization_id}"));

    let login =
        client.call("POST", "/v1/auth/login", Some(&json!({"email": email, "password": password})), 200)?;
    let token = text(&login, "access_token");
    client.sign_in(token.clone());
    say::detail(format!("logged in as {email}"));

    for lead in leads() {
        let created = client.call("POST", "/v1/leads", Some(&lead), 201)?;
        let id = text(&created, "id");
        let scored = client.call("POST", &format!("/v1/leads/{id}/score"), None, 200)?;
        let score = scored.get("score").filter(|score| !score.is_null());
        let engine = match text(&scored, "engine").as_str() {
            "rules" => "by the rules engine".to_owned(),
            _ => format!("by the model {}", text(&scored, "model")),
        };
        let cost = text(&scored, "cost_usd");
        let score =
            score.map_or_else(|| "abstained: too little data".to_owned(), |score| format!("score {score}"));
        say::detail(format!("{:<20} {score:<28} {engine}, ${cost}", text(&created, "company_name")));
    }

    let listed = client.call("GET", "/v1/leads?sort=score", None, 200)?;
    say::detail("leads by score:");
    for (place, lead) in listed.get("data").and_then(Value::as_array).into_iter().flatten().enumerate() {
        let score = lead.get("score").and_then(Value::as_u64);
        let score = score.map_or_else(|| "  -".to_owned(), |score| format!("{score:>3}"));
        say::detail(format!("  {}. {score}  {}", place + 1, text(lead, "company_name")));
    }

    if let Some(ports) = models {
        let notes = leads().map(|lead| (text(&lead, "company_name"), text(&lead, "notes")));
        let notes: Vec<_> = notes.into_iter().filter(|(_, notes)| !notes.is_empty()).collect();
        models::ask(&client, ports, &notes)?;
    }

    let notification = wait_for_notification(&client)?;
    say::detail(format!("notification: {}", text(&notification, "title")));
    let id = text(&notification, "id");
    client.call("POST", &format!("/v1/notifications/{id}/read"), None, 200)?;
    say::detail("marked it as read");

    let environment = Environment { api_url: api_url.to_owned(), email, password, organization_id };
    Ok((environment, token))
}

fn wait_for_notification(client: &Client) -> Result<Value, Error> {
    let started = Instant::now();
    loop {
        let page = client.call("GET", "/v1/notifications", None, 200)?;
        if let Some(first) = page.get("data").and_then(Value::as_array).and_then(|items| items.first()) {
            return Ok(first.clone());
        }
        if started.elapsed() > Duration::from_secs(DELIVERY_SECONDS) {
            let problem = format!("no notification came within {DELIVERY_SECONDS} s");
            return Err(Error::Answer { what: "GET /v1/notifications".into(), problem });
        }
        thread::sleep(Duration::from_millis(700));
    }
}

pub(crate) fn text(value: &Value, field: &str) -> String {
    value.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
}
