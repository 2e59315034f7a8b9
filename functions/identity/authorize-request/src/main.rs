//! Wires `authorize-request` to AWS.

use adapter_aws::AwsSettings;
use adapter_kms::{KmsTokenKeys, TokenKeyList};
use adapter_token::Rs256Verifier;
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
            Ok(Box::new(AuthorizeRequest { verifier }) as Box<dyn Authorizer>)
        })
    })
}
