//! Wires `describe-methods`, which needs no adapters.

use describe_methods::DescribeMethods;
use edge::Handler;
use std::process::ExitCode;

fn main() -> ExitCode {
    edge::http::run("describe-methods", |_| {
        Box::pin(async { Ok(Box::new(DescribeMethods) as Box<dyn Handler>) })
    })
}
