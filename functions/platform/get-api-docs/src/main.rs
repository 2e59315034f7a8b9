//! Wires `get-api-docs`: it needs nothing.

use edge::Handler;
use get_api_docs::GetApiDocs;
use std::process::ExitCode;

fn main() -> ExitCode {
    edge::http::run("get-api-docs", |_| Box::pin(async { Ok(Box::new(GetApiDocs) as Box<dyn Handler>) }))
}
