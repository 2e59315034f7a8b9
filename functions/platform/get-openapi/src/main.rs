//! Wires `get-openapi`: it needs nothing.

use edge::Handler;
use get_openapi::GetOpenapi;
use std::process::ExitCode;

fn main() -> ExitCode {
    edge::http::run("get-openapi", |_| Box::pin(async { Ok(Box::new(GetOpenapi) as Box<dyn Handler>) }))
}
