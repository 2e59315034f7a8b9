//! Wires `authorize-request` to AWS.

use adapter_aws::AwsSettings;
use adapter_dynamodb::{DynamoKeyUses, DynamoStore, Tables};
use adapter_kms::{KmsTokenKeys, TokenKeyList};
use adapter_token::Rs256Verifier;
use application_identity::Authenticate;
use authorize_request::AuthorizeRequest;
use edge::authorizer::Authorizer;
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    edge::authorizer::run("authorize-request", |settings| {
        Box::pin(async move {
            let aws = adapter_aws::sdk_config(&AwsSettings::from_env()?);
            let keys: TokenKeyList = settings.required("TOKEN_KEY_IDS")?.parse()?;
            let (issuer, audience) =
                (settings.required("TOKEN_ISSUER")?, settings.required("TOKEN_AUDIENCE")?);
            let public_keys = KmsTokenKeys::new(&aws, keys).public_keys();
            let verifier = Arc::new(Rs256Verifier::new(issuer, audience, public_keys));
            let tables = Tables::from_env()?;
            let key_uses = Arc::new(DynamoKeyUses::new(&aws, tables.ephemeral.clone()));
            let store = Arc::new(DynamoStore::new(&aws, tables));
            let needs = Authenticate { verifier, store, key_uses };
            Ok(Box::new(AuthorizeRequest { needs }) as Box<dyn Authorizer>)
        })
    })
}
