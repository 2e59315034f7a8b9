//! The handler of each operation. If an operation has none, every test fails.

mod second_factors;

use crate::tokens::TestTokens;
use crate::world::Parts;
use adapter_password::Argon2Passwords;
use adapter_s3::S3Links;
use application_ai::{AiGateway, Chain, Completions, Embeddings, PriceBook, Providers, Registry};
use application_core::Configured;
use application_core::mail_token::MailTokenKey;
use application_identity as identity;
use application_platform::Flags;
use application_sales as sales;
use edge::cursor::CursorCodec;
use edge::streaming::{Reply, StreamingHandler};
use edge::{Authorized, Handler, ReadLimit, RuntimeTimer, Uncounted};
use ports::{
    Configuration, EmbeddingGateway, ModelGateway, PasswordHasher, Store, StreamingModelGateway, TokenSigner,
};
use std::collections::BTreeMap;
use std::sync::Arc;

const CURSOR_KEY: &str = "a secret of the tests, long enough for an HMAC key";

/// The key of the tokens in mails.
pub(crate) fn mail_token_key() -> MailTokenKey {
    MailTokenKey::new("the key of the tests for tokens in mails").expect("the key is long enough")
}

/// The handler of an operation.
pub(crate) enum Route {
    /// A handler whose answer is sent in one piece.
    Whole(Box<dyn Handler>),
    /// A handler whose answer is streamed.
    Streaming(Box<dyn StreamingHandler>),
}

fn whole(handler: impl Handler + 'static) -> Route {
    Route::Whole(Box::new(handler))
}

/// A route whose requests are not counted by the edge.
fn authorized(parts: &Parts, route: impl edge::Route<Limit = Uncounted> + 'static) -> Route {
    whole(Authorized::new(route, parts.store.clone(), Uncounted))
}

/// A route whose requests are counted as reads.
fn counted_read(parts: &Parts, route: impl edge::Route<Limit = ReadLimit> + 'static) -> Route {
    whole(Authorized::new(route, parts.store.clone(), ReadLimit::new(parts.limiter.clone())))
}

/// A route that may stream its answer.
fn streamed(parts: &Parts, route: impl edge::Route<Reply, Limit = Uncounted> + 'static) -> Route {
    Route::Streaming(Box::new(Authorized::new(route, parts.store.clone(), Uncounted)))
}

fn registry() -> Registry {
    Registry::shipped().expect("the shipped models")
}

fn gateway(parts: &Parts) -> Arc<AiGateway> {
    let state = Arc::new(parts.environment.ai_state());
    let limiter = Arc::clone(&parts.limiter);
    Arc::new(AiGateway::new(state, limiter, Arc::new(RuntimeTimer), registry()))
}

/// The models that answer a conversation that names no model.
fn chain() -> Chain {
    Chain::parse("us.anthropic.claude-sonnet-4-5-20250929-v1:0,us.amazon.nova-pro-v1:0", &registry())
        .expect("a chain of known models")
}

pub(crate) fn completions(parts: &Parts) -> Configured<Completions<dyn ModelGateway>> {
    let providers: Providers<dyn ModelGateway> = Providers { bedrock: parts.model.clone(), openai: None };
    Configured::fixed(Completions {
        gateway: gateway(parts),
        providers,
        registry: registry(),
        chain: chain(),
    })
}

fn streamed_completions(parts: &Parts) -> Configured<Completions<dyn StreamingModelGateway>> {
    let providers: Providers<dyn StreamingModelGateway> =
        Providers { bedrock: parts.model.clone(), openai: None };
    Configured::fixed(Completions {
        gateway: gateway(parts),
        providers,
        registry: registry(),
        chain: chain(),
    })
}

fn embeddings(parts: &Parts) -> Configured<Embeddings> {
    let providers: Providers<dyn EmbeddingGateway> = Providers { bedrock: parts.model.clone(), openai: None };
    Configured::fixed(Embeddings { gateway: gateway(parts), providers, registry: registry() })
}

/// Signing makes no network call, so the real adapter is used.
fn links(parts: &Parts, bucket: &str) -> Arc<S3Links> {
    let key = "arn:aws:kms:eu-west-1:123456789012:key/data".to_owned();
    Arc::new(S3Links::new(parts.environment.sdk_config(), bucket.to_owned(), key))
}

/// The handlers by operation.
pub(crate) fn handlers(parts: &Parts) -> BTreeMap<&'static str, Route> {
    let mut handlers = most_handlers(parts);
    handlers.extend(second_factors::handlers(parts));
    handlers
}

fn most_handlers(parts: &Parts) -> BTreeMap<&'static str, Route> {
    let store = || Arc::clone(&parts.store) as Arc<dyn Store>;
    let limiter = || Arc::clone(&parts.limiter);
    let signer = || Arc::clone(&parts.tokens) as Arc<dyn TokenSigner>;
    let cursors = || CursorCodec::new(CURSOR_KEY).expect("the key is long enough");
    let passwords: Arc<dyn PasswordHasher> =
        Arc::new(Argon2Passwords::new().expect("the parameters are good"));
    let scoring = || {
        let prices = registry();
        let scorer = application_sales::LeadScorer {
            gateway: gateway(parts),
            providers: Providers { bedrock: parts.model.clone(), openai: Some(parts.model.clone()) },
            chain: Chain::parse(&parts.chain, &prices).expect("a chain of known models"),
            price_version: prices.version,
        };
        Configured::fixed(sales::ScoreLead { store: store(), limiter: limiter(), scorer })
    };
    let login = identity::Login {
        store: store(),
        limiter: limiter(),
        passwords: Arc::clone(&passwords),
        signer: signer(),
        issuer: TestTokens::issuer(),
        relying_party: second_factors::relying_party(),
    };
    let refresh = identity::RefreshSession { store: store(), signer: signer(), issuer: TestTokens::issuer() };
    let forgot = identity::RequestPasswordReset { store: store(), limiter: limiter(), key: mail_token_key() };
    let reset =
        identity::ResetPassword { store: store(), limiter: limiter(), passwords: Arc::clone(&passwords) };
    let verify = identity::VerifyEmail { store: store(), limiter: limiter() };
    let verification =
        identity::RequestEmailVerification { store: store(), limiter: limiter(), key: mail_token_key() };
    let register = identity::RegisterAccount {
        store: store(),
        limiter: limiter(),
        passwords,
        tenant_keys: parts.environment.tenant_keys(),
        mail_token_key: mail_token_key(),
        home_region: "eu-west-1".to_owned(),
    };
    let models = || Configured::fixed(registry());
    let flags = || Flags::new(Arc::clone(&parts.configuration) as Arc<dyn Configuration>);
    let verifier = Arc::new(parts.tokens.verifier());
    BTreeMap::from([
        ("registerAccount", whole(register_account::RegisterAccount { needs: register })),
        ("login", whole(login::Login { needs: login })),
        ("refreshSession", whole(refresh_session::RefreshSession { needs: refresh })),
        ("logout", authorized(parts, logout::Logout { store: store() })),
        ("getJwks", whole(get_jwks::GetJwks { verifier })),
        ("getProfile", counted_read(parts, get_profile::GetProfile { store: store() })),
        ("getOrganization", counted_read(parts, get_organization::GetOrganization { store: store() })),
        ("listModels", counted_read(parts, list_models::ListModels { store: store(), registry: models() })),
        ("createLead", authorized(parts, create_lead::CreateLead { store: store() })),
        ("listLeads", counted_read(parts, list_leads::ListLeads { store: store(), cursors: cursors() })),
        ("getLead", counted_read(parts, get_lead::GetLead { store: store() })),
        ("updateLead", authorized(parts, update_lead::UpdateLead { store: store() })),
        ("deleteLead", authorized(parts, delete_lead::DeleteLead { store: store() })),
        ("scoreLead", authorized(parts, score_lead::ScoreLead { needs: scoring() })),
        (
            "listNotifications",
            counted_read(parts, list_notifications::ListNotifications { store: store(), cursors: cursors() }),
        ),
        (
            "markNotificationRead",
            authorized(parts, mark_notification_read::MarkNotificationRead { store: store() }),
        ),
        ("getHealth", whole(get_health::GetHealth { store: parts.environment.health_probe() })),
        ("getOpenapi", whole(get_openapi::GetOpenapi)),
        ("getApiDocs", whole(get_api_docs::GetApiDocs)),
        (
            "createCompletion",
            authorized(parts, create_completion::CreateCompletion { needs: completions(parts) }),
        ),
        (
            "createEmbedding",
            authorized(parts, create_embedding::CreateEmbedding { needs: embeddings(parts) }),
        ),
        (
            "listOpenaiModels",
            counted_read(parts, list_openai_models::ListOpenaiModels { store: store(), registry: models() }),
        ),
        (
            "getOpenaiModel",
            counted_read(parts, get_openai_model::GetOpenaiModel { store: store(), registry: models() }),
        ),
        (
            "createOpenaiEmbedding",
            authorized(parts, create_openai_embedding::CreateOpenaiEmbedding { needs: embeddings(parts) }),
        ),
        (
            "createChatCompletion",
            streamed(
                parts,
                create_chat_completion::CreateChatCompletion::new(
                    completions(parts),
                    streamed_completions(parts),
                    parts.remote_files.clone(),
                ),
            ),
        ),
        (
            "createResponse",
            streamed(
                parts,
                create_response::CreateResponse::new(
                    completions(parts),
                    streamed_completions(parts),
                    parts.remote_files.clone(),
                ),
            ),
        ),
        (
            "createMessage",
            streamed(
                parts,
                create_message::CreateMessage::new(
                    completions(parts),
                    streamed_completions(parts),
                    parts.remote_files.clone(),
                ),
            ),
        ),
        (
            "countMessageTokens",
            counted_read(
                parts,
                count_message_tokens::CountMessageTokens { store: store(), registry: models() },
            ),
        ),
        (
            "countResponseTokens",
            counted_read(
                parts,
                count_response_tokens::CountResponseTokens { store: store(), registry: models() },
            ),
        ),
        (
            "createApiKey",
            authorized(parts, create_api_key::CreateApiKey { store: store(), limiter: limiter() }),
        ),
        (
            "listApiKeys",
            counted_read(
                parts,
                list_api_keys::ListApiKeys {
                    store: store(),
                    key_uses: parts.key_uses.clone(),
                    cursors: cursors(),
                },
            ),
        ),
        (
            "listMembers",
            counted_read(parts, list_members::ListMembers { store: store(), cursors: cursors() }),
        ),
        ("updateMember", authorized(parts, update_member::UpdateMember { store: store() })),
        ("removeMember", authorized(parts, remove_member::RemoveMember { store: store() })),
        ("revokeApiKey", authorized(parts, revoke_api_key::RevokeApiKey { store: store() })),
        (
            "getBudget",
            counted_read(
                parts,
                get_budget::GetBudget { store: store(), state: Arc::new(parts.environment.ai_state()) },
            ),
        ),
        (
            "createFineTune",
            authorized(
                parts,
                create_fine_tune::CreateFineTune {
                    store: store(),
                    limiter: limiter(),
                    registry: models(),
                    uploads: links(parts, "training"),
                },
            ),
        ),
        (
            "listFineTunes",
            counted_read(parts, list_fine_tunes::ListFineTunes { store: store(), cursors: cursors() }),
        ),
        ("getFineTune", counted_read(parts, get_fine_tune::GetFineTune { store: store() })),
        ("cancelFineTune", authorized(parts, cancel_fine_tune::CancelFineTune { store: store() })),
        (
            "createBatch",
            authorized(
                parts,
                create_batch::CreateBatch {
                    store: store(),
                    limiter: limiter(),
                    links: links(parts, "batches"),
                },
            ),
        ),
        ("listBatches", counted_read(parts, list_batches::ListBatches { store: store() })),
        (
            "getBatch",
            counted_read(parts, get_batch::GetBatch { store: store(), links: links(parts, "batches") }),
        ),
        ("cancelBatch", authorized(parts, cancel_batch::CancelBatch { store: store() })),
        (
            "getUsage",
            counted_read(parts, get_usage::GetUsage { usage: Arc::new(parts.environment.ai_usage()) }),
        ),
        (
            "getBilling",
            counted_read(
                parts,
                get_billing::GetBilling {
                    store: store(),
                    usage: Arc::new(parts.environment.ai_usage()),
                    prices: PriceBook::new(vec![registry()]),
                },
            ),
        ),
        (
            "updateBudget",
            authorized(parts, update_budget::UpdateBudget { store: store(), registry: models() }),
        ),
        ("scoreLeads", authorized(parts, score_leads::ScoreLeads { needs: scoring() })),
        ("getFlags", counted_read(parts, get_flags::GetFlags { store: store(), flags: flags() })),
        ("listJobs", counted_read(parts, list_jobs::ListJobs { store: store(), cursors: cursors() })),
        ("getJob", counted_read(parts, get_job::GetJob { store: store(), links: links(parts, "jobs") })),
        ("cancelJob", authorized(parts, cancel_job::CancelJob { store: store() })),
        (
            "listAuditEntries",
            counted_read(
                parts,
                list_audit_entries::ListAuditEntries {
                    log: Arc::new(parts.environment.audit_log()),
                    cursors: cursors(),
                },
            ),
        ),
        (
            "exportAuditEntries",
            authorized(
                parts,
                export_audit_entries::ExportAuditEntries { store: store(), limiter: limiter() },
            ),
        ),
        ("requestPasswordReset", whole(request_password_reset::RequestPasswordReset { needs: forgot })),
        ("resetPassword", whole(reset_password::ResetPassword { needs: reset })),
        ("verifyEmail", whole(verify_email::VerifyEmail { needs: verify })),
        (
            "requestEmailVerification",
            authorized(parts, request_email_verification::RequestEmailVerification { needs: verification }),
        ),
        (
            "getOpenidConfiguration",
            whole(get_openid_configuration::GetOpenidConfiguration { issuer: TestTokens::issuer().issuer }),
        ),
        (
            "listSessions",
            counted_read(parts, list_sessions::ListSessions { store: store(), cursors: cursors() }),
        ),
        ("revokeSession", authorized(parts, revoke_session::RevokeSession { store: store() })),
        (
            "revokeOtherSessions",
            authorized(parts, revoke_other_sessions::RevokeOtherSessions { store: store() }),
        ),
        ("updateProfile", authorized(parts, update_profile::UpdateProfile { store: store() })),
    ])
}
