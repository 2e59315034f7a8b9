//! The world in which functions are measured: the AWS services of `aws-stub`, and data that the functions themselves
//! wrote.

use super::event::{Event, another_id};
use super::function::{Function, Profile};
use super::measure::Call;
use super::models::Models;
use super::process::Process;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use runtime_api::Answer;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::File;
use std::process::{Child, Command, Stdio};
use xtask::Outcome;
use xtask::environment::{folder, target};
use xtask::error::{Error, at};
use xtask::run::{announced_url, wait_for};

/// The password of every account; measurements do not depend on it.
const PASSWORD: &str = "correct horse battery staple";

/// The most logins of one account in 15 minutes.
const LOGINS_OF_AN_ACCOUNT: u32 = 5;

/// An organization and its administrator.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) organization: String,
    pub(crate) account: String,
    email: String,
}

/// A session of an account.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) account: Account,
    pub(crate) session: String,
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
}

/// The control endpoint of `aws-stub`.
#[derive(Debug, Clone)]
pub(crate) struct Control(String);

impl Control {
    /// The calls since the last call of this function.
    pub(crate) fn calls(&self) -> Result<Vec<Call>, Error> {
        let calls = self.get("/calls")?;
        let call = |call: &Value| Call {
            operation: text(call, "operation"),
            capacity: call.get("capacity").and_then(Value::as_f64).unwrap_or_default(),
        };
        Ok(calls.as_array().into_iter().flatten().map(call).collect())
    }

    /// Deploys a configuration document.
    pub(crate) fn configure(&self, document: &Value) -> Outcome {
        let path = "/deploy";
        let http = |source| Error::Http { what: format!("POST {path}"), source: Box::new(source) };
        ureq::post(format!("{}{path}", self.0)).send_json(document).map_err(http)?;
        Ok(())
    }

    fn get(&self, path: &str) -> Result<Value, Error> {
        let http = |source| Error::Http { what: format!("GET {path}"), source: Box::new(source) };
        let answer = ureq::get(format!("{}{path}", self.0)).call().map_err(http)?;
        answer.into_body().read_json().map_err(http)
    }
}

/// The services and their content, until the value is dropped.
pub(crate) struct World {
    profile: Profile,
    /// The models that functions ask.
    pub(crate) models: Models,
    services: Child,
    control: Control,
    endpoints: BTreeMap<String, String>,
    numbers: u32,
    pub(crate) has_open_fine_tune: bool,
    /// Whether a batch waits for its file.
    pub(crate) has_open_batch: bool,
    /// The organization of the requests, and its administrator.
    pub(crate) home: Account,
}

impl World {
    /// Starts the services and registers an organization. Functions are those that were built with this profile.
    pub(crate) fn start(profile: Profile) -> Result<Self, Error> {
        let models = Models::start()?;
        let log = folder(target().join("bench"))?.join("aws-stub.log");
        let output = File::create(&log).map_err(at(&log))?;
        let errors = output.try_clone().map_err(at(&log))?;
        let program = target().join("debug/aws-stub");
        // It ends with its standard input, so it ends with this process.
        let mut services = Command::new(&program)
            .stdin(Stdio::piped())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .map_err(at(&program))?;
        wait_for("aws-stub", 20, &log, &mut services, || announced_url(&log).is_some())?;
        let control = Control(announced_url(&log).unwrap_or_default());
        control.configure(&json!({
            "version": 1,
            "chains": {"lead_scoring": ["rules"], "completion": ["us.amazon.nova-lite-v1:0"]},
            "fine_tuning": true,
        }))?;
        let mut endpoints: BTreeMap<String, String> = serde_json::from_value(control.get("/endpoints")?)
            .map_err(|error| Error::Content(error.to_string()))?;
        // Training files are looked for in a bucket that has none: the model server answers paths that it does not know
        // with 404, as S3 answers for a missing file.
        for name in ["BEDROCK_RUNTIME", "BEDROCK", "S3"] {
            endpoints.insert(format!("AWS_ENDPOINT_URL_{name}"), models.url().to_owned());
        }
        let nobody = Account { organization: String::new(), account: String::new(), email: String::new() };
        let mut world = Self {
            profile,
            models,
            services,
            control,
            endpoints,
            numbers: 0,
            has_open_fine_tune: false,
            has_open_batch: false,
            home: nobody,
        };
        if let Some(account) = world.accounts(1)?.pop() {
            world.home = account;
        }
        Ok(world)
    }

    pub(crate) fn control(&self) -> Control {
        self.control.clone()
    }

    /// A function by its name.
    pub(crate) fn function(&self, name: &str) -> Result<Function, Error> {
        Function::built(name, self.profile)
    }

    /// A new number for a request.
    pub(crate) fn number(&mut self) -> u32 {
        self.numbers += 1;
        self.numbers
    }

    /// A new network address for a request.
    pub(crate) fn address(&mut self) -> String {
        let [_, a, b, c] = self.number().to_be_bytes();
        format!("10.{a}.{b}.{c}")
    }

    /// A colleague of [`Self::home`] without earlier requests.
    pub(crate) fn colleague(&mut self) -> String {
        let number = self.number();
        another_id(&self.home.account, number)
    }

    /// An organization without earlier requests. It is not registered: only functions that read the organization or its
    /// accounts need one that is.
    pub(crate) fn organization(&mut self) -> String {
        let number = self.number();
        another_id(&self.home.organization, number)
    }

    /// A key for one request.
    pub(crate) fn idempotency_key(&mut self) -> String {
        format!("5f0c7a1e-6f0b-4d7e-9a52-{:012}", self.number())
    }

    /// Runs a function for these events and returns its answers, which must be successes.
    pub(crate) fn invoke(&self, name: &str, events: Vec<Event>) -> Result<Vec<Answer>, Error> {
        let function = self.function(name)?;
        let count = u32::try_from(events.len()).unwrap_or(u32::MAX);
        let mut events = events.into_iter();
        let source = Box::new(move |_: Option<&Answer>| Some(events.next()?.0));
        let variables = self.variables(&function, false);
        let mut process = Process::start(&function, Command::new(&function.binary), source, &variables)?;
        process.serve(&function, count)
    }

    /// A new registration with its address.
    pub(crate) fn registration(&mut self) -> Result<(Event, String), Error> {
        let email = format!("bench-{}@sextant.example", self.number());
        let body = json!({
            "email": email, "password": PASSWORD, "name": "Ada Bench", "organization_name": "Bench Organization"
        });
        let (key, address) = (self.idempotency_key(), self.address());
        let event = Event::sample("identity", "register-account")?
            .with_body(&body)?
            .with_header("Idempotency-Key", &key)?
            .sent_from(&address)?;
        Ok((event, email))
    }

    /// Registers `count` organizations.
    pub(crate) fn accounts(&mut self, count: u32) -> Result<Vec<Account>, Error> {
        let mut events = Vec::new();
        let mut emails = Vec::new();
        for _ in 0..count {
            let (event, email) = self.registration()?;
            events.push(event);
            emails.push(email);
        }
        let answers = self.invoke("register-account", events)?;
        let accounts = answers.iter().zip(emails).map(|(answer, email)| {
            let body = body(answer);
            Account {
                organization: text(&body, "organization_id"),
                account: text(&body, "account_id"),
                email,
            }
        });
        Ok(accounts.collect())
    }

    /// `count` logins that the limits still allow, each with its account.
    pub(crate) fn logins(&mut self, count: u32) -> Result<Vec<(Event, Account)>, Error> {
        let accounts = self.accounts(count.div_ceil(LOGINS_OF_AN_ACCOUNT))?;
        let turns =
            accounts.into_iter().flat_map(|account| (0..LOGINS_OF_AN_ACCOUNT).map(move |_| account.clone()));
        let mut logins = Vec::new();
        for account in turns.take(usize::try_from(count).unwrap_or_default()) {
            let body = json!({"email": account.email, "password": PASSWORD});
            let address = self.address();
            let event = Event::sample("identity", "login")?.with_body(&body)?.sent_from(&address)?;
            logins.push((event, account));
        }
        Ok(logins)
    }

    /// Starts `count` sessions.
    pub(crate) fn sessions(&mut self, count: u32) -> Result<Vec<Session>, Error> {
        let (events, accounts): (Vec<_>, Vec<_>) = self.logins(count)?.into_iter().unzip();
        let answers = self.invoke("login", events)?;
        let sessions = answers.iter().zip(accounts).map(|(answer, account)| {
            let body = body(answer);
            let access_token = text(&body, "access_token");
            let session = claim(&access_token, "sid").unwrap_or_default();
            Session { account, session, access_token, refresh_token: text(&body, "refresh_token") }
        });
        Ok(sessions.collect())
    }

    /// A new lead of [`Self::home`].
    pub(crate) fn new_lead(&mut self) -> Result<Event, Error> {
        let (home, key) = (self.home.clone(), self.idempotency_key());
        Event::sample("sales", "create-lead")?
            .by(&home.organization, &home.account)?
            .with_header("Idempotency-Key", &key)
    }

    /// Creates `count` leads and returns their identifiers.
    pub(crate) fn leads(&mut self, count: u32) -> Result<Vec<String>, Error> {
        let events = (0..count).map(|_| self.new_lead()).collect::<Result<_, _>>()?;
        let answers = self.invoke("create-lead", events)?;
        Ok(answers.iter().map(|answer| text(&body(answer), "id")).collect())
    }

    /// Creates `count` notifications of this account and returns their identifiers.
    pub(crate) fn notifications(&mut self, count: u32, recipient: &str) -> Result<Vec<String>, Error> {
        let mut events = Vec::new();
        let mut notifications = Vec::new();
        for _ in 0..count {
            let (event, id) = self.bus_event("notifications", "notify-in-app", recipient)?;
            // A notification has the number of its event.
            notifications.push(id.replace("event_", "notification_"));
            events.push(event);
        }
        self.invoke("notify-in-app", events)?;
        Ok(notifications)
    }

    /// A new batch of bus events of [`Self::home`], and the identifier of its last event.
    pub(crate) fn bus_event(
        &mut self,
        context: &str,
        function: &str,
        owner: &str,
    ) -> Result<(Event, String), Error> {
        let id = another_id("event_01jd2x8e2wf7y3q8s1a0c4v5wd", self.number());
        let tenant = self.home.organization.clone();
        let mut nth = 0;
        let mut event = Event::sample(context, function)?;
        let messages = event.0.get("Records").and_then(Value::as_array).map_or(0, Vec::len);
        let ids: Vec<String> =
            (1..messages).map(|_| another_id(&id, self.number())).chain([id.clone()]).collect();
        event = event.with_bus_events(|detail| {
            for (field, value) in [("/event_id", ids.get(nth)), ("/tenant_id", Some(&tenant))] {
                if let (Some(place), Some(value)) = (detail.pointer_mut(field), value) {
                    *place = value.as_str().into();
                }
            }
            // The recipient of the notification.
            for field in ["/data/owner_id", "/data/account_id"] {
                if let Some(place) = detail.pointer_mut(field) {
                    *place = owner.into();
                }
            }
            nth += 1;
        })?;
        Ok((event, id))
    }

    /// The environment of a function: the variables of Lambda and of its stack. As in AWS, it has no addresses of
    /// services.
    pub(crate) fn variables(&self, function: &Function, as_in_aws: bool) -> BTreeMap<String, String> {
        let lambda = [
            ("AWS_REGION", "us-east-1"),
            ("AWS_DEFAULT_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "ASIAIOSFODNN7EXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
            ("AWS_SESSION_TOKEN", "IQoJb3JpZ2luX2VjEXAMPLETOKEN"),
            ("AWS_LAMBDA_FUNCTION_NAME", function.name.as_str()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/bench"),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "bench"),
            ("_HANDLER", "bootstrap"),
            ("LAMBDA_TASK_ROOT", "/var/task"),
            ("LAMBDA_RUNTIME_DIR", "/var/runtime"),
            ("LANG", "en_US.UTF-8"),
            ("TZ", ":UTC"),
            ("PATH", "/usr/local/bin:/usr/bin:/bin"),
        ];
        let endpoints = self.endpoints.iter().filter(|(name, _)| {
            let of_stub = name.starts_with("AWS_ENDPOINT_URL");
            // A function that asks for a secret or for its configuration before its first request could not start without an
            // answer, and the question must not leave this machine.
            let at_start = *name == "AWS_ENDPOINT_URL_APPCONFIGDATA"
                || (name.as_str() == SECRETS_ENDPOINT
                    && ["CURSOR_SECRET_ID", "MAIL_TOKEN_SECRET_ID"]
                        .iter()
                        .any(|name| function.variables.contains_key(*name)));
            function.variables.contains_key(*name) || (of_stub && (!as_in_aws || at_start))
        });
        let named = function.variables.iter().filter(|(name, _)| !self.endpoints.contains_key(*name));
        let text = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        lambda
            .into_iter()
            .map(text)
            .chain(named.map(|(name, value)| text((name, value.as_deref().unwrap_or_else(|| setting(name))))))
            .chain(endpoints.map(|(name, value)| text((name, value))))
            .collect()
    }
}

/// The variable with the address of the secret store.
const SECRETS_ENDPOINT: &str = "AWS_ENDPOINT_URL_SECRETS_MANAGER";

/// A claim of an access token.
fn claim(token: &str, name: &str) -> Option<String> {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    Some(claims.get(name)?.as_str()?.to_owned())
}

/// The value of a variable that does not depend on the addresses of services.
fn setting(name: &str) -> &'static str {
    match name {
        "TOKEN_ISSUER" => "https://api.sextant.example",
        "TOKEN_AUDIENCE" => "sextant",
        "CURSOR_SECRET_ID" => "sextant-bench-cursors",
        "MAIL_TOKEN_SECRET_ID" => "sextant-bench-mail-tokens",
        "MAIL_FROM" => "no-reply@sextant.example",
        "CONSOLE_URL" => "https://console.sextant.example",
        "EVENT_BUS" => "sextant-bench",
        "PARKING_QUEUE_URL" => "http://127.0.0.1:1/000000000000/parking",
        "CONFIGURATION" | "TRAINING_BUCKET" => "sextant-bench",
        "TRAINING_ROLE_ARN" => "arn:aws:iam::123456789012:role/sextant-bench-training",
        "DATA_KEY_ARN" => "arn:aws:kms:us-east-1:123456789012:key/1a2b3c4d-5e6f-4a1b-8c2d-3e4f5a6b7c8d",
        _ => "production",
    }
}

impl Drop for World {
    fn drop(&mut self) {
        drop(self.services.stdin.take());
        let _ = self.services.wait();
    }
}

/// The body of an HTTP answer.
pub(crate) fn body(answer: &Answer) -> Value {
    let answer = answer.json();
    let body = answer.get("body").and_then(Value::as_str).unwrap_or_default();
    serde_json::from_str(body).unwrap_or_default()
}

pub(crate) fn text(value: &Value, field: &str) -> String {
    value.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
}
