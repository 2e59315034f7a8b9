//! The rules that `deny.toml` sets for the tree of dependencies, checked by cargo-deny.

use crate::Outcome;
use crate::artifacts::cargo;
use crate::environment::root;
use crate::run::run;
use crate::tools;
use std::process::Command;

/// Checks licences, sources and banned or doubled crates. Advisories are not checked here: their database is fetched
/// from a network that builds don't have.
pub(crate) fn check() -> Outcome {
    tools::install_for_checks()?;
    // The rules look at what is built for other machines too, which building here has not fetched.
    run("fetching the sources", cargo().args(["fetch", "--locked", "--quiet"]))?;
    let mut deny = Command::new(tools::check_tool("cargo-deny"));
    deny.current_dir(root()).args([
        "--offline",
        "check",
        "--hide-inclusion-graph",
        "bans",
        "licenses",
        "sources",
    ]);
    run("cargo deny", &mut deny)
}
