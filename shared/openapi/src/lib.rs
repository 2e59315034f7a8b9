//! Turns `infra/openapi.yaml`, which API Gateway imports, into the document that clients read. Build scripts use it, so
//! that no function parses YAML; it must never be linked into one.

use serde_yaml_ng::Value;

/// What API Gateway alone understands begins with this.
const GATEWAY_EXTENSION: &str = "x-amazon-";

/// The document could not be converted.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not YAML.
    #[error("the document is not YAML")]
    Read(#[source] serde_yaml_ng::Error),
    /// It can't be written as JSON, for example because a key is not a string.
    #[error("the document can't be written as JSON")]
    Write(#[source] serde_json::Error),
}

/// The document as JSON, in the order it was written in, without what is meant for API Gateway: integrations name
/// functions and roles, and are nobody else's business.
pub fn public_document(yaml: &str) -> Result<String, Error> {
    let mut document = serde_yaml_ng::from_str(yaml).map_err(Error::Read)?;
    strip(&mut document);
    serde_json::to_string(&document).map_err(Error::Write)
}

fn strip(value: &mut Value) {
    match value {
        Value::Mapping(mapping) => {
            mapping.retain(|key, _| !key.as_str().is_some_and(|key| key.starts_with(GATEWAY_EXTENSION)));
            mapping.values_mut().for_each(strip);
        }
        Value::Sequence(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::{Error, public_document};

    #[test]
    fn drops_gateway_parts_at_every_depth_and_keeps_the_order() {
        let yaml = "openapi: 3.0.1\nx-amazon-a: 1\npaths:\n  /b:\n    get:\n      x-sextant-roles: public\n      \
                    x-amazon-apigateway-integration: {uri: {'Fn::Sub': secret}}\n  /a: [{x-amazon-b: 1, c: 2}]\n";
        assert_eq!(
            public_document(yaml).unwrap(),
            r#"{"openapi":"3.0.1","paths":{"/b":{"get":{"x-sextant-roles":"public"}},"/a":[{"c":2}]}}"#
        );
    }

    #[test]
    fn refuses_what_is_not_yaml() {
        assert!(matches!(public_document("a: [1"), Err(Error::Read(_))));
    }
}
