//! The handler of each operation. If an operation has none, every test fails.

use crate::tokens::TestTokens;
use crate::world::Parts;
use adapter_password::Argon2Passwords;
use adapter_s3::S3TrainingUploads;
use application_ai::{AiGateway, Chain, Completions, Embeddings, PriceBook, Providers, Registry};
use application_core::Configured;
use application_identity as identity;
use application_platform::Flags;
use application_sales as sales;
use edge::cursor::CursorCodec;
use edge::streaming::StreamingHandler;
use edge::{Handler, RuntimeTimer};
use ports::{
    Configuration, EmbeddingGateway, Limiter, ModelGateway, PasswordHasher, Store, StreamingModelGateway,
    TokenSigner,
};
use std::collections::BTreeMap;
use std::sync::Arc;

const CURSOR_KEY: &str = "a secret of the tests, long enough for an HMAC key";

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

fn registry() -> Registry {
    Registry::shipped().expect("the shipped models")
}

fn gateway(parts: &Parts) -> Arc<AiGateway> {
    let state = Arc::new(parts.environment.ai_state());
    let limiter = Arc::clone(&parts.limiter) as Arc<dyn Limiter>;
    Arc::new(AiGateway::new(state, limiter, Arc::new(RuntimeTimer), registry()))
}

/// The models that answer a conversation that names no model.
fn chain() -> Chain {
    Chain::parse("us.anthropic.claude-sonnet-4-5-20250929-v1:0,us.amazon.nova-pro-v1:0", &registry())
        .expect("a chain of known models")
}

fn completions(parts: &Parts) -> Configured<Completions<dyn ModelGateway>> {
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
fn uploads(parts: &Parts) -> S3TrainingUploads {
    let key = "arn:aws:kms:eu-west-1:123456789012:key/data".to_owned();
    S3TrainingUploads::new(parts.environment.sdk_config(), "training".to_owned(), key)
}

/// The handlers by operation.
pub(crate) fn handlers(parts: &Parts) -> BTreeMap<&'static str, Route> {
    let store = || Arc::clone(&parts.store) as Arc<dyn Store>;
    let limiter = || Arc::clone(&parts.limiter) as Arc<dyn Limiter>;
    let signer = || Arc::clone(&parts.tokens) as Arc<dyn TokenSigner>;
    let cursors = || CursorCodec::new(CURSOR_KEY).expect("the key is long enough");
    let passwords: Arc<dyn PasswordHasher> =
        Arc::new(Argon2Passwords::new().expect("the parameters are good"));
    let scoring = || {
        let prices = registry();
        let scorer = application_sales::LeadScorer {
            gateway: gateway(parts),
            providers: Providers { bedrock: parts.model.clone(), openai: None },
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
    };
    let refresh = identity::RefreshSession { store: store(), signer: signer(), issuer: TestTokens::issuer() };
    let register = identity::RegisterAccount {
        store: store(),
        limiter: limiter(),
        passwords,
        tenant_keys: parts.environment.tenant_keys(),
        home_region: "eu-west-1".to_owned(),
    };
    let models = || Configured::fixed(registry());
    let flags = || Flags::new(Arc::clone(&parts.configuration) as Arc<dyn Configuration>);
    let verifier = Arc::new(parts.tokens.verifier());
    BTreeMap::from([
        ("registerAccount", whole(register_account::RegisterAccount { needs: register })),
        ("login", whole(login::Login { needs: login })),
        ("refreshSession", whole(refresh_session::RefreshSession { needs: refresh })),
        ("logout", whole(logout::Logout { store: store() })),
        ("getJwks", whole(get_jwks::GetJwks { verifier })),
        ("getProfile", whole(get_profile::GetProfile { store: store(), limiter: limiter() })),
        ("getOrganization", whole(get_organization::GetOrganization { store: store(), limiter: limiter() })),
        (
            "listModels",
            whole(list_models::ListModels { store: store(), limiter: limiter(), registry: models() }),
        ),
        ("createLead", whole(create_lead::CreateLead { store: store() })),
        (
            "listLeads",
            whole(list_leads::ListLeads { store: store(), limiter: limiter(), cursors: cursors() }),
        ),
        ("getLead", whole(get_lead::GetLead { store: store(), limiter: limiter() })),
        ("updateLead", whole(update_lead::UpdateLead { store: store() })),
        ("deleteLead", whole(delete_lead::DeleteLead { store: store() })),
        ("scoreLead", whole(score_lead::ScoreLead { needs: scoring() })),
        (
            "listNotifications",
            whole(list_notifications::ListNotifications {
                store: store(),
                limiter: limiter(),
                cursors: cursors(),
            }),
        ),
        ("markNotificationRead", whole(mark_notification_read::MarkNotificationRead { store: store() })),
        ("getHealth", whole(get_health::GetHealth { store: parts.environment.health_probe() })),
        ("getOpenapi", whole(get_openapi::GetOpenapi)),
        ("getApiDocs", whole(get_api_docs::GetApiDocs)),
        (
            "createCompletion",
            whole(create_completion::CreateCompletion { store: store(), needs: completions(parts) }),
        ),
        (
            "createEmbedding",
            whole(create_embedding::CreateEmbedding { store: store(), needs: embeddings(parts) }),
        ),
        (
            "listOpenaiModels",
            whole(list_openai_models::ListOpenaiModels {
                store: store(),
                limiter: limiter(),
                registry: models(),
            }),
        ),
        (
            "createOpenaiEmbedding",
            whole(create_openai_embedding::CreateOpenaiEmbedding {
                store: store(),
                needs: embeddings(parts),
            }),
        ),
        (
            "createChatCompletion",
            Route::Streaming(Box::new(create_chat_completion::CreateChatCompletion {
                store: store(),
                whole: completions(parts),
                streamed: streamed_completions(parts),
            })),
        ),
        ("createApiKey", whole(create_api_key::CreateApiKey { store: store(), limiter: limiter() })),
        (
            "listApiKeys",
            whole(list_api_keys::ListApiKeys {
                store: store(),
                key_uses: parts.key_uses.clone(),
                limiter: limiter(),
                cursors: cursors(),
            }),
        ),
        ("revokeApiKey", whole(revoke_api_key::RevokeApiKey { store: store() })),
        (
            "getBudget",
            whole(get_budget::GetBudget {
                store: store(),
                state: Arc::new(parts.environment.ai_state()),
                limiter: limiter(),
            }),
        ),
        (
            "createFineTune",
            whole(create_fine_tune::CreateFineTune {
                store: store(),
                limiter: limiter(),
                registry: models(),
                uploads: Arc::new(uploads(parts)),
            }),
        ),
        (
            "listFineTunes",
            whole(list_fine_tunes::ListFineTunes { store: store(), limiter: limiter(), cursors: cursors() }),
        ),
        ("getFineTune", whole(get_fine_tune::GetFineTune { store: store(), limiter: limiter() })),
        ("cancelFineTune", whole(cancel_fine_tune::CancelFineTune { store: store() })),
        (
            "getUsage",
            whole(get_usage::GetUsage {
                store: store(),
                usage: Arc::new(parts.environment.ai_usage()),
                limiter: limiter(),
            }),
        ),
        (
            "getBilling",
            whole(get_billing::GetBilling {
                store: store(),
                usage: Arc::new(parts.environment.ai_usage()),
                prices: PriceBook::new(vec![registry()]),
                limiter: limiter(),
            }),
        ),
        ("updateBudget", whole(update_budget::UpdateBudget { store: store(), registry: models() })),
        ("scoreLeads", whole(score_leads::ScoreLeads { needs: scoring() })),
        ("getFlags", whole(get_flags::GetFlags { store: store(), limiter: limiter(), flags: flags() })),
    ])
}
