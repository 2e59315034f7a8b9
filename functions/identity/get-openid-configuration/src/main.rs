//! Wires `get-openid-configuration`, which needs no adapters.

use edge::Handler;
use get_openid_configuration::GetOpenidConfiguration;
use std::process::ExitCode;

fn main() -> ExitCode {
    edge::http::run("get-openid-configuration", |settings| {
        Box::pin(async move {
            let issuer = settings.required("TOKEN_ISSUER")?.to_owned();
            Ok(Box::new(GetOpenidConfiguration { issuer }) as Box<dyn Handler>)
        })
    })
}
