//! The crate of a new function: a handler that does as much as can be generated and says so, and its wiring. A route
//! has the store, where refusals are recorded; a job needs no service yet, so it has none.

mod job;
mod route;

use super::lock;
use super::names::Names;
use super::plan::Plan;
use crate::error::Error;

pub(super) use job::{write_queue, write_schedule};
pub(super) use route::write_http;

/// The dependencies of every function, apart from the use cases of its context.
const FOR_EVERY_FUNCTION: [&str; 4] = ["application-core", "domain", "edge", "ports"];

/// Plans the three files, and the package in the lock.
fn create(
    plan: &mut Plan<'_>,
    names: &Names,
    special: &[&str],
    lib: String,
    main: String,
) -> Result<(), Error> {
    let folder = names.folder();
    let use_cases = names.use_cases();
    let mut dependencies = [special, &FOR_EVERY_FUNCTION, &[use_cases.as_str()]].concat();
    dependencies.sort_unstable();
    plan.create(format!("{folder}/Cargo.toml"), manifest(&names.name, &dependencies))?;
    plan.edit("Cargo.lock", |lock| lock::add_package(lock, &names.name, &dependencies))?;
    plan.create(format!("{folder}/src/lib.rs"), lib)?;
    plan.create(format!("{folder}/src/main.rs"), main)
}

/// The manifest of a crate of the workspace.
pub(super) fn manifest(name: &str, dependencies: &[&str]) -> String {
    let linked: String =
        dependencies.iter().map(|dependency| format!("{dependency}.workspace = true\n")).collect();
    format!(
        "[package]
name = \"{name}\"
version.workspace = true
edition.workspace = true
rust-version.workspace = true
license.workspace = true
publish.workspace = true

[lints]
workspace = true

[dependencies]
{linked}"
    )
}

/// The imports, in rustfmt's order.
fn uses(mut paths: Vec<String>) -> String {
    paths.sort_by(|one, other| one.split("::").cmp(other.split("::")));
    paths.dedup();
    paths.iter().map(|path| format!("use {path};\n")).collect()
}
