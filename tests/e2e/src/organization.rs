//! Organizations for the tests. Registrations are limited by address, so tests share them.

use crate::client::Client;
use crate::sign_ins::forget_sign_ins;
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

/// The text in everything that is personal or secret: names, addresses, passwords, notes. Wherever it is found outside
/// of these, there is a leak.
pub const PERSONAL: &str = "quillfeather";

/// A registered organization and its admin, signed in.
#[derive(Debug)]
pub struct Organization {
    /// `org_…`
    pub id: String,
    /// `account_…`
    pub account_id: String,
    /// The admin's address.
    pub email: String,
    /// The admin's password.
    pub password: String,
    /// The client of the admin.
    pub admin: Client,
}

impl Organization {
    /// Registers an organization and signs its admin in.
    pub fn register(name: &str) -> Self {
        forget_sign_ins();
        let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock");
        let unique = format!("{name}-{}", since.as_nanos());
        let email = format!("{unique}@{PERSONAL}.example");
        let password = format!("{PERSONAL}-{unique}");
        let registration = json!({
            "email": email, "password": password, "name": format!("{name} {PERSONAL}"),
            "organization_name": format!("Tests of {name}"),
        });
        let registered = Client::anonymous().post("/v1/auth/register", &registration).json(201);
        let text = |field: &str| registered[field].as_str().expect(field).to_owned();
        let (id, account_id) = (text("organization_id"), text("account_id"));
        let tokens = login(&email, &password);
        let admin = Client::with_token(tokens["access_token"].as_str().expect("a token"));
        Self { id, account_id, email, password, admin }
    }

    /// Signs the admin in once more; returns the tokens of the new session.
    pub fn login(&self) -> Value {
        login(&self.email, &self.password)
    }

    /// A new lead of [`lead`]'s kind; the answer's body.
    pub fn create_lead(&self, company: &str) -> Value {
        self.admin.post("/v1/leads", &lead(company)).json(201)
    }

    /// The admin's notifications.
    pub fn notifications(&self) -> Vec<Value> {
        match self.admin.get("/v1/notifications?limit=100").json(200)["data"].take() {
            Value::Array(notifications) => notifications,
            other => panic!("not a list: {other}"),
        }
    }
}

fn login(email: &str, password: &str) -> Value {
    Client::anonymous().post("/v1/auth/login", &json!({"email": email, "password": password})).json(200)
}

/// The body of a good lead, personal where leads are.
pub fn lead(company: &str) -> Value {
    json!({
        "company_name": company, "industry": "logistics", "company_size": 850, "status": "qualified",
        "contact_name": format!("Ida {PERSONAL}"), "contact_email": format!("ida@{PERSONAL}.example"),
        "contact_phone": format!("+49 30 1234 {PERSONAL}"),
        "notes": format!(
            "{PERSONAL}: Ida is VP of operations and the decision maker. Budget approved: 120k for this year. They are \
             struggling with manual quotes and want to decide this month."
        ),
    })
}
