//! Leads.

mod erased;

use crate::support::{Dice, START, at, id};
use domain::id::{AccountId, LeadId};
use domain::lists::{Filter, FilterValue, Rank, Within};
use domain::sales::{
    AbstainReason, Assessment, Breakdown, Cost, Dimension, Engine, Evidence, Factor, Lead, LeadEvent,
    LeadInput, LeadScore, LeadStatus, ScoredField, create_lead, delete_lead, erase_lead_contact, score_lead,
    update_lead,
};
use domain::{Aggregate, DomainEvent, EventMeta, InvalidFields};
use testkit::{given, given_nothing};

fn full() -> LeadInput<'static> {
    LeadInput {
        company_name: "Contoso",
        industry: Some("Logistics"),
        company_size: Some(1200_i64.into()),
        contact_name: Some("Grace Hopper"),
        contact_email: Some("grace@contoso.example"),
        contact_phone: Some("+1 555 0100"),
        notes: Some("Line one\nline two\ttabbed"),
        status: Some("qualified"),
    }
}

fn create(input: &LeadInput<'_>) -> Result<LeadEvent, InvalidFields> {
    create_lead(id(1), id(2), input)
}

fn created() -> LeadEvent {
    create(&full()).unwrap()
}

fn lead() -> Lead {
    Lead::apply(None, &created(), EventMeta { at: START }).unwrap()
}

fn refused(input: &LeadInput<'_>) -> Vec<(String, &'static str)> {
    let refused = given_nothing::<Lead>().when(|_| create(input)).then_refused();
    refused.0.into_iter().map(|error| (error.field, error.code)).collect()
}

fn score(quote: &str) -> LeadScore {
    let factor = |field, quote: &str| Factor {
        dimension: Dimension::Need,
        impact: 20,
        field,
        evidence: Some(Evidence { quote: quote.to_owned(), reason: "They look".to_owned() }),
    };
    LeadScore {
        assessment: Assessment {
            outcome: Ok(Breakdown { budget: 80, authority: 60, need: 70, timeline: 50 }),
            factors: vec![factor(ScoredField::Notes, quote), factor(ScoredField::Status, "qualified")],
            confidence_percent: 80,
        },
        engine: Engine::Rules,
        model: "rules".to_owned(),
        cost: Cost {
            nano_usd: 7,
            input_tokens: 1,
            output_tokens: 2,
            price_version: "v".to_owned(),
            attempts: 1,
        },
        scored_at: START,
    }
}

#[test]
fn creating_trims_and_keeps_what_is_known() {
    let input = LeadInput {
        company_name: "  Contoso ",
        contact_email: Some(" GRACE@Contoso.example "),
        notes: Some("  "),
        industry: Some(""),
        ..LeadInput::default()
    };
    let lead = given_nothing::<Lead>().when(|_| create(&input)).then([create(&input).unwrap()]).unwrap();
    let (lead_id, owner): (LeadId, AccountId) = (id(1), id(2));
    assert_eq!((lead.id, lead.details.owner_id), (lead_id, owner));
    assert_eq!((lead.details.company_name.as_str(), lead.details.status), ("Contoso", LeadStatus::New));
    assert_eq!((&lead.details.industry, lead.details.company_size), (&None, None));
    let contact = lead.contact.unwrap();
    assert_eq!((contact.email.as_deref(), contact.notes), (Some("grace@contoso.example"), None));
    assert_eq!((lead.created_at, lead.updated_at, lead.deleted_at), (START, START, None));
}

#[test]
fn every_wrong_field_is_named_at_once() {
    let long = "ü".repeat(10_001);
    let input = LeadInput {
        company_name: " ",
        industry: Some(&long[..202]),
        company_size: Some(0_i64.into()),
        contact_name: Some("a\nb"),
        contact_email: Some("nobody"),
        contact_phone: Some(&long[..102]),
        notes: Some(&long),
        status: Some("asleep"),
    };
    assert_eq!(
        refused(&input),
        [
            ("company_name", "required"),
            ("industry", "too_long"),
            ("company_size", "range"),
            ("contact_name", "format"),
            ("contact_email", "format"),
            ("contact_phone", "too_long"),
            ("notes", "too_long"),
            ("status", "unknown"),
        ]
        .map(|(field, code)| (field.to_owned(), code))
    );
}

#[test]
fn the_bounds_are_those_of_the_contract() {
    for size in [i64::MIN, -1, 0, 10_000_001, i64::from(u32::MAX) + 2, i64::MAX] {
        let input = LeadInput { company_size: Some(size.into()), ..full() };
        assert_eq!(refused(&input), [("company_size".to_owned(), "range")], "{size}");
    }
    for size in [1, 10_000_000] {
        assert!(create(&LeadInput { company_size: Some(size.into()), ..full() }).is_ok());
    }
    let (name, notes) = ("ü".repeat(200), "ü".repeat(10_000));
    assert!(create(&LeadInput { company_name: &name, notes: Some(&notes), ..full() }).is_ok());
    for control in ["a\0b", "a\u{7f}b", "a\u{85}b", "a\x1bb"] {
        assert_eq!(refused(&LeadInput { notes: Some(control), ..full() }), [("notes".to_owned(), "format")]);
        assert_eq!(
            refused(&LeadInput { company_name: control, ..full() }),
            [("company_name".to_owned(), "format")]
        );
    }
}

#[test]
fn a_size_is_kept_as_it_was_given_with_its_bounds() {
    for (given, shown, bounds) in [
        ("1001-5000", "1001-5000", (1001, 5000)),
        (" 10,000+ ", "10,000+", (10_000, 10_000_000)),
        ("850", "850", (850, 850)),
    ] {
        let event = create(&LeadInput { company_size: Some(given.into()), ..full() }).unwrap();
        let size = Lead::apply(None, &event, EventMeta { at: START }).unwrap().details.company_size.unwrap();
        assert_eq!((size.to_string().as_str(), size.bounds()), (shown, bounds), "{given}");
        assert_eq!(event.encode().schema_version, 2);
        assert_eq!(LeadEvent::decode(&event.encode()).unwrap(), event);
    }
    let blank = create(&LeadInput { company_size: Some(" ".into()), ..full() }).unwrap();
    assert_eq!(blank.encode().data["company_size"], serde_json::Value::Null);
    assert_eq!(created().encode().schema_version, 1);
    assert_eq!(
        refused(&LeadInput { company_size: Some("many".into()), ..full() }),
        [("company_size".to_owned(), "format")]
    );
}

#[test]
fn a_lead_of_before_there_were_bands_is_read() {
    let mut stored = serde_json::to_value(lead()).unwrap();
    assert_eq!(stored["company_size"], 1200);
    stored["company_size"] = serde_json::json!(7);
    let read: Lead = serde_json::from_value(stored).unwrap();
    assert_eq!(read.details.company_size.unwrap().bounds(), (7, 7));
}

#[test]
fn every_status_has_one_name() {
    for name in ["new", "contacted", "qualified", "proposal", "won", "lost"] {
        assert_eq!(name.parse::<LeadStatus>().unwrap().as_str(), name);
    }
    for unknown in ["", "New", "deleted", " new"] {
        assert!(unknown.parse::<LeadStatus>().is_err(), "{unknown:?}");
    }
}

#[test]
fn updating_replaces_every_field() {
    let input = LeadInput { company_name: "Fabrikam", status: Some("won"), ..LeadInput::default() };
    let after = given::<Lead>([created()])
        .when(|lead| update_lead(lead.unwrap(), &input))
        .then([update_lead(&lead(), &input).unwrap().unwrap()])
        .unwrap();
    assert_eq!((after.details.company_name.as_str(), after.details.status), ("Fabrikam", LeadStatus::Won));
    assert_eq!((&after.details.industry, after.details.company_size), (&None, None));
    let contact = after.contact.unwrap();
    assert!(
        contact.name.is_none()
            && contact.email.is_none()
            && contact.phone.is_none()
            && contact.notes.is_none()
    );
    assert_eq!(after.details.owner_id, lead().details.owner_id);
    assert_eq!((after.created_at, after.updated_at), (START, at(1)));
}

#[test]
fn updating_by_the_same_changes_nothing() {
    given::<Lead>([created()]).when(|lead| update_lead(lead.unwrap(), &full())).then_nothing();
    let spelled =
        LeadInput { company_name: " Contoso", contact_email: Some("GRACE@contoso.example"), ..full() };
    given::<Lead>([created()]).when(|lead| update_lead(lead.unwrap(), &spelled)).then_nothing();
}

#[test]
fn updating_refuses_what_creating_refuses() {
    let bad = LeadInput { company_name: "", ..full() };
    let refused = given::<Lead>([created()]).when(|lead| update_lead(lead.unwrap(), &bad)).then_refused();
    assert_eq!(refused.0[0].field, "company_name");
}

#[test]
fn updating_keeps_the_score() {
    let scored = score_lead(&lead(), score("x"));
    let input = LeadInput { company_name: "Fabrikam", ..full() };
    let updated = update_lead(&lead(), &input).unwrap().unwrap();
    let after = given::<Lead>([created(), scored]).when(|_| updated.clone()).then([updated.clone()]).unwrap();
    assert_eq!(after.score.unwrap().value(), Some(67));
}

#[test]
fn a_quote_of_a_contact_that_was_replaced_does_not_live_on() {
    let scored = score_lead(&lead(), score("Line one"));
    let evidence = |input: &LeadInput<'_>| {
        let before = Lead::apply(Some(lead()), &scored, EventMeta { at: at(1) }).unwrap();
        let updated = update_lead(&before, input).unwrap().unwrap();
        let after = Lead::apply(Some(before), &updated, EventMeta { at: at(2) }).unwrap();
        let score = after.score.unwrap();
        assert_eq!(score.value(), Some(67));
        score.assessment.factors.iter().filter(|factor| factor.evidence.is_some()).count()
    };
    assert_eq!(evidence(&LeadInput { company_size: Some(7_i64.into()), ..full() }), 2);
    for replaced in [
        LeadInput { notes: Some("Something else"), ..full() },
        LeadInput { notes: None, ..full() },
        LeadInput { contact_email: Some("other@contoso.example"), ..full() },
    ] {
        assert_eq!(evidence(&replaced), 0);
    }
}

#[test]
fn scoring_ranks_a_lead() {
    let ranked = |score| {
        vec![
            ("by_time", Within::Organization, Rank::Time(START)),
            ("by_score", Within::Organization, Rank::Score { score, at: START }),
            ("of_owner_by_time", Within::Owner(lead().details.owner_id), Rank::Time(START)),
            ("of_owner_by_score", Within::Owner(lead().details.owner_id), Rank::Score { score, at: START }),
        ]
    };
    assert_eq!(entries(&lead()), ranked(None));
    let event = || score_lead(&lead(), score("x"));
    let after = given::<Lead>([created()])
        .when(|lead| score_lead(lead.unwrap(), score("x")))
        .then([event()])
        .unwrap();
    assert_eq!(entries(&after), ranked(Some(67)));
    assert!(after.filters().contains(&(Filter::Score, FilterValue::Number(67))));
    let mut thin = score("x");
    thin.assessment.outcome = Err(AbstainReason::InsufficientData);
    let event = score_lead(&after, thin);
    let abstained = Lead::apply(Some(after), &event, EventMeta { at: at(2) }).unwrap();
    assert_eq!(entries(&abstained), ranked(None));
    assert!(abstained.filters().iter().all(|(filter, _)| *filter != Filter::Score));
}

fn entries(lead: &Lead) -> Vec<(&'static str, Within, Rank)> {
    lead.lists().into_iter().map(|entry| (entry.list.name, entry.within, entry.rank)).collect()
}

#[test]
fn leads_are_narrowed_by_status_industry_score_and_time() {
    let mut lead = lead();
    let text = |text: &str| FilterValue::Text(text.to_owned());
    let industry = (Filter::Industry, text("Logistics"));
    let status = (Filter::Status, text(lead.details.status.as_str()));
    let time = (Filter::CreatedAt, FilterValue::Time(START));
    assert_eq!(lead.filters(), [status.clone(), industry, time.clone()]);
    lead.details.industry = None;
    assert_eq!(lead.filters(), [status, time]);
}

#[test]
fn deleting_takes_a_lead_out_of_every_list_once() {
    let deleted = || delete_lead(&lead()).unwrap();
    let after = given::<Lead>([created()]).when(|lead| delete_lead(lead.unwrap())).then([deleted()]).unwrap();
    assert_eq!((after.deleted_at, after.lists()), (Some(at(1)), Vec::new()));
    given::<Lead>([created(), deleted()]).when(|lead| delete_lead(lead.unwrap())).then_nothing();
}

#[test]
fn every_change_is_dated_and_no_change_moves_the_creation() {
    let events = [
        update_lead(&lead(), &LeadInput { company_name: "Fabrikam", ..full() }).unwrap().unwrap(),
        score_lead(&lead(), score("x")),
        delete_lead(&lead()).unwrap(),
        erase_lead_contact(&lead()).unwrap(),
    ];
    for event in events {
        let after = Lead::apply(Some(lead()), &event, EventMeta { at: at(7) }).unwrap();
        assert_eq!((after.created_at, after.updated_at), (START, at(7)), "{event:?}");
    }
}

#[test]
fn events_that_make_no_sense_change_nothing() {
    let deleted = delete_lead(&lead()).unwrap();
    assert_eq!(Lead::apply(None, &deleted, EventMeta { at: START }), None);
    let again = Lead::apply(Some(lead()), &created(), EventMeta { at: at(9) }).unwrap();
    assert_eq!(again, lead());
}

/// Whatever happens to a lead, what is stored of its events folds to the same state, with and without the person.
#[test]
fn any_history_comes_back_from_what_is_stored() {
    for seed in 0..300 {
        let mut dice = Dice(seed);
        let mut lead = lead();
        let mut events = vec![created()];
        for step in 0..12_i64 {
            let (name, size) = (format!("Company {}", dice.below(3)), dice.below(3) + 1);
            let erased = lead.contact.is_none();
            let input = LeadInput {
                company_name: &name,
                company_size: i64::try_from(size).ok().map(Into::into),
                notes: (!erased).then_some("Budget approved"),
                ..LeadInput::default()
            };
            let event = match dice.below(6) {
                0..2 => update_lead(&lead, &input).unwrap(),
                2..4 => Some(score_lead(&lead, score(dice.one_of(&["Line one", "Budget"])))),
                4 => delete_lead(&lead),
                _ => erase_lead_contact(&lead),
            };
            if let Some(event) = event {
                lead = Lead::apply(Some(lead), &event, EventMeta { at: at(step) }).unwrap();
                events.push(event);
            }
            assert_eq!(lead.lists().is_empty(), lead.deleted_at.is_some(), "seed {seed}");
        }
        for event in &events {
            assert_eq!(LeadEvent::decode(&event.encode()).unwrap(), *event, "seed {seed}");
        }
        let stored = serde_json::to_value(&lead).unwrap();
        assert_eq!(serde_json::from_value::<Lead>(stored).unwrap(), lead, "seed {seed}");
        // Without the subject's key, the history folds to the same lead, once it was erased.
        if lead.contact.is_none() {
            let folded = events.iter().zip(-1..).fold(None, |state, (event, step)| {
                let mut encoded = event.encode();
                encoded.personal.clear();
                Lead::apply(state, &LeadEvent::decode(&encoded).unwrap(), EventMeta { at: at(step.max(0)) })
            });
            let folded = folded.unwrap();
            assert_eq!((folded.contact, folded.details), (None, lead.details.clone()), "seed {seed}");
            assert_eq!(folded.score, lead.score, "seed {seed}");
        }
    }
}
