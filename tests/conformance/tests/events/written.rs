//! An event of every kind, as the domain decides and writes it.

use super::written_ai::{ai_events, batch_events, fine_tune_events};
use domain::ai::Month;
use domain::audit::{LoginAttempt, deny_access, fail_login};
use domain::id::{AccountTag, ApiKeyTag, LeadTag, NotificationTag, OrganizationTag, SessionTag, new_id};
use domain::identity::{
    RefreshDecision, RefreshToken, RegisterAccount, Revocation, Session, StartSession, refresh_session,
    register_account, revoke_session, start_session,
};
use domain::notification::{Notification, NotificationKind, create_notification, mark_notification_read};
use domain::sales::{
    AbstainReason, Assessment, Breakdown, Cost, Dimension, Engine, Evidence, Factor, Lead, LeadInput,
    LeadScore, ScoredField, create_lead, delete_lead, erase_lead_contact, score_lead, update_lead,
};
use domain::tenancy::{
    ApiKey, CreateApiKey, RegisterOrganization, Role, add_member, create_api_key, register_organization,
    revoke_api_key,
};
use domain::{Aggregate, AggregateType, DomainEvent, EncodedEvent, EventMeta, Timestamp};

/// The text in every personal value, which must not be found in `data`.
pub(super) const PERSONAL: &str = "zxqpersonalzxq";
/// The text in every secret value of a session or an API key.
pub(super) const SECRET: &str = "zxqsecretzxq";

pub(super) fn at() -> Timestamp {
    Timestamp::from_millis(1_763_716_200_000)
}

pub(super) fn applied<A: Aggregate>(state: Option<A>, event: &A::Event) -> A {
    A::apply(state, event, EventMeta { at: at() }).unwrap()
}

/// The events of all aggregates.
pub(crate) fn written() -> Vec<EncodedEvent> {
    let mut events = vec![];
    let organization = new_id::<OrganizationTag>(at(), &[1; 10]);
    let account = new_id::<AccountTag>(at(), &[2; 10]);
    let command = RegisterOrganization { id: organization, name: "Northwind", home_region: "us-east-1" };
    events.push(register_organization(&command).unwrap().encode());
    let command = RegisterAccount {
        id: account,
        organization_id: organization,
        email: &format!("{PERSONAL}@northwind.example"),
        name: PERSONAL,
        password_hash: PERSONAL.to_owned(),
    };
    events.push(register_account(command).unwrap().encode());
    events.push(add_member(account, Role::Admin).encode());
    events.extend(session_events());
    events.extend(lead_events());
    let id = new_id::<NotificationTag>(at(), &[5; 10]);
    for kind in [
        NotificationKind::LeadScored { lead_id: new_id::<LeadTag>(at(), &[4; 10]), score: None },
        NotificationKind::SessionRevoked { session_id: new_id::<SessionTag>(at(), &[3; 10]) },
        NotificationKind::AiBudgetThresholdReached { month: Month::of(at()), percent: 80 },
    ] {
        let created = create_notification(id, account, kind);
        events.push(created.encode());
        events.push(mark_notification_read(&applied::<Notification>(None, &created)).unwrap().encode());
    }
    events.extend(api_key_events());
    events.extend(fine_tune_events());
    events.extend(batch_events());
    events.extend(ai_events());
    events.push(deny_access(account, "lead:read", AggregateType::Lead, "lead_1").encode());
    for (account_id, email_hash) in [(Some(account), None), (None, Some("A".repeat(43)))] {
        let network = "203.0.113.0/24".to_owned();
        events.push(fail_login(LoginAttempt { account_id, email_hash, network }).encode());
    }
    events
}

fn session_events() -> Vec<EncodedEvent> {
    let token = || RefreshToken { hash: SECRET.to_owned(), salt: SECRET.to_owned() };
    let started = start_session(StartSession {
        id: new_id::<SessionTag>(at(), &[3; 10]),
        account_id: new_id::<AccountTag>(at(), &[2; 10]),
        family_hash: SECRET.to_owned(),
        token: token(),
        at: at(),
    });
    let session: Session = applied(None, &started);
    let Ok(RefreshDecision::Rotate(refreshed)) = refresh_session(&session, SECRET, SECRET, token(), at())
    else {
        panic!("a fresh token rotates")
    };
    let mut events = vec![started.encode(), refreshed.encode()];
    events.extend(
        [Revocation::Logout, Revocation::RefreshTokenReuse]
            .map(|reason| revoke_session(&session, reason).unwrap().encode()),
    );
    events
}

fn api_key_events() -> Vec<EncodedEvent> {
    let prefix = "sxk_01jd2wzq4sf1a6p8d2y7b9t3ge_01jd2x3c6hf9b5r1m8v4n7q2wk";
    let created = create_api_key(CreateApiKey {
        id: new_id::<ApiKeyTag>(at(), &[6; 10]),
        name: "CRM export",
        scopes: &["completion:create", "embedding:create", "model:read", "flag:read"].map(str::to_owned),
        expires_in_days: None,
        prefix: prefix.to_owned(),
        secret_hash: SECRET.to_owned(),
        created_by: new_id::<AccountTag>(at(), &[2; 10]),
        at: at(),
    })
    .unwrap();
    let key: ApiKey = applied(None, &created);
    vec![created.encode(), revoke_api_key(&key).unwrap().encode()]
}

fn lead_events() -> Vec<EncodedEvent> {
    let email = format!("{PERSONAL}@contoso.example");
    let input = LeadInput {
        company_name: "Contoso",
        industry: Some("Logistics"),
        company_size: Some(1200_i64.into()),
        contact_name: Some(PERSONAL),
        contact_email: Some(&email),
        contact_phone: Some(PERSONAL),
        notes: Some(PERSONAL),
        status: Some("qualified"),
    };
    let created =
        create_lead(new_id::<LeadTag>(at(), &[4; 10]), new_id::<AccountTag>(at(), &[2; 10]), &input).unwrap();
    let lead: Lead = applied(None, &created);
    let smaller = LeadInput { industry: None, company_size: None, ..input };
    let band = LeadInput { company_size: Some("1001-5000".into()), ..input };
    let open_band = LeadInput { company_size: Some("10,000+".into()), ..input };
    let mut events = vec![
        created.encode(),
        update_lead(&lead, &smaller).unwrap().unwrap().encode(),
        create_lead(lead.id, lead.details.owner_id, &band).unwrap().encode(),
        update_lead(&lead, &open_band).unwrap().unwrap().encode(),
    ];
    for outcome in [
        Ok(Breakdown { budget: 80, authority: 60, need: 70, timeline: 0 }),
        Err(AbstainReason::InsufficientData),
    ] {
        let evidence = Evidence { quote: PERSONAL.to_owned(), reason: PERSONAL.to_owned() };
        let factor = Factor {
            dimension: Dimension::Need,
            impact: -40,
            field: ScoredField::Notes,
            evidence: Some(evidence),
        };
        let score = LeadScore {
            assessment: Assessment { outcome, factors: vec![factor], confidence_percent: 80 },
            engine: Engine::Model,
            model: "us.anthropic.claude-sonnet-4-5-20250929-v1:0".to_owned(),
            cost: Cost {
                nano_usd: 8_130_000,
                input_tokens: 1210,
                output_tokens: 300,
                price_version: "2025-11-01".to_owned(),
                attempts: 1,
            },
            scored_at: at(),
        };
        events.push(score_lead(&lead, score).encode());
    }
    events.extend([delete_lead(&lead).unwrap().encode(), erase_lead_contact(&lead).unwrap().encode()]);
    events
}
