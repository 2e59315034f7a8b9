//! The Python programs that deploying takes (SAM CLI, the emulator, cfn-lint), in an environment of the project's own.

use crate::environment::{local, root};
use crate::error::{Error, at};
use crate::run::{run, run_logged};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// A program of the environment.
pub(crate) fn tool(name: &str) -> PathBuf {
    local().join("venv/bin").join(name)
}

/// Installs the pinned programs, unless they are there already.
pub(crate) fn install() -> Result<(), Error> {
    let requirements = root().join("local/requirements.txt");
    let wanted = fs::read_to_string(&requirements).map_err(at(&requirements))?;
    let stamp = local().join("venv/installed-requirements.txt");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    let folder = local().join("venv");
    run(
        "making a Python environment (python3 -m venv; on Debian it needs the package python3-venv)",
        Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder),
    )?;
    run_logged(
        "installing SAM CLI and the emulator",
        Command::new(tool("python"))
            .args([
                "-m",
                "pip",
                "install",
                "--disable-pip-version-check",
                "--no-deps",
                "--require-hashes",
                "--requirement",
            ])
            .arg(&requirements),
        &local().join("install.log"),
    )?;
    fs::write(&stamp, wanted).map_err(at(&stamp))
}
