//! The row of the authorization table, and who may call.

use super::insert::Lines;
use super::names::Names;
use super::tree::Tree;
use crate::error::Error;
use serde_yaml_ng::{Mapping, Value as Yaml};

const TABLE: &str = "tests/authorization.yaml";
const DOMAIN: &str = "shared/domain/src/authority.rs";
const ROLES: [&str; 3] = ["sales_rep", "manager", "admin"];

/// Who may call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Access {
    /// Anybody.
    Public,
    /// Who has a permission.
    Permission {
        /// The permission's type in the domain, such as `ReadLeads`.
        type_name: String,
        /// The roles that have it.
        roles: Vec<String>,
        /// Those of them that it reaches only as far as they own.
        own: Vec<String>,
    },
}

/// Adds the row.
pub(crate) fn add(
    tree: &mut Tree,
    names: &Names,
    method: &str,
    wanted: Option<&str>,
) -> Result<Access, Error> {
    let text = tree.read(TABLE)?;
    let table: Mapping = parsed(TABLE, &text)?;
    let operation = &names.operation;
    if table.contains_key(operation.as_str()) {
        return Err(Error::Content(format!("{TABLE} has {operation} already; choose another name")));
    }
    let permission = match wanted {
        Some(wanted) => wanted.to_owned(),
        None => usual(tree, &table, &names.context, method)?,
    };
    let mut lines = Lines::of(TABLE, &text);
    if permission == "public" {
        lines.insert_after_last("public route", |line| line.ends_with(": public"), &format!("{operation}: public"))?;
        tree.write(TABLE, lines.text());
        return Ok(Access::Public);
    }
    let known = || {
        let mut known: Vec<&str> = table.values().filter_map(permission_of).collect();
        known.sort_unstable();
        known.dedup();
        Error::Content(format!(
            "no route needs the permission {permission}; there are {} and public. A new one begins in {DOMAIN}",
            known.join(", ")
        ))
    };
    let row = table.values().find(|row| permission_of(row) == Some(&permission)).ok_or_else(known)?;
    let reach = |role: &str| row.get(role).and_then(Yaml::as_str);
    let roles: Vec<String> =
        ROLES.iter().filter(|role| reach(role).is_some()).map(|role| (*role).to_owned()).collect();
    let own = roles.iter().filter(|role| reach(role) == Some("own")).cloned().collect();
    let cells: Vec<String> =
        roles.iter().map(|role| format!("{role}: {}", reach(role).unwrap_or_default())).collect();
    let line = format!("{operation}: {{permission: '{permission}', {}}}", cells.join(", "));
    let like = format!("permission: '{permission}'");
    lines.insert_after_last("route with this permission", |line| line.contains(&like), &line)?;
    tree.write(TABLE, lines.text());
    Ok(Access::Permission { type_name: type_name(tree, &permission)?, roles, own })
}

fn parsed<T: serde::de::DeserializeOwned>(path: &str, text: &str) -> Result<T, Error> {
    serde_yaml_ng::from_str(text).map_err(|error| Error::Content(format!("{path}: {error}")))
}

fn permission_of(row: &Yaml) -> Option<&str> {
    row.get("permission")?.as_str()
}

/// What the context's routes of the same method need, or else any of its routes.
fn usual(tree: &Tree, table: &Mapping, context: &str, method: &str) -> Result<String, Error> {
    let contract: Yaml = parsed("infra/openapi.yaml", &tree.read("infra/openapi.yaml")?)?;
    let paths = contract.get("paths").and_then(Yaml::as_mapping);
    let operations: Vec<(&str, &Yaml)> = paths
        .into_iter()
        .flat_map(Mapping::values)
        .filter_map(Yaml::as_mapping)
        .flatten()
        .filter_map(|(method, operation)| Some((method.as_str()?, operation)))
        .filter(|(_, operation)| {
            operation.get("tags").and_then(|tags| tags.get(0)).and_then(Yaml::as_str) == Some(context)
        })
        .collect();
    let permission = |(_, operation): &(&str, &Yaml)| {
        let id = operation.get("operationId")?.as_str()?;
        permission_of(table.get(id)?).map(str::to_owned)
    };
    let same = operations.iter().filter(|(other, _)| other.eq_ignore_ascii_case(method)).find_map(permission);
    same.or_else(|| operations.iter().find_map(permission)).ok_or_else(|| {
        Error::Content(format!("no route of {context} needs a permission yet: name one with --permission"))
    })
}

/// The type whose name is the permission's.
fn type_name(tree: &Tree, permission: &str) -> Result<String, Error> {
    let text = tree.read(DOMAIN)?;
    let mut current = None;
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("impl Permission for ") {
            current = rest.split_whitespace().next().map(str::to_owned);
        }
        if line.contains("const NAME") && line.contains(&format!("\"{permission}\"")) {
            break;
        }
    }
    current.ok_or_else(|| Error::Content(format!("{DOMAIN} has no permission {permission}")))
}
