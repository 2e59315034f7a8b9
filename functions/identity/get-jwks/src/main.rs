//! Wires `get-jwks` to AWS.

use adapter_aws::AwsSettings;
use edge::Handler;
use get_jwks::GetJwks;
use std::process::ExitCode;
use std::sync::Arc;
use wiring_identity::token_verifier;

fn main() -> ExitCode {
    edge::http::run("get-jwks", |settings| {
        Box::pin(async move {
            let aws = adapter_aws::sdk_config(&AwsSettings::read(settings.variables())?)?;
            let verifier = Arc::new(token_verifier(&settings, &aws)?);
            Ok(Box::new(GetJwks { verifier }) as Box<dyn Handler>)
        })
    })
}
