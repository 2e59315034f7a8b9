//! The rules engine: BANT from a lead's own fields, the same answer for the same lead, free and offline. It is what
//! answers when no model can. It must never guess: where the lead says too little it abstains.

use super::lead::{Lead, LeadStatus};
use super::lead_score::{AbstainReason, Assessment, Breakdown, Dimension, Evidence, Factor, ScoredField};
use super::size_signal::size_signal;

/// Where every dimension starts; factors move it.
const START: i16 = 40;
/// Judging needs factors in at least this many dimensions.
const NEEDED_DIMENSIONS: usize = 2;

/// A signal in the notes. The first phrase of a rule found in a clause counts, once per rule. Denials stand before what
/// they deny, and a clause that a denial matched is not read for its opposite.
struct Rule {
    dimension: Dimension,
    impact: i8,
    reason: &'static str,
    phrases: &'static [&'static str],
}

const fn rule(
    dimension: Dimension,
    impact: i8,
    reason: &'static str,
    phrases: &'static [&'static str],
) -> Rule {
    Rule { dimension, impact, reason, phrases }
}

const RULES: &[Rule] = &[
    rule(
        Dimension::Budget,
        -35,
        "They have no budget",
        &[
            "no budget",
            "without budget",
            "budget frozen",
            "budget is frozen",
            "can't afford",
            "cannot afford",
            "no money",
            "budget cut",
        ],
    ),
    rule(
        Dimension::Budget,
        -15,
        "Price worries them",
        &["too expensive", "price is high", "price sensitive", "cheaper"],
    ),
    rule(
        Dimension::Budget,
        40,
        "A budget is approved",
        &[
            "budget approved",
            "approved budget",
            "budget is approved",
            "funding secured",
            "budget allocated",
            "allocated budget",
            "signed off on the budget",
        ],
    ),
    rule(
        Dimension::Budget,
        20,
        "They talk about a budget",
        &["budget of", "has budget", "have budget", "budget", "funded", "series b", "series c"],
    ),
    rule(
        Dimension::Authority,
        -25,
        "The contact does not decide",
        &[
            "not the decision maker",
            "no decision power",
            "needs approval from",
            "has to ask",
            "intern",
            "student",
            "just researching",
        ],
    ),
    rule(
        Dimension::Authority,
        40,
        "The contact decides",
        &[
            "decision maker",
            "decision-maker",
            "ceo",
            "cto",
            "cfo",
            "cio",
            "cmo",
            "coo",
            "founder",
            "owner of the company",
            "chief ",
        ],
    ),
    rule(
        Dimension::Authority,
        25,
        "The contact leads a department",
        &["vp ", "vice president", "head of", "director"],
    ),
    rule(Dimension::Authority, 10, "The contact leads a team", &["manager", "team lead"]),
    rule(
        Dimension::Need,
        -30,
        "They see no need",
        &["no need", "not interested", "happy with their current", "no pain", "unsubscribe"],
    ),
    rule(
        Dimension::Need,
        35,
        "They have an urgent problem",
        &[
            "urgent problem",
            "pain",
            "struggling",
            "losing deals",
            "losing customers",
            "critical",
            "must replace",
        ],
    ),
    rule(
        Dimension::Need,
        20,
        "They look for a solution",
        &["looking for", "evaluating", "needs", "need ", "requires", "replace", "migrate", "demo"],
    ),
    rule(
        Dimension::Timeline,
        -30,
        "They will not buy soon",
        &["next year", "no timeline", "no rush", "someday", "not this year", "on hold", "postponed"],
    ),
    rule(
        Dimension::Timeline,
        40,
        "They want to decide soon",
        &["this week", "this month", "immediately", "asap", "as soon as possible", "end of the month"],
    ),
    rule(
        Dimension::Timeline,
        25,
        "They plan to decide this quarter",
        &[
            "this quarter",
            "next month",
            "end of quarter",
            "end of the quarter",
            "within 30 days",
            "within 60 days",
            "q1",
            "q2",
            "q3",
            "q4",
        ],
    ),
];

/// Providers of private mailboxes: an address there says nothing about a company.
const FREE_MAIL: &[&str] = &[
    "gmail.com",
    "yahoo.com",
    "hotmail.com",
    "outlook.com",
    "icloud.com",
    "gmx.de",
    "web.de",
    "aol.com",
    "proton.me",
];

/// Words that turn what they stand by into its opposite: such a phrase is no signal at all.
const DENIALS: &[&str] = &[
    "no", "not", "without", "never", "nobody", "cannot", "can't", "don't", "doesn't", "isn't", "aren't",
    "wasn't", "won't", "hasn't", "haven't",
];
/// How many words before a phrase a denial still reaches it: `no approved budget`.
const REACH_FORWARD: usize = 3;
/// How many words after it: `budget is not approved`.
const REACH_BACK: usize = 2;

/// Judges a lead by its fields alone.
pub fn score_by_rules(lead: &Lead) -> Assessment {
    let mut factors = Vec::new();
    facts(lead, &mut factors);
    if let Some(contact) = &lead.contact {
        if let Some(email) = &contact.email {
            mailbox(email, &mut factors);
        }
        if let Some(notes) = &contact.notes {
            signals(notes, &mut factors);
        }
    }
    factors.sort_by_key(|factor| std::cmp::Reverse(factor.impact.unsigned_abs()));
    let covered = Dimension::ALL.iter().filter(|dimension| speaks(&factors, **dimension)).count();
    if covered < NEEDED_DIMENSIONS {
        return Assessment { outcome: Err(AbstainReason::InsufficientData), factors, confidence_percent: 0 };
    }
    let breakdown = Breakdown {
        budget: sum(&factors, Dimension::Budget),
        authority: sum(&factors, Dimension::Authority),
        need: sum(&factors, Dimension::Need),
        timeline: sum(&factors, Dimension::Timeline),
    };
    // Fifteen points for each dimension that something speaks about, and five for each further signal up to four: rules
    // are never surer than 80 %.
    let percent = covered * 15 + factors.len().saturating_sub(covered).min(4) * 5;
    Assessment { outcome: Ok(breakdown), factors, confidence_percent: u8::try_from(percent).unwrap_or(80) }
}

fn speaks(factors: &[Factor], dimension: Dimension) -> bool {
    factors.iter().any(|factor| factor.dimension == dimension)
}

fn sum(factors: &[Factor], dimension: Dimension) -> u8 {
    let moved: i16 = factors
        .iter()
        .filter(|factor| factor.dimension == dimension)
        .map(|factor| i16::from(factor.impact))
        .sum();
    u8::try_from((START + moved).clamp(0, 100)).unwrap_or_default()
}

fn push(
    factors: &mut Vec<Factor>,
    dimension: Dimension,
    impact: i8,
    field: ScoredField,
    quote: String,
    reason: &str,
) {
    let evidence = Some(Evidence { quote, reason: reason.to_owned() });
    factors.push(Factor { dimension, impact, field, evidence });
}

fn facts(lead: &Lead, factors: &mut Vec<Factor>) {
    if let Some(size) = &lead.details.company_size
        && let Some((impact, reason)) = size_signal(size)
    {
        push(factors, Dimension::Budget, impact, ScoredField::CompanySize, size.to_string(), reason);
    }
    let (impact, reason) = match lead.details.status {
        LeadStatus::Qualified => (15, "Somebody found that they fit"),
        LeadStatus::Proposal => (25, "They asked for a proposal"),
        LeadStatus::Lost => (-40, "They decided against us"),
        LeadStatus::New | LeadStatus::Contacted | LeadStatus::Won => return,
    };
    push(
        factors,
        Dimension::Need,
        impact,
        ScoredField::Status,
        lead.details.status.as_str().to_owned(),
        reason,
    );
}

fn mailbox(email: &str, factors: &mut Vec<Factor>) {
    let Some((_, host)) = email.split_once('@') else { return };
    let (impact, reason) = if FREE_MAIL.contains(&host) {
        (-10, "The address is a private mailbox")
    } else {
        (5, "The address belongs to a company")
    };
    push(factors, Dimension::Authority, impact, ScoredField::ContactEmail, host.to_owned(), reason);
}

fn signals(notes: &str, factors: &mut Vec<Factor>) {
    let mut seen = vec![false; RULES.len()];
    for clause in notes.split(['.', ';', '\n', '!', '?']).map(str::trim).filter(|clause| !clause.is_empty()) {
        let text = clause.to_lowercase().replace('\u{2019}', "'");
        let mut settled: Vec<Dimension> = Vec::new();
        for (rule, seen) in RULES.iter().zip(&mut seen) {
            if settled.contains(&rule.dimension) || !rule.phrases.iter().any(|phrase| says(&text, phrase)) {
                continue;
            }
            settled.push(rule.dimension);
            if !std::mem::replace(seen, true) {
                let quote: String = clause.chars().take(200).collect();
                push(factors, rule.dimension, rule.impact, ScoredField::Notes, quote, rule.reason);
            }
        }
    }
}

/// Whether `phrase` stands in `text` as whole words, and nothing beside it denies it.
fn says(text: &str, phrase: &str) -> bool {
    let phrase = phrase.trim();
    text.match_indices(phrase).any(|(at, found)| {
        let before = text.get(..at).unwrap_or_default();
        let after = text.get(at + found.len()..).unwrap_or_default();
        let whole = !before.chars().next_back().is_some_and(char::is_alphanumeric)
            && !after.chars().next().is_some_and(char::is_alphanumeric);
        whole && !is_denied(before, after)
    })
}

/// Whether the words around a phrase deny it, no further than the next comma or `but`.
fn is_denied(before: &str, after: &str) -> bool {
    let before = before.rsplit(',').next().and_then(|part| part.rsplit(" but ").next()).unwrap_or_default();
    let after = after.split(',').next().and_then(|part| part.split(" but ").next()).unwrap_or_default();
    let is_denial = |word: &str| DENIALS.contains(&word);
    words(before).rev().take(REACH_FORWARD).any(is_denial) || words(after).take(REACH_BACK).any(is_denial)
}

fn words(text: &str) -> impl DoubleEndedIterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '\'').filter(|word| !word.is_empty())
}
