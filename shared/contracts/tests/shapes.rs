//! The shapes that clients and other functions rely on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use contracts::event_message::BusEvent;
use contracts::identity::{LoginRequest, RegisterRequest};
use contracts::lead::{CreateLeadRequest, ReplaceLeadRequest};
use contracts::problem::{FieldProblem, Problem};
use serde_json::json;

#[test]
fn optional_fields_may_be_absent_or_null() {
    let absent: CreateLeadRequest = serde_json::from_value(json!({"company_name": "Contoso"})).unwrap();
    let null: CreateLeadRequest =
        serde_json::from_value(json!({"company_name": "Contoso", "notes": null})).unwrap();
    assert_eq!(absent, null);
}

#[test]
fn a_status_may_be_absent_but_not_null() {
    let request = |body| serde_json::from_value::<CreateLeadRequest>(body);
    assert_eq!(request(json!({"company_name": "Contoso"})).unwrap().status, None);
    assert!(request(json!({"company_name": "Contoso", "status": null})).is_err());
}

#[test]
fn requests_refuse_unknown_and_missing_fields() {
    assert!(
        serde_json::from_value::<CreateLeadRequest>(json!({"company_name": "C", "tenant_id": "x"})).is_err()
    );
    assert!(serde_json::from_value::<ReplaceLeadRequest>(json!({"company_name": "C"})).is_err());
    assert!(serde_json::from_value::<LoginRequest>(json!({"email": "a@b.example"})).is_err());
}

#[test]
fn debug_shows_no_secret() {
    let request = RegisterRequest {
        email: "ada@northwind.example".to_owned(),
        password: "correct horse".to_owned(),
        name: "Ada".to_owned(),
        organization_name: "Northwind".to_owned(),
    };
    assert_eq!(format!("{request:?}"), "RegisterRequest(..)");
}

#[test]
fn a_problem_leaves_out_what_it_does_not_have() {
    let mut problem = Problem::new(404, "not_found", "Not found", "c-1");
    assert_eq!(
        serde_json::to_value(&problem).unwrap(),
        json!({
            "type": "https://sextant.dev/problems/not_found",
            "title": "Not found",
            "status": 404,
            "code": "not_found",
            "correlation_id": "c-1",
        })
    );
    problem.errors.push(FieldProblem {
        field: "/a".into(),
        code: "required".into(),
        message: "must be there".into(),
    });
    assert_eq!(
        serde_json::to_value(&problem).unwrap()["errors"],
        json!([{"field": "/a", "code": "required", "message": "must be there"}])
    );
}

#[test]
fn a_bus_event_is_read_from_its_envelope() {
    let event: BusEvent = serde_json::from_value(json!({
        "version": "0",
        "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
        "detail-type": "lead_deleted",
        "source": "sextant.ledger",
        "account": "123456789012",
        "time": "2025-11-21T09:00:00Z",
        "region": "us-east-1",
        "resources": [],
        "detail": {
            "event_id": "event_01jd2x5k8qf3v9m4t7w6z0r1sa",
            "event_type": "lead_deleted",
            "schema_version": 1,
            "tenant_id": "org_01jd2wzq4sf1a6p8d2y7b9t3ge",
            "aggregate_type": "lead",
            "aggregate_id": "lead_01jd2x5k8qf3v9m4t7w6z0r1sa",
            "version": 4,
            "occurred_at": "2025-11-21T09:00:00.000Z",
            "actor": "account_01jd2wzq4tf8x7k3m5v9c0r2nh",
            "correlation_id": "c-1",
            "causation_id": null,
            "data": {},
            "added_later": true,
        },
    }))
    .unwrap();
    assert_eq!(event.detail_type, event.detail.event_type);
    assert_eq!(event.detail.version, 4);
}
