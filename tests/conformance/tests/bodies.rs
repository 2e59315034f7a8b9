//! The types of `shared/contracts` and the schemas of the contract: an example read into the type and written again must
//! be the same, so that neither knows a field the other doesn't.

use crate::contract::{contract, deref, operations, schemas};
use crate::gaps::settle;
use contracts::ai::{self, ModelList};
use contracts::analytics;
use contracts::anthropic;
use contracts::api_key::{ApiKey, CreateApiKeyRequest, CreatedApiKey};
use contracts::audit::{AuditEntry, ExportAuditEntriesRequest};
use contracts::fine_tune::{CreateFineTuneRequest, CreatedFineTune, FineTune};
use contracts::flags::FlagList;
use contracts::health::Health;
use contracts::identity::{
    ForgotPasswordRequest, LoginRequest, Profile, RefreshRequest, RegisterRequest, RegisterResponse,
    ReplaceProfileRequest, ResetPasswordRequest, Session, TokenResponse, VerifyEmailRequest,
};
use contracts::job::Job;
use contracts::jwks::{JwkSet, OpenidConfiguration};
use contracts::lead::{CreateLeadRequest, Lead, ReplaceLeadRequest};
use contracts::lead_score::{LeadScore, LeadScores, ScoreLeadsRequest};
use contracts::list::List;
use contracts::member::{Member, ReplaceMemberRequest};
use contracts::notification::Notification;
use contracts::openai;
use contracts::organization::Organization;
use contracts::problem::Problem;
use contracts::second_factors as factors;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeSet;

type Check = fn(&Value) -> Result<Value, serde_json::Error>;

fn same<T: Serialize + DeserializeOwned>(value: &Value) -> Result<Value, serde_json::Error> {
    serde_json::to_value(T::deserialize(value)?)
}

const TYPES: [(&str, Check); 78] = [
    ("RegisterRequest", same::<RegisterRequest>),
    ("RegisterResponse", same::<RegisterResponse>),
    ("LoginRequest", same::<LoginRequest>),
    ("RefreshRequest", same::<RefreshRequest>),
    ("ForgotPasswordRequest", same::<ForgotPasswordRequest>),
    ("ResetPasswordRequest", same::<ResetPasswordRequest>),
    ("VerifyEmailRequest", same::<VerifyEmailRequest>),
    ("TokenResponse", same::<TokenResponse>),
    ("VerifyMfaRequest", same::<factors::VerifyMfaRequest>),
    ("TotpEnrollment", same::<factors::TotpEnrollment>),
    ("ActivateTotpRequest", same::<factors::ActivateTotpRequest>),
    ("RecoveryCodes", same::<factors::RecoveryCodes>),
    ("PasskeyOptions", same::<factors::PasskeyOptions>),
    ("CreatePasskeyRequest", same::<factors::CreatePasskeyRequest>),
    ("CreatedPasskey", same::<factors::CreatedPasskey>),
    ("PasskeyList", same::<List<factors::Passkey>>),
    ("LoginWithPasskeyRequest", same::<factors::LoginWithPasskeyRequest>),
    ("MfaChallenge", same::<factors::MfaChallenge>),
    ("JwkSet", same::<JwkSet>),
    ("OpenidConfiguration", same::<OpenidConfiguration>),
    ("SessionList", same::<List<Session>>),
    ("Profile", same::<Profile>),
    ("ReplaceProfileRequest", same::<ReplaceProfileRequest>),
    ("Organization", same::<Organization>),
    ("Member", same::<Member>),
    ("MemberList", same::<List<Member>>),
    ("ReplaceMemberRequest", same::<ReplaceMemberRequest>),
    ("CreateApiKeyRequest", same::<CreateApiKeyRequest>),
    ("CreatedApiKey", same::<CreatedApiKey>),
    ("ApiKeyList", same::<List<ApiKey>>),
    ("AuditEntryList", same::<List<AuditEntry>>),
    ("ExportAuditEntriesRequest", same::<ExportAuditEntriesRequest>),
    ("Job", same::<Job>),
    ("JobList", same::<List<Job>>),
    ("CreateBatchRequest", same::<openai::CreateBatchRequest>),
    ("Batch", same::<openai::Batch>),
    ("BatchList", same::<openai::BatchList>),
    ("CreateFineTuneRequest", same::<CreateFineTuneRequest>),
    ("CreatedFineTune", same::<CreatedFineTune>),
    ("FineTune", same::<FineTune>),
    ("FineTuneList", same::<List<FineTune>>),
    ("CreateLeadRequest", same::<CreateLeadRequest>),
    ("ReplaceLeadRequest", same::<ReplaceLeadRequest>),
    ("Lead", same::<Lead>),
    ("LeadList", same::<List<Lead>>),
    ("LeadScore", same::<LeadScore>),
    ("ScoreLeadsRequest", same::<ScoreLeadsRequest>),
    ("LeadScores", same::<LeadScores>),
    ("Notification", same::<Notification>),
    ("NotificationList", same::<List<Notification>>),
    ("FlagList", same::<FlagList>),
    ("Health", same::<Health>),
    ("ModelList", same::<ModelList>),
    ("ReplaceBudgetRequest", same::<ai::ReplaceBudgetRequest>),
    ("Budget", same::<ai::Budget>),
    ("BudgetAndSpent", same::<ai::BudgetAndSpent>),
    ("UsageReport", same::<analytics::UsageReport>),
    ("Bill", same::<analytics::Bill>),
    ("CompletionRequest", same::<ai::CompletionRequest>),
    ("Completion", same::<ai::Completion>),
    ("EmbeddingRequest", same::<ai::EmbeddingRequest>),
    ("Embeddings", same::<ai::Embeddings>),
    ("OpenaiModelList", same::<openai::ModelList>),
    ("OpenaiModel", same::<openai::Model>),
    ("OpenaiEmbeddingRequest", same::<openai::EmbeddingRequest>),
    ("OpenaiEmbeddingList", same::<openai::EmbeddingList>),
    ("ChatRequest", same::<openai::ChatRequest>),
    ("ChatCompletion", same::<openai::ChatCompletion>),
    ("ResponseRequest", same::<openai::responses::ResponseRequest>),
    ("ModelResponse", same::<openai::responses::ModelResponse>),
    ("ResponseTokensRequest", same::<openai::responses::ResponseTokensRequest>),
    ("ResponseTokens", same::<openai::responses::ResponseTokens>),
    ("OpenaiError", same::<openai::ErrorBody>),
    ("MessageRequest", same::<anthropic::MessageRequest>),
    ("AnsweredMessage", same::<anthropic::AnsweredMessage>),
    ("MessageTokensRequest", same::<anthropic::MessageTokensRequest>),
    ("MessageTokens", same::<anthropic::MessageTokens>),
    ("AnthropicError", same::<anthropic::ErrorBody>),
];

/// Every example with the name of its schema.
fn examples() -> Vec<(&'static str, &'static Value)> {
    let mut found = Vec::new();
    for operation in operations() {
        let request = operation.node.get("requestBody").into_iter();
        for node in request.chain(operation.responses().map(|(_, response)| response)) {
            for media in node
                .get("content")
                .and_then(Value::as_object)
                .into_iter()
                .flat_map(|content| content.values())
            {
                let Some(name) = media.pointer("/schema/$ref").and_then(Value::as_str) else { continue };
                let name = name.rsplit('/').next().unwrap();
                let examples =
                    media.get("examples").and_then(Value::as_object).into_iter().flat_map(|all| all.values());
                found.extend(examples.map(|example| {
                    let value = &deref(example)["value"];
                    (member_of(name, value), value)
                }));
            }
        }
    }
    found
}

/// The schema of an example: of two that an answer may have, the one that it has.
fn member_of(name: &'static str, example: &Value) -> &'static str {
    match name {
        "LoginAnswer" if example.get("mfa_required").is_some() => "MfaChallenge",
        "LoginAnswer" => "TokenResponse",
        name => name,
    }
}

#[test]
fn types_and_schemas_know_the_same_fields() {
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for (name, example) in examples() {
        let check = if name == "Problem" {
            same::<Problem>
        } else {
            match TYPES.iter().find(|(known, _)| *known == name) {
                Some((_, check)) => *check,
                None => {
                    wrong.push(format!("{name} has no type"));
                    continue;
                }
            }
        };
        seen.insert(name);
        match check(example) {
            Ok(written) => {
                // Members that a request leaves out are written as null.
                let known = &contract()["components"]["schemas"][name]["properties"];
                let extra = written.as_object().unwrap().keys().filter(|key| known.get(key).is_none());
                wrong.extend(extra.map(|key| format!("{name}.{key} is not in the schema")));
                for (key, value) in example.as_object().unwrap() {
                    if written.get(key) != Some(value) {
                        wrong.push(format!("{name}.{key} is lost"));
                    }
                }
            }
            Err(error) => wrong.push(format!("{name}: {error}")),
        }
    }
    wrong.extend(
        TYPES
            .iter()
            .filter(|(name, _)| !seen.contains(name))
            .map(|(name, _)| format!("{name} has no example")),
    );
    settle("bodies", wrong);
}

#[test]
fn every_required_field_is_required_by_the_type() {
    let mut wrong = Vec::new();
    for (name, example) in examples() {
        let Some((_, check)) = TYPES.iter().find(|(known, _)| *known == name) else { continue };
        let schema = schemas().find(|(known, _)| *known == name).unwrap().1;
        // A body may need no field.
        for field in schema["required"].as_array().into_iter().flatten() {
            let field = field.as_str().unwrap();
            if schema["properties"][field]["nullable"] == true {
                continue;
            }
            let mut without = example.clone();
            without.as_object_mut().unwrap().remove(field);
            // Serde reads an absent option as none, which matches nullable.
            let property = deref(&contract()["components"]["schemas"][name]["properties"][field]);
            let one_of = property["oneOf"].as_array().into_iter().flatten();
            let nullable = std::iter::once(property).chain(one_of).any(|schema| schema["nullable"] == true);
            if !nullable && check(&without).is_ok() {
                wrong.push(format!("{name}.{field}"));
            }
        }
    }
    settle("required fields", wrong);
}
