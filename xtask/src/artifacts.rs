//! Builds the functions once, with one cargo call, and lays each out as Lambda wants it: a folder with `bootstrap`.

use crate::Outcome;
use crate::environment::{folder, local, root, target};
use crate::error::{Error, at};
use crate::run::run;
use crate::tools;
use clap::{Args, ValueEnum};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// The C library of provided.al2023, which binaries for AWS are linked against.
const GLIBC: &str = "2.34";

/// What functions are built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Architecture {
    /// Graviton, what AWS runs.
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

/// Builds functions into `target/lambda`.
pub(crate) fn build(options: &BuildOptions) -> Outcome {
    let functions = if options.functions.is_empty() { all_functions()? } else { options.functions.clone() };
    let built = match options.aws {
        None => {
            build_here(&functions, &[])?;
            target().join("debug")
        }
        Some(architecture) => build_for_aws(&functions, architecture)?,
    };
    for function in &functions {
        lay_out(function, &built)?;
    }
    println!("{} functions in {}", functions.len(), root().join("target/lambda").display());
    Ok(())
}

/// Every function, by the name of its folder and package.
pub(crate) fn all_functions() -> Result<Vec<String>, Error> {
    let mut names = Vec::new();
    for context in entries(&root().join("functions"))? {
        for function in entries(&context)? {
            names.extend(function.file_name().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    Ok(names)
}

fn entries(path: &std::path::Path) -> Result<Vec<PathBuf>, Error> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(path).map_err(at(path))? {
        let entry = entry.map_err(at(path))?.path();
        if entry.is_dir() {
            entries.push(entry);
        }
    }
    Ok(entries)
}

/// Builds functions, and further packages, for this machine.
pub(crate) fn build_here(functions: &[String], further: &[&str]) -> Outcome {
    let mut cargo = cargo();
    cargo.args(["build", "--locked"]);
    for package in functions.iter().map(String::as_str).chain(further.iter().copied()) {
        cargo.args(["--package", package]);
    }
    run("building the functions", &mut cargo)
}

/// Builds and lays out every function for this machine.
pub(crate) fn build_all_here(further: &[&str]) -> Outcome {
    let functions = all_functions()?;
    build_here(&functions, further)?;
    functions.iter().try_for_each(|function| lay_out(function, &target().join("debug")))
}

fn build_for_aws(functions: &[String], architecture: Architecture) -> Result<PathBuf, Error> {
    tools::install()?;
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

fn lay_out(function: &str, built: &std::path::Path) -> Outcome {
    let from = built.join(function);
    let to = folder(root().join("target/lambda").join(function))?.join("bootstrap");
    let new = fs::read(&from).map_err(at(&from))?;
    // An unchanged file keeps its time, so that packaging it again finds nothing new.
    if fs::read(&to).is_ok_and(|old| old == new) {
        return Ok(());
    }
    // A running function keeps the old file open: replacing it must not write into it.
    let fresh = to.with_extension("new");
    fs::copy(&from, &fresh).map_err(at(&fresh))?;
    fs::rename(&fresh, &to).map_err(at(&to))
}

/// Cargo, in the root of the project.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    // Inherited from the cargo that runs this program; for another cargo it would mean a second build.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CARGO_PKG_") || name == "CARGO_MANIFEST_DIR" {
            command.env_remove(&name);
        }
    }
    command
}
