//! The operation in `infra/openapi.yaml`, and its row in `tests/authorization.yaml`. The reach of each role is taken
//! from rows with the same permission, so that the domain alone decides it.

use super::names::{Names, wrong};
use super::openapi::{Contract, PathParameter};
use super::plan::Plan;
use super::text::{Text, indent};
use super::trigger::Route;
use crate::error::Error;
use serde_yaml_ng::{Mapping, Value as Yaml};

/// An operation of the contract.
pub(super) struct Operation {
    /// The method, in upper case.
    pub(super) method: String,
    /// The path, such as `/v1/leads/{id}`.
    pub(super) path: String,
    /// The permission that the caller needs, such as `lead:read`.
    pub(super) permission: &'static str,
    /// The type of the permission in the domain, such as `ReadLeads`.
    pub(super) permission_type: &'static str,
    /// The parameters of the path.
    pub(super) parameters: Vec<PathParameter>,
    /// Whether it is a list, which is read page by page.
    pub(super) is_list: bool,
    /// Whether its requests count as reads of their caller.
    pub(super) is_read: bool,
}

impl Operation {
    /// Whether the path names an object.
    pub(super) fn names_an_object(&self) -> bool {
        !self.parameters.is_empty()
    }
}

/// Plans the operation and its row.
pub(super) fn write(plan: &mut Plan<'_>, names: &Names, route: &Route) -> Result<Operation, Error> {
    let contract = Contract::read(&plan.read("infra/openapi.yaml")?)?;
    contract.check(route, &names.camel(), &names.context)?;
    let is_list = names.camel().starts_with("list");
    if is_list && route.method != "GET" {
        return wrong(format!(
            "{} starts with list, and lists are read with GET; write http:GET:{} or choose another verb",
            names.name, route.path
        ));
    }
    let (permission, permission_type) = permission(&names.context, &route.method);
    let operation = Operation {
        method: route.method.clone(),
        path: route.path.clone(),
        permission,
        permission_type,
        parameters: contract.parameters(route),
        is_list,
        is_read: route.is_read(),
    };
    let roles = write_row(plan, names, permission)?;
    plan.edit("infra/openapi.yaml", |text| {
        if contract.has_path(&route.path) {
            let path = text.find(0, &format!("  {}:", route.path))?;
            let undeclared = operation.parameters.iter().filter(|parameter| !parameter.declared);
            let own: String = undeclared.map(|parameter| declaration(parameter, "        ")).collect();
            text.insert(text.end_of(path), &node(names, &operation, &roles, &own));
            return Ok(());
        }
        let (place, first) = behind_paths_of(text, &contract, &names.context)?;
        let (above, below) = if first { ("", "\n") } else { ("\n", "") };
        let item = item(&operation) + &node(names, &operation, &roles, "");
        text.insert(place, &format!("{above}{item}{below}"));
        Ok(())
    })?;
    Ok(operation)
}

/// The place of a new path of a context: after the context's last path, or after all paths. Also says whether it is the
/// context's first path.
fn behind_paths_of(text: &Text<'_>, contract: &Contract, context: &str) -> Result<(usize, bool), Error> {
    let paths = text.find(0, "paths:")?;
    let end = text.end_of(paths);
    let path = |line: &str| {
        (indent(line) == 2 && line.trim().starts_with('/'))
            .then(|| line.trim().trim_end_matches(':').to_owned())
    };
    let of_context = |line: &str| path(line).is_some_and(|path| contract.is_of(&path, context));
    let last = text
        .last_where(paths, end, of_context)
        .or_else(|| text.last_where(paths, end, |line| path(line).is_some()));
    Ok(last.map_or((paths + 1, true), |last| (text.end_of(last), false)))
}

/// The permission that fits a context until the developer chooses another.
fn permission(context: &str, method: &str) -> (&'static str, &'static str) {
    match (context, method) {
        ("sales", "GET") => ("lead:read", "ReadLeads"),
        ("sales", _) => ("lead:write", "WriteLeads"),
        // Not `model:read`, which keys may have: their reads have a configured limit, which needs more wiring.
        ("ai", "GET") => ("budget:read", "ReadBudget"),
        ("ai", _) => ("completion:create", "CreateCompletions"),
        ("analytics", _) => ("analytics:read", "ReadAnalytics"),
        ("tenancy", _) => ("organization:read", "ReadOrganization"),
        ("notifications", _) => ("notification:use", "UseNotifications"),
        _ => ("account:use", "UseAccount"),
    }
}

/// Plans the row; returns its roles with their reach.
fn write_row(plan: &mut Plan<'_>, names: &Names, permission: &str) -> Result<Vec<(String, String)>, Error> {
    let path = "tests/authorization.yaml";
    let table: Mapping = serde_yaml_ng::from_str(&plan.read(path)?)
        .map_err(|error| Error::Content(format!("{path} can't be read: {error}; repair it first")))?;
    let asks = |row: &&Yaml| row.get("permission").and_then(Yaml::as_str) == Some(permission);
    let Some(row) = table.values().find(asks).and_then(Yaml::as_mapping) else {
        return wrong(format!(
            "{path} has no row with the permission {permission} to take its roles from; write one"
        ));
    };
    let word = |value: &Yaml| value.as_str().unwrap_or_default().to_owned();
    let roles: Vec<(String, String)> = row
        .iter()
        .map(|(role, reach)| (word(role), word(reach)))
        .filter(|(role, _)| role != "permission")
        .collect();
    let listed: String = roles.iter().map(|(role, reach)| format!(", {role}: {reach}")).collect();
    plan.edit(path, |text| {
        let quoted = format!("{{permission: '{permission}'");
        let last = text.last_where(0, text.len(), |line| line.contains(&quoted));
        let last = last.ok_or_else(|| text.missing(&quoted))?;
        text.insert(last + 1, &format!("{}: {{permission: '{permission}'{listed}}}", names.camel()));
        Ok(())
    })?;
    Ok(roles)
}

/// A new path with its parameters.
fn item(operation: &Operation) -> String {
    let mut text = format!("  {}:\n", operation.path);
    if !operation.parameters.is_empty() {
        text.push_str("    parameters:\n");
        for parameter in &operation.parameters {
            text.push_str(&declaration(parameter, "      "));
        }
    }
    text
}

fn declaration(parameter: &PathParameter, margin: &str) -> String {
    match &parameter.component {
        Some(component) => format!("{margin}- $ref: '#/components/parameters/{component}'\n"),
        None => {
            let (name, example) = (&parameter.name, &parameter.example);
            format!(
                "{margin}- name: {name}\n{margin}  in: path\n{margin}  required: true\n\
                 {margin}  description: Which one. One that can't exist is answered as one that doesn't.\n\
                 {margin}  schema: {{type: string, minLength: 1, maxLength: 64, pattern: '^[A-Za-z0-9_-]+$'}}\n\
                 {margin}  example: {example}\n"
            )
        }
    }
}

/// The operation itself; `own` declares parameters that the path does not declare.
fn node(names: &Names, operation: &Operation, roles: &[(String, String)], own: &str) -> String {
    let (id, tag, title) = (names.camel(), &names.context, names.title());
    let method = operation.method.to_lowercase();
    let all: Vec<&str> = roles.iter().map(|(role, _)| role.as_str()).collect();
    let reach_own = roles.iter().filter(|(_, reach)| reach == "own");
    let limited: Vec<&str> = reach_own.map(|(role, _)| role.as_str()).collect();
    let mut text = format!(
        "    {method}:\n      operationId: {id}\n      tags: [{tag}]\n      summary: {title}\n      \
         description: Checks who calls and answers without a body.\n      security: [{{session: []}}]\n      \
         x-sextant-roles: [{}]\n",
        all.join(", ")
    );
    if !limited.is_empty() {
        text.push_str(&format!("      x-sextant-own: [{}]\n", limited.join(", ")));
    }
    let parameters = own.to_owned() + &asked_by_method(operation);
    if !parameters.is_empty() {
        text.push_str(&format!("      parameters:\n{parameters}"));
    }
    text.push_str("      responses:\n");
    for (status, response) in responses(operation) {
        text.push_str(&format!("        '{status}': {{$ref: '#/components/responses/{response}'}}\n"));
    }
    text.push_str(&format!(
        "      x-amazon-apigateway-integration:
        type: aws_proxy
        httpMethod: POST
        uri: {{'Fn::Sub': 'arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/arn:${{AWS::Partition}}:lambda:${{AWS::Region}}:${{AWS::AccountId}}:function:sextant-${{Environment}}-{}:live/invocations'}}
        credentials: {{'Fn::Sub': 'arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:role/sextant-${{Environment}}-${{AWS::Region}}-api'}}
",
        names.name
    ));
    text
}

/// The parameters that its method needs.
fn asked_by_method(operation: &Operation) -> String {
    let shared: &[&str] = match operation.method.as_str() {
        "POST" => &["IdempotencyKey", "IfMatch", "IfNoneMatchOfWrite"],
        "PUT" | "DELETE" | "PATCH" => &["IfMatch", "IfNoneMatchOfWrite"],
        _ if operation.is_list => &["Limit", "Cursor", "IfNoneMatch"],
        "GET" => &["IfNoneMatch"],
        _ => &[],
    };
    shared.iter().map(|name| format!("        - $ref: '#/components/parameters/{name}'\n")).collect()
}

/// The answers that every operation of this kind can give.
fn responses(operation: &Operation) -> Vec<(u16, &'static str)> {
    let mut found = vec![
        (204, "Done"),
        (401, "Unauthenticated"),
        (403, "Forbidden"),
        (429, "RateLimited"),
        (500, "InternalError"),
        (503, "Unavailable"),
    ];
    if operation.names_an_object() {
        found.push((404, "NotFound"));
    }
    match operation.method.as_str() {
        "POST" => found.extend([
            (400, "InvalidRequest"),
            (409, "Conflict"),
            (412, "PreconditionFailed"),
            (422, "IdempotencyKeyReused"),
        ]),
        "DELETE" | "PATCH" => {
            found.extend([(400, "InvalidRequest"), (409, "Contended"), (412, "PreconditionFailed")])
        }
        "PUT" => found.extend([
            (400, "InvalidRequest"),
            (409, "Contended"),
            (412, "PreconditionFailed"),
            (428, "PreconditionRequired"),
        ]),
        "GET" => {
            found.push((304, "NotModified"));
            found.extend(operation.is_list.then_some((400, "InvalidListRequest")));
        }
        _ => {}
    }
    found.sort_unstable();
    found
}
