//! Leads whose contact was erased.

use super::*;

#[test]
fn erasing_takes_the_person_and_every_quote_and_nothing_else() {
    let scored = score_lead(&lead(), score("Line one"));
    let with_score = Lead::apply(Some(lead()), &scored, EventMeta { at: at(1) }).unwrap();
    let erased = || erase_lead_contact(&with_score).unwrap();
    let after = given::<Lead>([created(), scored.clone()])
        .when(|lead| erase_lead_contact(lead.unwrap()))
        .then([erased()])
        .unwrap();
    assert_eq!(after.contact, None);
    assert_eq!(after.details, lead().details);
    let kept = after.score.unwrap();
    assert_eq!(kept.value(), Some(67));
    assert!(kept.assessment.factors.iter().all(|factor| factor.evidence.is_none() && factor.impact == 20));
    given::<Lead>([created(), scored, erased()])
        .when(|lead| erase_lead_contact(lead.unwrap()))
        .then_nothing();
}

#[test]
fn an_erased_contact_can_not_be_set_again() {
    let erased = erase_lead_contact(&lead()).unwrap();
    let refused = given::<Lead>([created(), erased.clone()])
        .when(|lead| update_lead(lead.unwrap(), &full()))
        .then_refused();
    let fields: Vec<(&str, &str)> =
        refused.0.iter().map(|error| (error.field.as_str(), error.code)).collect();
    assert_eq!(
        fields,
        [
            ("contact_name", "erased"),
            ("contact_email", "erased"),
            ("contact_phone", "erased"),
            ("notes", "erased")
        ]
    );
    let company = LeadInput { company_name: "Fabrikam", ..LeadInput::default() };
    let gone = Lead::apply(Some(lead()), &erased, EventMeta { at: at(1) }).unwrap();
    let updated = update_lead(&gone, &company).unwrap().unwrap();
    let after = Lead::apply(Some(gone), &updated, EventMeta { at: at(2) }).unwrap();
    assert_eq!((after.contact, after.details.company_name.as_str()), (None, "Fabrikam"));
    assert!(updated.encode().personal.is_empty());
}

#[test]
fn a_score_of_an_erased_lead_quotes_nobody() {
    let erased = erase_lead_contact(&lead()).unwrap();
    let gone = Lead::apply(Some(lead()), &erased, EventMeta { at: at(1) }).unwrap();
    let event = score_lead(&gone, score("Line one"));
    assert!(event.encode().personal.is_empty());
    let after = Lead::apply(Some(gone), &event, EventMeta { at: at(2) }).unwrap();
    assert!(after.score.unwrap().assessment.factors.iter().all(|factor| factor.evidence.is_none()));
}

#[test]
fn what_identifies_a_person_is_never_among_the_facts() {
    for event in [created(), score_lead(&lead(), score("Line one"))] {
        let encoded = event.encode();
        let facts = encoded.data.to_string();
        for personal in ["Grace", "Hopper", "contoso.example", "555", "Line one", "They look"] {
            assert!(!facts.contains(personal), "{personal} in {facts}");
        }
        let lead_id: LeadId = id(1);
        assert_eq!(encoded.personal.keys().collect::<Vec<_>>(), [&Lead::subject(&lead_id)]);
        assert!(!format!("{event:?}").contains("Grace"));
    }
}
