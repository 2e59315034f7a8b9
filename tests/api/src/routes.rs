//! Which handler answers which operation. A new operation without one stops every test.

use crate::tokens::TestTokens;
use crate::world::Parts;
use adapter_password::Argon2Passwords;
use application::ai::{LeadScorer, Registry};
use application::identity;
use application::ports::{Limiter, PasswordHasher, Store, TokenSigner};
use application::sales;
use edge::Handler;
use edge::cursor::CursorCodec;
use std::collections::BTreeMap;
use std::sync::Arc;

const CURSOR_KEY: &str = "a secret of the tests, long enough for an HMAC key";

/// The handlers by operation.
pub(crate) fn handlers(parts: &Parts) -> BTreeMap<&'static str, Box<dyn Handler>> {
    let store = || Arc::clone(&parts.store) as Arc<dyn Store>;
    let limiter = || Arc::clone(&parts.limiter) as Arc<dyn Limiter>;
    let signer = || Arc::clone(&parts.tokens) as Arc<dyn TokenSigner>;
    let cursors = || CursorCodec::new(CURSOR_KEY).expect("the key is long enough");
    let passwords: Arc<dyn PasswordHasher> =
        Arc::new(Argon2Passwords::new().expect("the parameters are good"));
    let prices = Registry::shipped().expect("the shipped prices");
    let scorer =
        LeadScorer::new(parts.model.clone(), &parts.chain, &prices).expect("a chain of known models");
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
    let score = sales::ScoreLead { store: store(), limiter: limiter(), scorer };
    let verifier = Arc::new(parts.tokens.verifier());
    BTreeMap::from([
        (
            "registerAccount",
            Box::new(register_account::RegisterAccount { needs: register }) as Box<dyn Handler>,
        ),
        ("login", Box::new(login::Login { needs: login })),
        ("refreshSession", Box::new(refresh_session::RefreshSession { needs: refresh })),
        ("logout", Box::new(logout::Logout { store: store() })),
        ("getJwks", Box::new(get_jwks::GetJwks { verifier })),
        ("getProfile", Box::new(get_profile::GetProfile { store: store(), limiter: limiter() })),
        (
            "getOrganization",
            Box::new(get_organization::GetOrganization { store: store(), limiter: limiter() }),
        ),
        (
            "listModels",
            Box::new(list_models::ListModels {
                store: store(),
                limiter: limiter(),
                registry: Registry::shipped().expect("the shipped models"),
            }),
        ),
        ("createLead", Box::new(create_lead::CreateLead { store: store() })),
        (
            "listLeads",
            Box::new(list_leads::ListLeads { store: store(), limiter: limiter(), cursors: cursors() }),
        ),
        ("getLead", Box::new(get_lead::GetLead { store: store(), limiter: limiter() })),
        ("updateLead", Box::new(update_lead::UpdateLead { store: store() })),
        ("deleteLead", Box::new(delete_lead::DeleteLead { store: store() })),
        ("scoreLead", Box::new(score_lead::ScoreLead { needs: score })),
        (
            "listNotifications",
            Box::new(list_notifications::ListNotifications {
                store: store(),
                limiter: limiter(),
                cursors: cursors(),
            }),
        ),
        ("markNotificationRead", Box::new(mark_notification_read::MarkNotificationRead { store: store() })),
        ("getHealth", Box::new(get_health::GetHealth { store: parts.environment.health_probe() })),
        ("getOpenapi", Box::new(get_openapi::GetOpenapi)),
        ("getApiDocs", Box::new(get_api_docs::GetApiDocs)),
        ("createCompletion", Box::new(create_completion::CreateCompletion)),
        ("createEmbedding", Box::new(create_embedding::CreateEmbedding)),
        ("listOpenaiModels", Box::new(list_openai_models::ListOpenaiModels)),
        ("createOpenaiEmbedding", Box::new(create_openai_embedding::CreateOpenaiEmbedding)),
        ("createChatCompletion", Box::new(create_chat_completion::CreateChatCompletion)),
        ("createApiKey", Box::new(create_api_key::CreateApiKey { store: store() })),
        (
            "listApiKeys",
            Box::new(list_api_keys::ListApiKeys {
                store: store(),
                key_uses: parts.key_uses.clone(),
                limiter: limiter(),
                cursors: cursors(),
            }),
        ),
        ("revokeApiKey", Box::new(revoke_api_key::RevokeApiKey { store: store() })),
    ])
}
