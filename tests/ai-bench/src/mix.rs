//! A working week of lead scores as sales teams ask for them: imports that are scored together, new leads one by one, leads
//! that are scored again because somebody changed them or only looked once more, and buttons that are pressed twice. The same
//! seed gives the same mix.

use crate::notes;
use crate::random::Random;
use domain::Timestamp;
use domain::id::{AccountId, OrganizationId, new_id};
use domain::sales::{CompanySize, Contact, Lead, LeadDetails, LeadStatus};
use std::sync::Arc;

/// The seed of what is published.
pub const SEED: u64 = 20_261_121;
/// How many scores are published.
pub const SCORES: usize = 10_000;

/// Organizations; the first ask most.
const TENANTS: usize = 40;
/// Monday, 16 November 2026.
const BEGIN: Timestamp = Timestamp::from_millis(1_794_787_200_000);
const WEEK_MILLIS: i64 = 5 * 24 * 60 * 60 * 1000;
/// Of a hundred requests, so many score an import together. An import has 5 to 50 leads, so that is a third of all scores.
const IMPORTS: usize = 2;
const IMPORTED: (usize, usize) = (5, 50);
/// Of a hundred other requests: a new lead; one that was changed; the rest, one that says what it said.
const NEW: usize = 58;
const CHANGED: usize = 17;
/// How many of a tenant's latest leads are looked at again.
const LATEST: usize = 25;
/// Of a hundred requests for one lead, so many come twice at once.
const TWICE: usize = 5;

const NAMES: [&str; 16] = [
    "Contoso",
    "Northwind",
    "Fabrikam",
    "Adventure",
    "Tailspin",
    "Litware",
    "Proseware",
    "Wingtip",
    "Lucerne",
    "Margie",
    "Alpine",
    "Coho",
    "Humongous",
    "Trey",
    "Woodgrove",
    "Relecloud",
];
const KINDS: [&str; 10] = [
    "Logistics GmbH",
    "Health Ltd",
    "Foods S.A.",
    "Software Inc.",
    "Machines AG",
    "Travel",
    "Insurance plc",
    "Retail Group",
    "Energy BV",
    "Schools",
];
const INDUSTRIES: [&str; 10] = [
    "Logistics",
    "Health care",
    "Food",
    "Software",
    "Mechanical engineering",
    "Travel",
    "Insurance",
    "Retail",
    "Energy",
    "Education",
];

/// A request for scores.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// When.
    pub at: Timestamp,
    /// Whose leads.
    pub tenant: OrganizationId,
    /// Who asks.
    pub account: AccountId,
    /// The leads, as they are at that moment; several are asked for together.
    pub leads: Vec<Arc<Lead>>,
    /// Whether it comes twice at the same time.
    pub twice: bool,
}

impl Request {
    /// Scores that it asks for.
    pub fn scores(&self) -> usize {
        self.leads.len() * if self.twice { 2 } else { 1 }
    }
}

/// The requests of a week, in their order, for so many scores exactly.
pub fn week(seed: u64, scores: usize) -> Vec<Request> {
    let mut random = Random::new(seed);
    let tenants: Vec<(OrganizationId, AccountId)> =
        (0..TENANTS).map(|_| (new_id(BEGIN, &random.bytes()), new_id(BEGIN, &random.bytes()))).collect();
    let mut known: Vec<Vec<Arc<Lead>>> = vec![Vec::new(); TENANTS];
    let mut requests = Vec::new();
    let mut left = scores;
    while left > 0 {
        let done = i64::try_from(scores - left).unwrap();
        let at = BEGIN.millis() + WEEK_MILLIS * done / i64::try_from(scores).unwrap();
        let at = Timestamp::from_millis(at + i64::try_from(random.below(1000)).unwrap());
        // The smaller of two numbers: few tenants ask most.
        let number = random.below(TENANTS).min(random.below(TENANTS));
        let (tenant, account) = tenants[number];
        let known = &mut known[number];
        let leads = if random.percent(IMPORTS) {
            let many = random.between(IMPORTED.0, IMPORTED.1).min(left);
            (0..many).map(|_| Arc::new(lead(&mut random, at, account))).collect()
        } else {
            vec![one(&mut random, at, account, known)]
        };
        for lead in &leads {
            known.retain(|before| before.id != lead.id);
            known.push(Arc::clone(lead));
        }
        let twice = leads.len() == 1 && left > 1 && random.percent(TWICE);
        let request = Request { at, tenant, account, leads, twice };
        left -= request.scores();
        requests.push(request);
    }
    requests
}

/// A new lead, or one that was there.
fn one(random: &mut Random, at: Timestamp, account: AccountId, known: &[Arc<Lead>]) -> Arc<Lead> {
    let drawn = random.below(100);
    let latest = &known[known.len().saturating_sub(LATEST)..];
    if drawn < NEW || latest.is_empty() {
        return Arc::new(lead(random, at, account));
    }
    let before = random.pick(latest);
    if drawn < NEW + CHANGED { Arc::new(changed(random, before)) } else { Arc::clone(before) }
}

fn lead(random: &mut Random, at: Timestamp, owner: AccountId) -> Lead {
    let company = format!("{} {}", random.pick(&NAMES), random.pick(&KINDS));
    let host = company.split(' ').next().unwrap_or_default().to_lowercase();
    Lead {
        id: new_id(at, &random.bytes()),
        details: LeadDetails {
            company_name: company,
            industry: random.percent(70).then(|| (*random.pick(&INDUSTRIES)).to_owned()),
            company_size: random.percent(60).then(|| {
                CompanySize::Employees(*random.pick(&[12, 45, 80, 150, 320, 850, 1200, 5000, 21000]))
            }),
            status: *random.pick(&[LeadStatus::New, LeadStatus::Contacted, LeadStatus::Qualified]),
            owner_id: owner,
        },
        contact: Some(Contact {
            name: random.percent(85).then(|| "Grace Hopper".to_owned()),
            email: random.percent(90).then(|| format!("grace.hopper@{host}.example")),
            phone: random.percent(50).then(|| "+49 30 5550123".to_owned()),
            notes: notes::notes(random),
        }),
        score: None,
        created_at: at,
        updated_at: at,
        deleted_at: None,
    }
}

/// The lead after another talk.
fn changed(random: &mut Random, before: &Lead) -> Lead {
    let mut lead = before.clone();
    lead.details.status = LeadStatus::Contacted;
    if let Some(contact) = &mut lead.contact {
        let news = notes::another(random);
        // The newest stands first, as notes are read.
        let notes = contact.notes.as_ref().map_or_else(|| news.clone(), |notes| format!("{news} {notes}"));
        contact.notes = Some(notes.chars().take(10_000).collect());
    }
    lead
}
