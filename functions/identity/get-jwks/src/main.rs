//! Wires `get-jwks` to AWS.

use adapter_aws::AwsSettings;
use adapter_kms::{KmsTokenKeys, TokenKeyList};
use adapter_token::Rs256Verifier;
use edge::Handler;
use get_jwks::GetJwks;
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    edge::http::run("get-jwks", |settings| {
        Box::pin(async move {
            let aws = adapter_aws::sdk_config(&AwsSettings::from_env()?);
            let keys: TokenKeyList = settings.required("TOKEN_KEY_IDS")?.parse()?;
            let (issuer, audience) =
                (settings.required("TOKEN_ISSUER")?, settings.required("TOKEN_AUDIENCE")?);
            let public_keys = KmsTokenKeys::new(&aws, keys).public_keys();
            let verifier = Arc::new(Rs256Verifier::new(issuer, audience, public_keys));
            Ok(Box::new(GetJwks { verifier }) as Box<dyn Handler>)
        })
    })
}
