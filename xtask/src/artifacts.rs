//! Builds all functions with one cargo call, and packs each as Lambda expects it: an archive with `bootstrap`.

use crate::Outcome;
use crate::environment::{folder, local, root, target};
use crate::error::{Error, at};
use crate::run::run;
use crate::tools;
use clap::{Args, ValueEnum};
use std::fs;
use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// The C library of provided.al2023, against which binaries for AWS are linked.
const GLIBC: &str = "2.34";

/// The processor that functions are built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Architecture {
    /// Graviton, on which the functions run in AWS.
    #[value(name = "arm64")]
    Arm64,
    /// Intel and AMD.
    #[value(name = "x86_64")]
    X86,
}

impl Architecture {
    fn triple(self) -> &'static str {
        match self {
            Self::Arm64 => "aarch64-unknown-linux-gnu",
            Self::X86 => "x86_64-unknown-linux-gnu",
        }
    }
}

/// Options of `build`.
#[derive(Args)]
pub(crate) struct BuildOptions {
    /// Build for AWS: optimized, for this architecture, linked against the C library of provided.al2023. Without it,
    /// for this machine with the profile that the tests use.
    #[arg(long, value_enum)]
    aws: Option<Architecture>,
    /// Only these functions.
    #[arg(value_name = "FUNCTION")]
    functions: Vec<String>,
}

/// Builds functions and packs them into `target/lambda`.
pub(crate) fn build(options: &BuildOptions) -> Outcome {
    let functions = if options.functions.is_empty() { all_functions()? } else { options.functions.clone() };
    let (built, method) = match options.aws {
        None => {
            build_here(&functions, &[])?;
            (target().join("debug"), CompressionMethod::Stored)
        }
        Some(architecture) => (build_for_aws(&functions, architecture)?, CompressionMethod::Deflated),
    };
    for function in &functions {
        lay_out(function, &built, method)?;
    }
    write_contract()?;
    println!("{} functions in {}", functions.len(), root().join("target/lambda").display());
    Ok(())
}

/// The names of all functions, which are those of their folders and packages.
pub fn all_functions() -> Result<Vec<String>, Error> {
    let mut names = Vec::new();
    for context in entries(&root().join("functions"))? {
        for function in entries(&context)? {
            names.extend(function.file_name().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    Ok(names)
}

fn entries(path: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(path).map_err(at(path))? {
        let entry = entry.map_err(at(path))?.path();
        if entry.is_dir() {
            entries.push(entry);
        }
    }
    Ok(entries)
}

/// Builds functions, and the `further` packages, for this machine.
pub(crate) fn build_here(functions: &[String], further: &[&str]) -> Outcome {
    let mut cargo = cargo();
    cargo.args(["build", "--locked"]);
    for package in functions.iter().map(String::as_str).chain(further.iter().copied()) {
        cargo.args(["--package", package]);
    }
    run("building the functions", &mut cargo)
}

/// Builds and packs every function for this machine.
pub(crate) fn build_all_here(further: &[&str]) -> Outcome {
    let functions = all_functions()?;
    build_here(&functions, further)?;
    write_contract()?;
    functions
        .iter()
        .try_for_each(|function| lay_out(function, &target().join("debug"), CompressionMethod::Stored))
}

/// Writes the contract without its examples, which `infra/api.yaml` includes.
pub(crate) fn write_contract() -> Outcome {
    let from = root().join("infra/openapi.yaml");
    let document = openapi::gateway_document(&fs::read_to_string(&from).map_err(at(&from))?)
        .map_err(|error| Error::Content(format!("infra/openapi.yaml: {error}")))?;
    let to = folder(root().join("target/contract"))?.join("openapi.json");
    fs::write(&to, document).map_err(at(&to))
}

/// Builds functions, optimized, against the C library of provided.al2023; returns their folder.
pub(crate) fn build_for_aws(functions: &[String], architecture: Architecture) -> Result<PathBuf, Error> {
    tools::install_for_aws()?;
    let triple = architecture.triple();
    run(
        "adding the compiler's target",
        Command::new("rustup").args(["target", "add", triple]).current_dir(root()),
    )?;
    let venv = local().join("venv/bin");
    let path = std::env::var("PATH").unwrap_or_default();
    let mut cargo = cargo();
    // zig links against any version of the C library, and compiles the C parts for any architecture.
    cargo.env("PATH", format!("{}:{path}", venv.display())).args([
        "zigbuild",
        "--locked",
        "--release",
        "--target",
    ]);
    cargo.arg(format!("{triple}.{GLIBC}"));
    for function in functions {
        cargo.args(["--package", function]);
    }
    run("building the functions for AWS", &mut cargo)?;
    Ok(target().join(triple).join("release"))
}

/// Packs a function that was built in this folder, as for the local deployment.
pub fn lay_out_from(function: &str, built: &Path) -> Outcome {
    lay_out(function, built, CompressionMethod::Stored)
}

/// Writes `bootstrap`, which can be run by hand, and `bootstrap.zip`, which SAM uploads: given a folder, SAM would
/// compress all functions at every deployment.
fn lay_out(function: &str, built: &Path, method: CompressionMethod) -> Outcome {
    let from = built.join(function);
    let folder = folder(root().join("target/lambda").join(function))?;
    let (bootstrap, archive) = (folder.join("bootstrap"), folder.join("bootstrap.zip"));
    let new = fs::read(&from).map_err(at(&from))?;
    // An unchanged archive keeps its bytes, so that deploying it again finds no change.
    if archive.exists() && fs::read(&bootstrap).is_ok_and(|old| old == new) {
        return Ok(());
    }
    // A running function keeps the old file open, so the new file must replace it and not overwrite it.
    let fresh = bootstrap.with_extension("new");
    fs::copy(&from, &fresh).map_err(at(&fresh))?;
    fs::write(&archive, archived(&new, method)?).map_err(at(&archive))?;
    fs::rename(&fresh, &bootstrap).map_err(at(&bootstrap))
}

/// An archive of one executable, with the same bytes for the same program.
fn archived(program: &[u8], method: CompressionMethod) -> Result<Vec<u8>, Error> {
    let options = SimpleFileOptions::default()
        .compression_method(method)
        .last_modified_time(zip::DateTime::default())
        .unix_permissions(0o755);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let written = archive
        .start_file("bootstrap", options)
        .and_then(|()| Ok(archive.write_all(program)?))
        .and_then(|()| archive.finish());
    Ok(written
        .map_err(|error| Error::Content(format!("the archive can't be written: {error}")))?
        .into_inner())
}

/// Cargo, in the root of the project.
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    // These variables come from the cargo that runs this program; another cargo would build everything again because of
    // them.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CARGO_PKG_") || name == "CARGO_MANIFEST_DIR" {
            command.env_remove(&name);
        }
    }
    command
}
