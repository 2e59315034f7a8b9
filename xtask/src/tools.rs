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

/// Installs what the local deploy takes, unless it is there already.
pub(crate) fn install() -> Result<(), Error> {
    let folder = local().join("venv");
    if !folder.join("bin/python").exists() {
        run(
            "making a Python environment (python3 -m venv; on Debian it needs the package python3-venv)",
            Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder),
        )?;
    }
    install_list("requirements.txt")
}

/// Installs what building for AWS takes besides.
pub(crate) fn install_for_aws() -> Result<(), Error> {
    install()?;
    install_list("requirements-aws.txt")
}

/// Installs a complete, pinned list. Being complete it leaves pip nothing to resolve, which older releases get wrong for
/// packages with extras.
fn install_list(name: &str) -> Result<(), Error> {
    let requirements = root().join("local").join(name);
    let wanted = fs::read_to_string(&requirements).map_err(at(&requirements))?;
    let stamp = local().join("venv").join(format!("installed-{name}"));
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    run_logged(
        "installing Python programs",
        Command::new(tool("python"))
            .args([
                "-m",
                "pip",
                "install",
                "--disable-pip-version-check",
                "--quiet",
                "--no-compile",
                "--no-deps",
            ])
            .args(["--require-hashes", "--requirement"])
            .arg(&requirements),
        &local().join("install.log"),
    )?;
    fs::write(&stamp, wanted).map_err(at(&stamp))
}
