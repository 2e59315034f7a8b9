//! Turns `infra/openapi.yaml` into the document that clients read and into the one that API Gateway imports. Build
//! scripts use it, so that no function parses YAML; no function may link it.

mod authorizers;
mod compressed;
mod gateway;

use serde_yaml_ng::Value;

pub use compressed::write_compressed;

/// Parts that only API Gateway gets begin with one of these: API Gateway's extensions, and the parts from which its
/// copy is completed.
const FOR_THE_GATEWAY: [&str; 2] = ["x-amazon-", "x-gateway-"];

/// The document could not be converted.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The document is not YAML.
    #[error("the document is not YAML")]
    Read(#[source] serde_yaml_ng::Error),
    /// The document can't be written as JSON, for example because a key is not a string.
    #[error("the document can't be written as JSON")]
    Write(#[source] serde_json::Error),
    /// CloudFormation refuses a template with a null.
    #[error("{0} is null, which CloudFormation refuses; a text with a comma or a colon needs quotes")]
    Null(String),
}

/// The document as JSON, in its written order, without the parts for API Gateway: integrations name functions and
/// roles, which clients must not see.
pub fn public_document(yaml: &str) -> Result<String, Error> {
    let mut document = serde_yaml_ng::from_str(yaml).map_err(Error::Read)?;
    strip(&mut document);
    serde_json::to_string(&document).map_err(Error::Write)
}

/// A path of the document.
#[derive(Debug, PartialEq, Eq)]
pub struct ListedPath {
    /// With the names of its parameters: `/v1/leads/{id}`.
    pub path: String,
    /// The format of its errors: `problem`, or the `x-sextant-format` of its operations, such as `openai`.
    pub format: String,
    /// Its methods, in the form of `Allow`.
    pub methods: String,
}

/// Every path of the document.
pub fn listed_paths(yaml: &str) -> Result<Vec<ListedPath>, Error> {
    let document = serde_yaml_ng::from_str(yaml).map_err(Error::Read)?;
    Ok(gateway::listed_paths(&document))
}

/// The paths with an operation that takes this security scheme.
pub fn paths_with_scheme(yaml: &str, scheme: &str) -> Result<Vec<String>, Error> {
    let document = serde_yaml_ng::from_str(yaml).map_err(Error::Read)?;
    Ok(authorizers::paths_with_scheme(&document, scheme))
}

fn strip(value: &mut Value) {
    match value {
        Value::Mapping(mapping) => {
            let is_public = |key: &str| !FOR_THE_GATEWAY.iter().any(|beginning| key.starts_with(beginning));
            mapping.retain(|key, _| key.as_str().is_none_or(is_public));
            mapping.values_mut().for_each(strip);
        }
        Value::Sequence(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}

/// Maps whose keys are names of the document and not words of OpenAPI.
const MAPS_OF_NAMES: [&str; 7] =
    ["properties", "schemas", "responses", "parameters", "headers", "requestBodies", "paths"];

/// Parts that API Gateway's import does not know, but clients read.
const UNKNOWN_TO_THE_GATEWAY: [&str; 3] = ["example", "examples", "readOnly"];

/// The document that API Gateway imports, as JSON and without examples. The gateway ignores examples, and
/// CloudFormation refuses the nulls in them. Security schemes with an authorizer get the only type that the gateway
/// accepts for them, and of several alternatives an operation gets the one that takes all of them. HEAD, all other methods, all other paths and the headers of the gateway's own answers are added.
pub fn gateway_document(yaml: &str) -> Result<String, Error> {
    let mut document = serde_yaml_ng::from_str(yaml).map_err(Error::Read)?;
    strip_unknown(&mut document, false);
    authorizers::retype(&mut document);
    authorizers::choose(&mut document);
    gateway::complete(&mut document);
    refuse_nulls(&document, "openapi.yaml")?;
    serde_json::to_string(&document).map_err(Error::Write)
}

fn strip_unknown(value: &mut Value, keys_are_names: bool) {
    match value {
        Value::Mapping(mapping) => {
            if !keys_are_names {
                mapping
                    .retain(|key, _| !key.as_str().is_some_and(|key| UNKNOWN_TO_THE_GATEWAY.contains(&key)));
            }
            for (key, value) in mapping.iter_mut() {
                let names = !keys_are_names && key.as_str().is_some_and(|key| MAPS_OF_NAMES.contains(&key));
                strip_unknown(value, names);
            }
        }
        Value::Sequence(items) => items.iter_mut().for_each(|item| strip_unknown(item, false)),
        _ => {}
    }
}

fn refuse_nulls(value: &Value, place: &str) -> Result<(), Error> {
    match value {
        Value::Null => Err(Error::Null(place.to_owned())),
        Value::Mapping(mapping) => mapping.iter().try_for_each(|(key, value)| {
            refuse_nulls(value, &format!("{place}/{}", key.as_str().unwrap_or("?")))
        }),
        Value::Sequence(items) => {
            let mut numbered = items.iter().enumerate();
            numbered.try_for_each(|(number, item)| refuse_nulls(item, &format!("{place}/{number}")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
