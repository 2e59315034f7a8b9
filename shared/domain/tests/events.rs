//! Events in the shape that is stored: they come back as they were, and what is unknown or malformed is an error that
//! shows no data.

use crate::support::{START, id};
use domain::audit::{AccessEvent, FailedLoginEvent, LoginAttempt, deny_access, fail_login};
use domain::identity::{
    Account, AccountEvent, AuthenticationMethod, RefreshToken, RegisterAccount, Revocation, Session,
    SessionDevice, SessionEvent, StartSession, register_account, revoke_session, start_session,
};
use domain::notification::{NotificationEvent, NotificationKind, create_notification};
use domain::sales::{
    Lead, LeadEvent, LeadInput, create_lead, delete_lead, erase_lead_contact, score_by_rules,
};
use domain::tenancy::{
    AddMember, ApiKey, ApiKeyEvent, CreateApiKey, MemberEvent, MemberPerson, OrganizationEvent,
    RegisterOrganization, Role, add_member, create_api_key, register_organization, revoke_api_key,
};
use domain::{Aggregate, AggregateType, DecodeError, DomainEvent, EncodedEvent, EventMeta};
use serde_json::json;
use std::error::Error as _;
use std::fmt::Debug;

/// Fails unless the event comes back, and unless other names, versions and shapes do not.
fn check<E: DomainEvent + PartialEq + Debug>(event: &E, name: &str) {
    let encoded = event.encode();
    // Some events are written in their second version only.
    let written =
        if matches!(name, "member_added" | "organization_registered" | "session_started") { 2 } else { 1 };
    assert_eq!((encoded.event_type.as_str(), encoded.schema_version), (name, written));
    assert_eq!(&E::decode(&encoded).unwrap(), event);

    // Leads with a band have the second version, and so have sessions that ended for some reasons; their tests read it.
    let has_second = matches!(name, "lead_created" | "lead_updated" | "session_revoked");
    let newest = if has_second { 2 } else { written };
    for version in [0, newest + 1, u16::MAX] {
        let later = EncodedEvent { schema_version: version, ..encoded.clone() };
        let Err(DecodeError::Unknown { event_type, schema_version }) = E::decode(&later) else {
            panic!("{name} of version {version} was read");
        };
        assert_eq!((event_type.as_str(), schema_version), (name, version));
    }
    for other in ["", "lead_exploded", &name.to_uppercase()] {
        let other = EncodedEvent { event_type: other.to_owned(), ..encoded.clone() };
        assert!(matches!(E::decode(&other), Err(DecodeError::Unknown { .. })), "{name}");
    }
    for data in [json!(null), json!({}), json!([]), json!("secret-value"), json!({"lead_id": "secret-value"})]
    {
        let malformed = EncodedEvent { data, ..encoded.clone() };
        let error = E::decode(&malformed).unwrap_err();
        assert!(matches!(&error, DecodeError::Data { event_type, .. } if event_type == name), "{error:?}");
        assert_eq!(error.to_string(), format!("malformed event {name}"));
        assert!(error.source().is_some());
    }
    // A fact that is not known yet does not keep an old reader from reading.
    let mut newer = encoded;
    newer.data.as_object_mut().unwrap().insert("added_later".to_owned(), json!(1));
    assert_eq!(&E::decode(&newer).unwrap(), event);
}

fn registered() -> AccountEvent {
    register_account(RegisterAccount {
        id: id(1),
        organization_id: id(2),
        email: "ada@northwind.example",
        name: "Ada",
        password_hash: "$argon2id$".to_owned(),
    })
    .unwrap()
}

fn added() -> MemberEvent {
    add_member(AddMember {
        account_id: id(1),
        role: Role::Manager,
        account_organization_id: None,
        person: MemberPerson { email: "ada@northwind.example".to_owned(), name: "Ada".to_owned() },
    })
}

fn lead() -> (LeadEvent, Lead) {
    let input = LeadInput {
        company_name: "Contoso",
        company_size: Some(500_i64.into()),
        contact_email: Some("ceo@contoso.example"),
        notes: Some("The CEO needs it this week"),
        ..LeadInput::default()
    };
    let event = create_lead(id(1), id(2), &input).unwrap();
    let lead = Lead::apply(None, &event, EventMeta { at: START }).unwrap();
    (event, lead)
}

#[test]
fn every_event_comes_back_and_nothing_else_does() {
    check::<OrganizationEvent>(
        &register_organization(&RegisterOrganization {
            id: id(1),
            name: "N",
            home_region: "eu-west-1",
            registered_by: id(2),
        })
        .unwrap(),
        "organization_registered",
    );
    check::<AccountEvent>(&registered(), "account_registered");
    check::<MemberEvent>(&added(), "member_added");
    let created = create_api_key(CreateApiKey {
        id: id(1),
        name: "CRM export",
        scopes: &["model:read".to_owned()],
        expires_in_days: None,
        prefix: "sxk_a_b".to_owned(),
        secret_hash: "h".to_owned(),
        created_by: id(2),
        at: START,
    })
    .unwrap();
    check::<ApiKeyEvent>(&created, "api_key_created");
    let key = ApiKey::apply(None, &created, EventMeta { at: START }).unwrap();
    check::<ApiKeyEvent>(&revoke_api_key(&key).unwrap(), "api_key_revoked");
    let started = start_session(StartSession {
        id: id(1),
        account_id: id(2),
        family_hash: "f".to_owned(),
        token: RefreshToken { hash: "h".to_owned(), salt: "s".to_owned() },
        device: Some(SessionDevice { name: "Ada's laptop".to_owned(), ip_country: Some("GB".to_owned()) }),
        methods: vec![AuthenticationMethod::Password],
        at: START,
    });
    check::<SessionEvent>(&started, "session_started");
    let session = Session::apply(None, &started, EventMeta { at: START }).unwrap();
    check::<SessionEvent>(
        &revoke_session(&session, Revocation::RefreshTokenReuse).unwrap(),
        "session_revoked",
    );
    let (created, lead) = lead();
    check::<LeadEvent>(&created, "lead_created");
    check::<LeadEvent>(&delete_lead(&lead).unwrap(), "lead_deleted");
    check::<LeadEvent>(&erase_lead_contact(&lead).unwrap(), "lead_contact_erased");
    check::<AccessEvent>(&deny_access(id(1), "lead:read", AggregateType::Lead, "lead_1"), "access_denied");
    let attempt =
        LoginAttempt { account_id: Some(id(1)), email_hash: None, network: "203.0.113.0/24".to_owned() };
    check::<FailedLoginEvent>(&fail_login(attempt), "login_failed");
    let kind = NotificationKind::SessionRevoked { session_id: id::<_>(3) };
    check::<NotificationEvent>(&create_notification(id(1), id(2), kind), "notification_created");
}

#[test]
fn without_its_subjects_key_an_event_is_read_without_the_person() {
    let (created, lead) = lead();
    let mut sealed = created.encode();
    sealed.personal.clear();
    let LeadEvent::Created { contact: None, .. } = LeadEvent::decode(&sealed).unwrap() else {
        panic!("a contact")
    };
    let mut sealed = registered().encode();
    sealed.personal.clear();
    let event = AccountEvent::decode(&sealed).unwrap();
    assert_eq!(Account::apply(None, &event, EventMeta { at: START }).unwrap().person, None);
    let assessment = score_by_rules(&lead);
    assert!(assessment.factors.len() > 1);
}

#[test]
fn a_personal_part_of_another_shape_is_an_error() {
    let (created, _) = lead();
    let mut encoded = created.encode();
    for part in encoded.personal.values_mut() {
        *part = json!("not a contact");
    }
    assert!(matches!(LeadEvent::decode(&encoded), Err(DecodeError::Data { .. })));
}

#[test]
fn every_kind_of_aggregate_is_found_by_its_name() {
    for kind in AggregateType::ALL {
        assert_eq!(AggregateType::from_name(kind.as_str()), Some(kind));
        // It is part of every key.
        assert!(kind.as_str().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'));
    }
    for unknown in ["", "Lead", "leads", "lead#"] {
        assert_eq!(AggregateType::from_name(unknown), None);
    }
}
