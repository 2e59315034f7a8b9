//! The rules that `deny.toml` sets for the tree of dependencies, checked by cargo-deny.

use crate::Outcome;
use crate::artifacts::cargo;
use crate::environment::{root, target};
use crate::run::{run, run_logged};
use std::process::Command;

/// The pinned version.
const VERSION: &str = "0.20.2";

/// Checks licences, sources and banned or doubled crates. Advisories are not checked here: their database is fetched
/// from a network that builds don't have.
pub(crate) fn check() -> Outcome {
    // Next to what is compiled, which CI keeps from one run to the next: it takes two and a half minutes of CPU.
    let folder = target().join("cargo-deny");
    let program = folder.join("bin/cargo-deny");
    if !installed(&program) {
        crate::environment::folder(folder.clone())?;
        let mut install = cargo();
        install.args([
            "install",
            "cargo-deny",
            "--version",
            VERSION,
            "--locked",
            "--no-default-features",
            "--root",
        ]);
        run_logged("installing cargo-deny", install.arg(&folder), &folder.join("install.log"))?;
    }
    // The rules look at what is built for other machines too, which building here has not fetched.
    run("fetching the sources", cargo().args(["fetch", "--locked", "--quiet"]))?;
    let mut deny = Command::new(&program);
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

fn installed(program: &std::path::Path) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| {
        output.status.success() && String::from_utf8_lossy(&output.stdout).contains(VERSION)
    })
}
