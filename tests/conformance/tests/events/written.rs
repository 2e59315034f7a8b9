//! An event of every kind, as the domain decides and writes it.

use super::written_ai::{ai_events, batch_events, fine_tune_events};
use super::written_factors::{challenge_events, factor_events};
use domain::ai::Month;
use domain::audit::{LoginAttempt, deny_access, fail_login};
use domain::id::{
    AccountId, AccountTag, ApiKeyTag, JobTag, LeadTag, NotificationTag, OneTimeTokenTag, OrganizationId,
    OrganizationTag, SessionTag, new_id,
};
use domain::identity::{
    Account, AccountEvent, AuthenticationMethod, IssueOneTimeToken, MailLanguage, OneTimeToken,
    OneTimeTokenPurpose, ProfileInput, RefreshDecision, RefreshToken, RegisterAccount, Revocation, Session,
    SessionDevice, StartSession, change_password, issue_one_time_token, refresh_session, register_account,
    rehash_password, revoke_session, start_session, update_profile, use_one_time_token, verify_email,
};
use domain::job::{self, CreateJob, Job, JobEvent, JobFact, JobFacts, JobFailure, JobKind};
use domain::notification::{Notification, NotificationKind, create_notification, mark_notification_read};
use domain::sales::{
    AbstainReason, Assessment, Breakdown, Cost, Dimension, Engine, Evidence, Factor, Lead, LeadInput,
    LeadScore, ScoredField, create_lead, delete_lead, erase_lead_contact, score_lead, update_lead,
};
use domain::tenancy::{
    AddMember, ApiKey, CreateApiKey, Member, MemberEvent, MemberInput, MemberPerson, Organization,
    RegisterOrganization, Role, add_member, change_admin, create_api_key, register_organization,
    remove_member, rename_member, revoke_api_key, update_member,
};
use domain::{Aggregate, AggregateType, DomainEvent, EncodedEvent, EventMeta, Timestamp};

/// The text in every personal value, which must not be found in `data`.
pub(super) const PERSONAL: &str = "zxqpersonalzxq";
/// The text in every secret value of a session, an API key or a second factor.
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
    let command = RegisterOrganization {
        id: organization,
        name: "Northwind",
        home_region: "us-east-1",
        registered_by: account,
    };
    let registered = register_organization(&command).unwrap();
    let second = new_id::<AccountTag>(at(), &[9; 10]);
    let added = change_admin(&applied::<Organization>(None, &registered), account, second, true).unwrap();
    let both = added
        .iter()
        .fold(applied::<Organization>(None, &registered), |state, event| applied(Some(state), event));
    let removed = change_admin(&both, account, second, false).unwrap();
    let mut old = registered.encode().with_version(1);
    old.data.as_object_mut().unwrap().remove("registered_by");
    events.extend([registered.encode(), old]);
    events.extend(added.iter().chain(&removed).map(DomainEvent::encode));
    let command = RegisterAccount {
        id: account,
        organization_id: organization,
        email: &format!("{PERSONAL}@northwind.example"),
        name: PERSONAL,
        password_hash: PERSONAL.to_owned(),
    };
    let registered = register_account(command).unwrap();
    events.push(registered.encode());
    let profile = ProfileInput {
        name: &format!("{PERSONAL} King"),
        locale: Some("en-GB"),
        time_zone: Some("Europe/London"),
        theme: Some("dark"),
    };
    let updated = update_profile(&applied::<Account>(None, &registered), &profile).unwrap().unwrap();
    events.push(updated.encode());
    events.extend(account_events(&registered));
    events.extend(one_time_token_events(account));
    events.extend(member_events(account, organization));
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
    events.extend(factor_events());
    events.extend(challenge_events());
    events.extend(fine_tune_events());
    events.extend(batch_events());
    events.extend(job_events(account));
    events.extend(ai_events());
    events.push(deny_access(account, "lead:read", AggregateType::Lead, "lead_1").encode());
    for (account_id, email_hash) in [(Some(account), None), (None, Some("A".repeat(43)))] {
        let network = "203.0.113.0/24".to_owned();
        events.push(fail_login(LoginAttempt { account_id, email_hash, network }).encode());
    }
    events
}

fn account_events(registered: &AccountEvent) -> Vec<EncodedEvent> {
    let account: Account = applied(None, registered);
    vec![
        verify_email(&account).unwrap().encode(),
        change_password(&account, PERSONAL.to_owned()).encode(),
        rehash_password(&account, PERSONAL.to_owned()).encode(),
    ]
}

fn one_time_token_events(account: AccountId) -> Vec<EncodedEvent> {
    let mut events = vec![];
    for purpose in OneTimeTokenPurpose::ALL {
        for language in MailLanguage::ALL {
            let issued = issue_one_time_token(IssueOneTimeToken {
                id: new_id::<OneTimeTokenTag>(at(), &[7; 10]),
                purpose,
                account_id: account,
                secret_hash: SECRET.to_owned(),
                address_hash: SECRET.to_owned(),
                language,
                at: at(),
            });
            let token: OneTimeToken = applied(None, &issued);
            let used = use_one_time_token(&token, purpose, SECRET, at()).unwrap();
            events.extend([issued.encode(), used.encode()]);
        }
    }
    events
}

fn member_events(account: AccountId, organization: OrganizationId) -> Vec<EncodedEvent> {
    let added = add_member(AddMember {
        account_id: account,
        role: Role::Admin,
        account_organization_id: Some(organization),
        person: MemberPerson { email: format!("{PERSONAL}@northwind.example"), name: PERSONAL.to_owned() },
    });
    let person =
        MemberPerson { email: format!("{PERSONAL}@northwind.example"), name: format!("{PERSONAL} King") };
    let renamed = rename_member(&applied::<Member>(None, &added), person).unwrap().encode();
    let added = added.encode();
    let mut old = added.clone().with_version(1);
    old.data.as_object_mut().unwrap().remove("account_organization_id");
    old.personal.clear();
    let added_event = MemberEvent::decode(&added).unwrap();
    let member: Member = applied(None, &added_event);
    let input = MemberInput { role: "manager", status: "suspended" };
    let changes = update_member(&member, input).unwrap();
    let suspended = changes.iter().fold(member, |member, event| applied(Some(member), event));
    let input = MemberInput { role: "manager", status: "active" };
    let reactivated = update_member(&suspended, input).unwrap();
    let mut events = vec![added, old, renamed];
    events.extend(changes.iter().chain(&reactivated).map(DomainEvent::encode));
    events.push(remove_member(&suspended).unwrap().encode());
    events
}

fn session_events() -> Vec<EncodedEvent> {
    let token = || RefreshToken { hash: SECRET.to_owned(), salt: SECRET.to_owned() };
    let started = start_session(StartSession {
        id: new_id::<SessionTag>(at(), &[3; 10]),
        account_id: new_id::<AccountTag>(at(), &[2; 10]),
        family_hash: SECRET.to_owned(),
        token: token(),
        device: Some(SessionDevice { name: PERSONAL.to_owned(), ip_country: Some("GB".to_owned()) }),
        methods: vec![AuthenticationMethod::Password, AuthenticationMethod::OneTimeCode],
        at: at(),
    });
    let session: Session = applied(None, &started);
    let Ok(RefreshDecision::Rotate(refreshed)) = refresh_session(&session, SECRET, SECRET, token(), at())
    else {
        panic!("a fresh token rotates")
    };
    let mut events = vec![started.encode(), refreshed.encode()];
    let mut old = started.encode().with_version(1);
    old.data.as_object_mut().unwrap().remove("methods");
    old.personal.clear();
    events.push(old);
    events.extend(
        [
            Revocation::Logout,
            Revocation::RefreshTokenReuse,
            Revocation::EndedByOwner,
            Revocation::PasswordChanged,
            Revocation::MemberRemoved,
            Revocation::MemberSuspended,
            Revocation::AccountDeleted,
        ]
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

/// Jobs that end in each way.
fn job_events(account: AccountId) -> Vec<EncodedEvent> {
    let id = new_id::<JobTag>(at(), &[11; 10]);
    let input = JobFacts::from([("actor".to_owned(), JobFact::Text(account.to_string()))]);
    let created = job::create_job(CreateJob { id, kind: JobKind::AuditExport, created_by: account, input });
    let queued: Job = applied(None, &created);
    let canceled = job::request_job_cancel(&queued, account, at()).unwrap();
    let started = job::start_job(&queued, 12).unwrap();
    let running: Job = applied(Some(queued.clone()), &started);
    let progressed = job::progress_job(&running, 5, "reading").unwrap();
    let requested = job::request_job_cancel(&running, account, at()).unwrap();
    let failure = JobFailure { code: "invalid_input".to_owned(), message: "It can't be read.".to_owned() };
    let failed = job::fail_job(&running, failure).unwrap();
    let result = JobFacts::from([("entries".to_owned(), JobFact::Number(12))]);
    let succeeded = job::succeed_job(&running, result, Some("audit-entries.jsonl".to_owned())).unwrap();
    let lives: [&[&JobEvent]; 3] = [
        &[&created, &started, &progressed, &succeeded],
        &[&created, &started, &progressed, &requested, &failed],
        &[&created, &canceled],
    ];
    lives.into_iter().flatten().map(|event| event.encode()).collect()
}
