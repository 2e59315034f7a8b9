//! Wires `authorize-request` to AWS.

use adapter_aws::AwsSettings;
use adapter_dynamodb::{DynamoKeyUses, DynamoStore, Tables};
use application_identity::Authenticate;
use authorize_request::AuthorizeRequest;
use edge::authorizer::Authorizer;
use std::process::ExitCode;
use std::sync::Arc;
use wiring_identity::token_verifier;

fn main() -> ExitCode {
    edge::authorizer::run("authorize-request", |settings| {
        Box::pin(async move {
            let aws = adapter_aws::sdk_config(&AwsSettings::from_env()?);
            let verifier = Arc::new(token_verifier(&settings, &aws)?);
            let tables = Tables::from_env()?;
            let key_uses = Arc::new(DynamoKeyUses::new(&aws, tables.ephemeral.clone()));
            let store = Arc::new(DynamoStore::new(&aws, tables));
            let needs = Authenticate { verifier, store, key_uses };
            Ok(Box::new(AuthorizeRequest { needs }) as Box<dyn Authorizer>)
        })
    })
}
