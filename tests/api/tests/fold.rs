//! After any walk through the routes, the ledger of every aggregate folds to its state.

use api_tests::{Dice, Person, World, lead_body, thin_body};
use application_sales::erase_lead_contact;
use domain::authority::WriteLeads;
use domain::tenancy::Role;
use serde_json::{Value, json};
use std::collections::BTreeSet;

struct Walk {
    world: World,
    dice: Dice,
    people: Vec<Person>,
    leads: Vec<String>,
    notifications: Vec<String>,
    api_keys: Vec<String>,
    /// The statuses that were answered to each operation.
    met: BTreeSet<(String, u16)>,
}

impl Walk {
    async fn start(seed: u64) -> Self {
        let world = World::start();
        let mut people = Vec::new();
        for _ in 0..2 {
            let admin = world.admin().await;
            people.push(world.colleague(&admin, Role::SalesRep).await);
            people.push(world.colleague(&admin, Role::Manager).await);
            people.push(admin);
        }
        let dice = Dice::new(seed);
        Self {
            world,
            dice,
            people,
            leads: Vec::new(),
            notifications: Vec::new(),
            api_keys: Vec::new(),
            met: BTreeSet::new(),
        }
    }

    fn body(&mut self) -> Value {
        let mut body = if self.dice.below(4) == 0 { thin_body() } else { lead_body() };
        body["company_size"] = json!(1 + self.dice.below(5000));
        body["status"] =
            (*self.dice.one_of(&["new", "contacted", "qualified", "proposal", "won", "lost"])).into();
        body
    }

    async fn step(&mut self) {
        self.world.pass(7);
        let person = self.dice.one_of(&self.people).clone();
        if self.leads.is_empty() || self.dice.below(5) == 0 {
            let body = self.body();
            let answer = self.world.call("createLead").by(&person).json(&body).send().await.expect(201);
            self.leads.push(answer.json()["id"].as_str().unwrap().to_owned());
            return;
        }
        let id = self.dice.one_of(&self.leads).clone();
        let on_lead = |operation: &str| self.world.call(operation).by(&person).path("id", &id);
        let (operation, status) = match self.dice.below(14) {
            0..4 => {
                let lead = on_lead("getLead").send().await;
                // Sometimes the walk uses a copy that is not the newest.
                let seen = lead.status == 200 && self.dice.below(5) > 0;
                let version = if seen { lead.json()["version"].as_u64().unwrap() } else { 1 };
                let body = self.body();
                let call =
                    self.world.call("updateLead").by(&person).path("id", &id).if_match(version).json(&body);
                ("updateLead", call.send().await.status)
            }
            4..8 => ("scoreLead", on_lead("scoreLead").send().await.status),
            8 => ("deleteLead", on_lead("deleteLead").send().await.status),
            9 => {
                let caller = person.caller();
                let authority = caller.authorize::<WriteLeads>().unwrap();
                let (store, id) = (self.world.store().as_ref(), id.parse().unwrap());
                let erased = erase_lead_contact(store, &self.world.context(), &authority, &id).await;
                ("erase", if erased.is_ok() { 200 } else { 404 })
            }
            10 => {
                self.notifications.push(self.world.notification(&person).await);
                return;
            }
            11 => {
                let body = json!({"name": "CRM export", "scopes": ["model:read"]});
                let answer = self.world.call("createApiKey").by(&person).json(&body).send().await;
                if answer.status == 201 {
                    self.api_keys.push(answer.json()["id"].as_str().unwrap().to_owned());
                }
                ("createApiKey", answer.status)
            }
            12 if !self.api_keys.is_empty() => {
                let id = self.dice.one_of(&self.api_keys).clone();
                (
                    "revokeApiKey",
                    self.world.call("revokeApiKey").by(&person).path("id", &id).send().await.status,
                )
            }
            _ if !self.notifications.is_empty() => {
                let id = self.dice.one_of(&self.notifications).clone();
                let call = self.world.call("markNotificationRead").by(&person).path("id", &id);
                ("markNotificationRead", call.send().await.status)
            }
            _ => return,
        };
        self.met.insert((operation.to_owned(), status));
    }
}

async fn walk(seed: u64) -> BTreeSet<(String, u16)> {
    let mut walk = Walk::start(seed).await;
    for _ in 0..250 {
        walk.step().await;
    }
    let counts = walk.world.check_folds().await;
    assert_eq!((counts["organization"], counts["account"], counts["member"]), (2, 6, 6));
    for kind in ["lead", "notification", "access", "api_key"] {
        assert!(counts[kind] > 1, "seed {seed}: {counts:?}");
    }
    walk.met
}

#[tokio::test]
async fn after_a_random_walk_every_ledger_folds_to_its_state() {
    let mut met = BTreeSet::new();
    for seed in 1..=4 {
        met.extend(walk(seed).await);
    }
    // Walks without refusals and changes would prove nothing.
    for (operation, status) in [
        ("updateLead", 200),
        ("updateLead", 404),
        ("updateLead", 412),
        ("scoreLead", 200),
        ("scoreLead", 404),
        ("deleteLead", 204),
        ("deleteLead", 404),
        ("erase", 200),
        ("erase", 404),
        ("markNotificationRead", 200),
        ("markNotificationRead", 404),
        ("createApiKey", 201),
        ("createApiKey", 403),
        ("revokeApiKey", 204),
        ("revokeApiKey", 403),
        ("revokeApiKey", 404),
    ] {
        assert!(
            met.contains(&(operation.to_owned(), status)),
            "{operation} never answered {status}: {met:?}"
        );
    }
}
