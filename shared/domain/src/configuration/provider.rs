//! Providers of models that speak OpenAI's wire format.

use super::ModelCatalog;
use crate::field::FieldChecks;
use serde::Deserialize;
use std::collections::BTreeSet;

/// The beginning of the name of a provider's secret, after `sextant-<environment>-`. Roles may read only secrets with
/// such names, because the providers are not known when the roles are written.
pub const SECRET_PREFIX: &str = "provider-";

/// The most characters of a name. With its prefix it must fit into the name of a secret, which has at most 512.
const LONGEST_NAME: usize = 64;

/// A server that speaks OpenAI's wire format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfiguredProvider {
    /// Its name: lower-case letters, digits and hyphens.
    pub name: String,
    /// The part of the address before `/chat/completions`, without a trailing slash.
    pub base_url: String,
    /// The name of the secret that holds its key, `sextant-<environment>-provider-...`; `None` for a server without one.
    pub secret: Option<String>,
    /// The models that it serves.
    pub models: Vec<String>,
    /// How it is told the purpose of texts to embed; `None` for a server that is not told.
    pub input_types: Option<InputTypeNames>,
}

/// A server's values of the member `input_type` in requests for vectors. OpenAI's format has no such member. Servers of
/// models that read documents and queries differently, such as E5, take it with names of their own.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputTypeNames {
    /// The value for documents, such as `passage`.
    pub document: String,
    /// The value for queries, such as `query`.
    pub query: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenProvider {
    name: String,
    base_url: String,
    #[serde(default)]
    secret: Option<String>,
    models: Vec<String>,
    #[serde(default)]
    input_types: Option<InputTypeNames>,
}

pub(super) fn checked(
    check: &mut FieldChecks,
    unknown: &mut FieldChecks,
    written: Vec<WrittenProvider>,
    catalog: Option<&ModelCatalog>,
) -> Vec<ConfiguredProvider> {
    let (mut names, mut served) = (BTreeSet::new(), BTreeSet::new());
    for (at, provider) in written.iter().enumerate() {
        let field = |member: &str| format!("providers.{at}.{member}");
        if !is_name(&provider.name) {
            check.wrong(&field("name"), "format", "must be 1 to 64 lower-case letters, digits and hyphens");
        }
        if !names.insert(provider.name.as_str()) {
            check.wrong(&field("name"), "taken", "is the name of another provider");
        }
        if !is_base_url(&provider.base_url) {
            check.wrong(
                &field("base_url"),
                "format",
                "must look like https://host/v1, without a key or a query",
            );
        }
        if provider.secret.as_deref().is_some_and(|secret| !is_secret(secret)) {
            let message =
                "must be a name like sextant-<environment>-provider-<name>, which the roles may read";
            check.wrong(&field("secret"), "format", message);
        }
        if let Some(InputTypeNames { document, query }) = &provider.input_types {
            for (member, value) in [("document", document), ("query", query)] {
                if !is_input_type(value) {
                    let field = field(&format!("input_types.{member}"));
                    check.wrong(
                        &field,
                        "format",
                        "must be 1 to 64 printable ASCII characters, without blanks",
                    );
                }
            }
        }
        if provider.models.is_empty() {
            check.wrong(&field("models"), "too_short", "must name a model");
        }
        for (number, model) in provider.models.iter().enumerate() {
            let field = field(&format!("models.{number}"));
            match catalog.map(|catalog| catalog.get(model)) {
                Some(None) => unknown.wrong(&field, "unknown", "is not in models.json"),
                Some(Some(known)) if !known.openai_compatible => {
                    unknown.wrong(&field, "format", "is served by Bedrock and by no other provider");
                }
                _ => {}
            }
            if !served.insert(model.as_str()) {
                check.wrong(&field, "taken", "is served by another provider, or named twice");
            }
        }
    }
    let serves = |model: &String| {
        catalog.is_none_or(|catalog| catalog.get(model).is_some_and(|known| known.openai_compatible))
    };
    let checked = |provider: WrittenProvider| ConfiguredProvider {
        name: provider.name,
        base_url: provider.base_url.trim_end_matches('/').to_owned(),
        secret: provider.secret,
        models: provider.models.into_iter().filter(serves).collect(),
        input_types: provider.input_types,
    };
    written.into_iter().map(checked).collect()
}

fn is_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=LONGEST_NAME).contains(&text.len()) && text.bytes().all(fits)
}

fn is_input_type(text: &str) -> bool {
    (1..=LONGEST_NAME).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Whether the text is the name of a secret. It can't be an ARN, whose last six characters are not known before the
/// secret exists.
fn is_secret(text: &str) -> bool {
    let rest = text.strip_prefix("sextant-").and_then(|rest| rest.split_once("-provider-"));
    rest.is_some_and(|(environment, name)| is_name(environment) && is_name(name))
}

/// Whether the text is a scheme and a host, with an optional port and path, so that a path can be appended and no key
/// appears in errors about the address. Its length is not limited here.
fn is_base_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let Some(rest) = rest else { return false };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    is_authority(authority)
        && path
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#' | b'"' | b'<' | b'>' | b'\\'))
}

fn is_authority(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, "")) => return address.parse::<std::net::Ipv6Addr>().is_ok(),
        Some((address, port)) if address.parse::<std::net::Ipv6Addr>().is_ok() => {
            match port.strip_prefix(':') {
                Some(port) => ("v6", Some(port)),
                None => return false,
            }
        }
        Some(_) => return false,
        None => match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    host.len() <= 253
        && host.split('.').all(label)
        && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
}

#[cfg(test)]
mod tests {
    use super::{is_base_url, is_secret};

    #[test]
    fn a_base_url_is_something_that_a_path_can_be_appended_to() {
        let long = format!("https://models.example/{}/v1", "a".repeat(3000));
        for url in [
            "https://api.openai.com/v1",
            "http://127.0.0.1:11434/v1/",
            "http://[::1]:8000/v1",
            "https://mine.openai.azure.com/openai/deployments/a-name-of-more-than-forty-characters/v1",
            &long,
        ] {
            assert!(is_base_url(url), "{url}");
        }
        for url in [
            "",
            "models:11434",
            "/v1",
            "ftp://host/v1",
            "https://",
            "https:///v1",
            "https://key@host/v1",
            "https://host/v1?key=x",
            "https://host/v1#x",
            "https://ho st/v1",
            "https://host:0/v1",
            "https://host:99999/v1",
            "https://host/v 1",
            "https://[::g]/v1",
            "https://a..b/v1",
        ] {
            assert!(!is_base_url(url), "{url}");
        }
    }

    #[test]
    fn a_secret_has_a_name_that_the_roles_may_read() {
        assert!(is_secret("sextant-production-provider-openai"));
        for other in [
            "openai",
            "sextant-production-cursor",
            "arn:aws:secretsmanager:eu-west-1:1:secret:x",
            "sextant--provider-x",
        ] {
            assert!(!is_secret(other), "{other}");
        }
    }
}
