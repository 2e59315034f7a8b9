//! Wires `authorize-request` to AWS.

use adapter_dynamodb::DynamoKeyUses;
use application_identity::Authenticate;
use authorize_request::AuthorizeRequest;
use edge::authorizer::Authorizer;
use std::process::ExitCode;
use std::sync::Arc;
use wiring_core::Base;
use wiring_identity::token_verifier;

fn main() -> ExitCode {
    edge::authorizer::run("authorize-request", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            let verifier = Arc::new(token_verifier(&base.settings, &base.aws)?);
            let key_uses = Arc::new(DynamoKeyUses::new(&base.aws, base.tables()?.ephemeral));
            let store = Arc::new(base.store()?);
            let needs = Authenticate { verifier, store, key_uses };
            Ok(Box::new(AuthorizeRequest::new(needs)) as Box<dyn Authorizer>)
        })
    })
}
