//! `cargo xtask redrive`: publishes events that did not reach the bus. It runs `local/redrive.py`, because SAM CLI
//! brings an AWS client for Python.

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
    /// Only list what waits in the relay's parking queue.
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
