//! `cargo xtask redrive`: publishes events again that did not reach the bus. The work is that of `local/redrive.py`, which
//! has the AWS client that SAM CLI brings.

use crate::Outcome;
use crate::environment::{folder, local, root};
use crate::run::run;
use crate::tools;
use clap::Args;
use std::process::Command;

/// Options of `redrive`.
#[derive(Args)]
pub(crate) struct RedriveOptions {
    /// Environment of the deployment, such as `production`.
    environment: String,
    /// Only say what waits in the relay's parking queue.
    #[arg(long)]
    look: bool,
}

/// Publishes events again.
pub(crate) fn redrive(options: &RedriveOptions) -> Outcome {
    folder(local())?;
    tools::install()?;
    let mut command = Command::new(tools::tool("python"));
    command.arg(root().join("local/redrive.py")).arg(&options.environment);
    if options.look {
        command.arg("--look");
    }
    run("the redrive", &mut command)
}
