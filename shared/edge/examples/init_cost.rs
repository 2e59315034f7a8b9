//! The cost in instructions of starting a function that does nothing, until it asks for its first event.
//!
//! ```text
//! cargo build --release -p edge --example init_cost
//! env -i AWS_LAMBDA_RUNTIME_API=127.0.0.1:1 AWS_LAMBDA_FUNCTION_NAME=f AWS_LAMBDA_FUNCTION_MEMORY_SIZE=512 \
//!   AWS_LAMBDA_FUNCTION_VERSION=1 LOG_LEVEL=off perf stat -e instructions:u target/release/examples/init_cost
//! ```
//!
//! Nobody listens there, so it stops after its start. The dynamic linker is part of the count.

use edge::{Handler, Problem, Request, Response};
use ports::BoxFuture;

struct Nothing;

impl Handler for Nothing {
    fn handle<'a>(&'a self, _: &'a Request) -> BoxFuture<'a, Result<Response, Problem>> {
        Box::pin(async { Ok(Response::no_content()) })
    }
}

fn main() -> std::process::ExitCode {
    edge::http::run("nothing", |_| Box::pin(async { Ok(Box::new(Nothing) as Box<dyn Handler>) }))
}
