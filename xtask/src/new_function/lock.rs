//! `Cargo.lock`: adds the new package, so that builds with `--locked` still work. Only packages of the workspace are
//! named, so nothing needs to be resolved.

use super::text::Text;
use crate::error::Error;

/// Adds a package of the workspace; `dependencies` are in order.
pub(super) fn add_package(lock: &mut Text<'_>, name: &str, dependencies: &[&str]) -> Result<(), Error> {
    let is_behind =
        |line: &str| line.strip_prefix("name = \"").is_some_and(|other| other.trim_end_matches('"') > name);
    let place = lock.find_where(0, lock.len(), is_behind);
    let listed: String = dependencies.iter().map(|dependency| format!(" \"{dependency}\",\n")).collect();
    let version = version(lock)?;
    let package =
        format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\ndependencies = [\n{listed}]\n");
    match place {
        // The header is one line above the name.
        Some(place) => lock.insert(place.saturating_sub(1), &format!("{package}\n")),
        None => lock.insert(lock.len(), &format!("\n{package}")),
    }
    Ok(())
}

/// The version that every package of the workspace has.
fn version(lock: &Text<'_>) -> Result<String, Error> {
    let edge = lock.find(0, "name = \"edge\"")?;
    let version = lock.line(edge + 1).strip_prefix("version = \"").and_then(|line| line.strip_suffix('"'));
    version.map(str::to_owned).ok_or_else(|| lock.missing("version = \"...\" of edge"))
}

/// Notes that the api tests link a package.
pub(super) fn link_to_api_tests(lock: &mut Text<'_>, name: &str) -> Result<(), Error> {
    let package = lock.find(0, "name = \"api-tests\"")?;
    let first = lock.find(package, "dependencies = [")? + 1;
    let end = lock.find(first, "]")?;
    let behind = lock.find_where(first, end, |line| line.trim_matches([' ', '"', ',']) > name);
    lock.insert(behind.unwrap_or(end), &format!(" \"{name}\","));
    Ok(())
}
