//! The existing contract: its paths, and the parameters that a new path shares with them.

use super::names::wrong;
use super::trigger::{Route, parameter};
use crate::error::Error;
use serde_json::Value;

/// A parameter of a path.
pub(super) struct PathParameter {
    /// The name, such as `id`.
    pub(super) name: String,
    /// The component, such as `LeadId`, when another path has the same parameter.
    pub(super) component: Option<String>,
    /// A value for samples.
    pub(super) example: String,
    /// Whether the path declares it already.
    pub(super) declared: bool,
}

/// The contract.
pub(super) struct Contract(Value);

impl Contract {
    /// Reads the contract.
    pub(super) fn read(text: &str) -> Result<Self, Error> {
        let document = serde_yaml_ng::from_str(text).map_err(|error| {
            Error::Content(format!("infra/openapi.yaml can't be read: {error}; repair it first"))
        })?;
        Ok(Self(document))
    }

    fn paths(&self) -> impl Iterator<Item = (&str, &Value)> {
        let paths = self.0.get("paths").and_then(Value::as_object);
        paths.into_iter().flatten().map(|(path, item)| (path.as_str(), item))
    }

    fn item(&self, path: &str) -> Option<&Value> {
        self.paths().find(|(known, _)| *known == path).map(|(_, item)| item)
    }

    /// Whether the contract has such a path.
    pub(super) fn has_path(&self, path: &str) -> bool {
        self.item(path).is_some()
    }

    /// Whether a path has operations with a tag.
    pub(super) fn is_of(&self, path: &str, tag: &str) -> bool {
        let operations = self.item(path).and_then(Value::as_object);
        operations.is_some_and(|all| {
            all.values().any(|operation| operation.pointer("/tags/0").is_some_and(|first| first == tag))
        })
    }

    /// Refuses an existing route, an existing operation, and a parameter that the gateway would refuse.
    pub(super) fn check(&self, route: &Route, operation: &str, tag: &str) -> Result<(), Error> {
        let tags = self.0.get("tags").and_then(Value::as_array).into_iter().flatten();
        if !tags.into_iter().any(|known| known["name"] == tag) {
            return wrong(format!(
                "infra/openapi.yaml has no tag {tag}; describe the context below `tags:` first"
            ));
        }
        for (path, item) in self.paths() {
            for (method, node) in item.as_object().into_iter().flatten() {
                let id = node["operationId"].as_str().unwrap_or_default();
                if id == operation {
                    return wrong(format!("infra/openapi.yaml has an operation {id}; choose another name"));
                }
                if path == route.path && method.eq_ignore_ascii_case(&route.method) {
                    return wrong(format!(
                        "{} {path} is {id} already; change that function or choose another route",
                        route.method
                    ));
                }
            }
            check_siblings(path, &route.path)?;
        }
        Ok(())
    }

    /// The parameters of a path. A parameter that another path has at the same place is the same parameter.
    pub(super) fn parameters(&self, route: &Route) -> Vec<PathParameter> {
        let segments: Vec<&str> = route.path.split('/').collect();
        let mut found = Vec::new();
        for (place, name) in
            segments.iter().enumerate().filter_map(|(place, part)| Some((place, parameter(part)?)))
        {
            let prefix = segments.get(..=place).unwrap_or_default();
            let known = self
                .paths()
                .filter(|(path, _)| path.split('/').take(place + 1).eq(prefix.iter().copied()))
                .find_map(|(_, item)| self.component(&item["parameters"], name));
            let (component, example) = known.unzip();
            found.push(PathParameter {
                name: name.to_owned(),
                component,
                example: example.unwrap_or_else(|| format!("{name}-1").replace('_', "-")),
                declared: self.declares(&route.path, name),
            });
        }
        found
    }

    fn declares(&self, path: &str, name: &str) -> bool {
        let declared = self.item(path).and_then(|item| item.get("parameters")?.as_array());
        declared.into_iter().flatten().any(|parameter| {
            let component = parameter["$ref"].as_str().and_then(|at| self.0.pointer(at.get(1..)?));
            component.unwrap_or(parameter)["name"] == name
        })
    }

    /// The component, with its example, to which a list of parameters refers for a path parameter.
    fn component(&self, parameters: &Value, name: &str) -> Option<(String, String)> {
        parameters.as_array().into_iter().flatten().find_map(|parameter| {
            let reference = parameter["$ref"].as_str()?;
            let component = self.0.pointer(reference.get(1..)?)?;
            let fits = component["in"] == "path" && component["name"] == name;
            let example = component["example"].as_str()?;
            fits.then(|| (reference.rsplit('/').next().unwrap_or_default().to_owned(), example.to_owned()))
        })
    }
}

/// API Gateway accepts only one name for a parameter at one place.
fn check_siblings(there: &str, new: &str) -> Result<(), Error> {
    for (old, fresh) in there.split('/').zip(new.split('/')) {
        match (parameter(old), parameter(fresh)) {
            (Some(known), Some(other)) if known != other => {
                return wrong(format!(
                    "{new}: write {{{known}}} for {{{other}}}, as {there} does; API Gateway accepts only one name at this place"
                ));
            }
            _ if old != fresh => return Ok(()),
            _ => {}
        }
    }
    Ok(())
}
