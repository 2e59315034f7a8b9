//! What people write into the notes of leads: nothing, a line, the minutes of a call, a pasted mail, a thread of them. Between
//! what decides stands what does not.

use crate::random::Random;

const FIRST: [&str; 12] = [
    "Grace", "Ada", "Linus", "Barbara", "Tony", "Edsger", "Radia", "Ken", "Frances", "Niklaus", "Margaret",
    "John",
];
const ROLES: [&str; 10] = [
    "CFO",
    "CTO",
    "CEO",
    "VP of operations",
    "head of procurement",
    "IT director",
    "office manager",
    "team lead",
    "COO",
    "managing director",
];
const TOOLS: [&str; 8] = [
    "spreadsheets",
    "Salesforce",
    "an Access database",
    "HubSpot",
    "a homegrown tool",
    "Pipedrive",
    "paper forms",
    "SAP",
];
const TIMES: [&str; 9] = [
    "this quarter",
    "before the summer",
    "by the end of March",
    "within six weeks",
    "next year",
    "this month",
    "after their audit in May",
    "before the new fiscal year",
    "in Q3",
];
const AMOUNTS: [&str; 9] = [
    "20k",
    "35,000 EUR",
    "80k",
    "120k",
    "$15,000",
    "250,000 USD",
    "about 60k",
    "5k a month",
    "half a million",
];

/// Sentences that say something of budget, authority, need or time; `{}` is filled in.
const TELLING: [&str; 22] = [
    "The budget of {amount} is approved.",
    "{name}, the {role}, makes the decision together with the board.",
    "They must replace {tool} {time}.",
    "No budget is planned before {time}, but {name} could move {amount} from another project.",
    "The {role} signs everything above {amount}.",
    "Their biggest problem is that nobody trusts the numbers in {tool}.",
    "They want to decide {time}.",
    "The contract with the present vendor ends {time}, and they don't want to renew it.",
    "{name} said that the price is above what they can spend.",
    "We are talking to the {role}, who has no say in the purchase.",
    "They lose about two hours a day for each rep with manual data entry.",
    "A pilot with 25 users should start {time}.",
    "The need is real: two deals were lost because follow-ups were forgotten.",
    "Procurement asks for three offers before the budget is released.",
    "They are only looking around and see no urgency.",
    "The {role} asked for a quote over {amount} {time}.",
    "Legal needs a data processing agreement before they can sign.",
    "The rollout in three warehouses has to be finished {time}.",
    "They have already budgeted {amount} for this and the next year.",
    "{name} reports to the {role}, who decides on software.",
    "Their deadline is fixed: the old system is switched off {time}.",
    "The team is growing and the present process does not scale.",
];
/// Sentences that do not.
const CHATTER: [&str; 18] = [
    "Met {name} at the trade fair in Hanover.",
    "Very friendly call, about 25 minutes.",
    "They moved into a new office last year.",
    "{name} is on vacation until the 14th.",
    "Sent the slides and the case study.",
    "Left a voice mail, no answer yet.",
    "They asked whether we have an office in Lyon.",
    "Please find the deck attached.",
    "The website says they have four locations.",
    "{name} used to work at one of our customers.",
    "Thanks again for the good talk yesterday.",
    "As discussed, I am sending you the link to the recording.",
    "Let me know if you have any questions.",
    "I hope you had a pleasant weekend.",
    "They found us through a webinar.",
    "Weather was terrible, train was late, meeting started half an hour later.",
    "Follow up next week.",
    "The logo on our slides was the old one, must be changed.",
];
const SIGNATURE: &str = "\r\n\r\nBest regards,\r\n\r\n   {name}\r\n   {role}\r\n\r\n--\r\nThis message is confidential \
and intended only for the addressee. If you are not the intended recipient, please delete it and notify the sender.\r\n";

/// The notes of a lead; most are short, few are very long.
pub(crate) fn notes(random: &mut Random) -> Option<String> {
    match random.below(100) {
        0..8 => None,
        8..48 => Some(sentences(random, 1, 3)),
        48..80 => Some(sentences(random, 4, 10)),
        80..96 => Some(mail(random, 5, 14)),
        _ => Some(thread(random)),
    }
}

/// A sentence that is added after another talk.
pub(crate) fn another(random: &mut Random) -> String {
    let sentence = *random.pick(&TELLING);
    filled(random, sentence)
}

fn sentences(random: &mut Random, least: usize, most: usize) -> String {
    let count = random.between(least, most);
    let mut all = Vec::with_capacity(count);
    for _ in 0..count {
        let sentence = if random.percent(55) { *random.pick(&TELLING) } else { *random.pick(&CHATTER) };
        all.push(filled(random, sentence));
    }
    all.join(" ")
}

/// A mail as it is pasted: with its line breaks, its indentation and its signature.
fn mail(random: &mut Random, least: usize, most: usize) -> String {
    let body = sentences(random, least, most).replace(". ", ".\r\n\r\n");
    let signature = filled(random, SIGNATURE);
    format!(
        "From: sales\r\nSubject: Re: our talk\r\n\r\nHi {},\r\n\r\n{body}{signature}",
        random.pick(&FIRST)
    )
}

/// Mails that quote each other, up to what the notes may hold.
fn thread(random: &mut Random) -> String {
    let mut all = mail(random, 8, 14);
    let long = random.between(3_000, 9_500);
    while all.chars().count() < long {
        let older = mail(random, 8, 14).replace("\r\n", "\r\n> ");
        all = format!("{all}\r\n\r\n> {older}");
    }
    all.chars().take(10_000).collect()
}

fn filled(random: &mut Random, sentence: &str) -> String {
    let mut text = sentence.to_owned();
    for (place, words) in [
        ("{name}", &FIRST[..]),
        ("{role}", &ROLES),
        ("{tool}", &TOOLS),
        ("{time}", &TIMES),
        ("{amount}", &AMOUNTS),
    ] {
        while text.contains(place) {
            let word = *random.pick::<&str>(words);
            text = text.replacen(place, word, 1);
        }
    }
    text
}
