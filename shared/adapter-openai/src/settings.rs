//! The settings of the server that is asked. They must never hold a key: its source is asked at each call.

use std::sync::Arc;

use hyper::Uri;
use ports::{BoxFuture, InputType, Source};

use crate::dialect::Dialect;

/// Returns the API key at the moment of a call, for example from a secret store that caches it for some minutes.
pub type KeySource = Arc<dyn Fn() -> BoxFuture<'static, Result<String, Source>> + Send + Sync>;

/// The name under which a server accepts the upper bound of an answer. OpenAI's newer models refuse `max_tokens`. Most
/// servers that only speak its format know no other name and would answer without a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenLimit {
    /// `max_tokens`.
    MaxTokens,
    /// `max_completion_tokens`, which also counts the model's reasoning.
    MaxCompletionTokens,
}

/// A server's values of the member `input_type` in requests for vectors. OpenAI's format has no such member, and OpenAI
/// refuses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputTypeNames {
    /// The value for documents, such as `passage`.
    pub document: String,
    /// The value for queries, such as `query`.
    pub query: String,
}

impl InputTypeNames {
    pub(crate) fn name(&self, input_type: InputType) -> &str {
        match input_type {
            InputType::Document => &self.document,
            InputType::Query => &self.query,
        }
    }
}

/// A server that speaks OpenAI's wire format.
#[derive(Clone)]
pub struct OpenAiSettings {
    /// The address before `/chat/completions`: `https://api.openai.com/v1`, `http://127.0.0.1:11434/v1`.
    pub base_url: String,
    /// The API key; a local server needs none.
    pub key: Option<KeySource>,
    /// When absent, the host decides: `max_completion_tokens` for OpenAI's and Azure's hosts (`api.openai.com`,
    /// `*.openai.azure.com`), whose models all accept it, and `max_tokens` for any other.
    pub token_limit: Option<TokenLimit>,
    /// When absent, the server is not told the purpose of texts.
    pub input_types: Option<InputTypeNames>,
}

/// The settings can't be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The base URL is invalid.
    #[error("the base URL of the models must look like https://host/v1 or http://host:port/v1")]
    BaseUrl,
    /// TLS can't be set up.
    #[error("TLS could not be set up")]
    Tls(#[source] rustls::Error),
}

/// The settings, checked.
pub(crate) struct Server {
    /// The base URL, without a trailing slash.
    pub(crate) base: String,
    pub(crate) tls: bool,
    pub(crate) dialect: Dialect,
    pub(crate) key: Option<KeySource>,
    pub(crate) input_types: Option<InputTypeNames>,
}

impl OpenAiSettings {
    pub(crate) fn check(self) -> Result<Server, SettingsError> {
        let base = self.base_url.trim().trim_end_matches('/').to_owned();
        let uri: Uri = base.parse().map_err(|_| SettingsError::BaseUrl)?;
        let host = uri.host().filter(|host| !host.is_empty()).ok_or(SettingsError::BaseUrl)?;
        let tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(SettingsError::BaseUrl),
        };
        // The path is appended to the address, and a key in the address would be in every error about it.
        if uri.query().is_some() || uri.authority().is_some_and(|authority| authority.as_str().contains('@'))
        {
            return Err(SettingsError::BaseUrl);
        }
        let mut dialect = Dialect::of(host);
        if let Some(token_limit) = self.token_limit {
            dialect.token_limit = token_limit;
        }
        Ok(Server { base, tls, dialect, key: self.key, input_types: self.input_types })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str) -> Result<Server, SettingsError> {
        OpenAiSettings { base_url: url.to_owned(), key: None, token_limit: None, input_types: None }.check()
    }

    #[test]
    fn the_host_decides_about_the_limits_name() {
        for (url, limit) in [
            ("https://api.openai.com/v1/", TokenLimit::MaxCompletionTokens),
            ("https://mine.openai.azure.com/openai/v1", TokenLimit::MaxCompletionTokens),
            ("https://api.openai.com.example/v1", TokenLimit::MaxTokens),
            ("http://127.0.0.1:11434/v1", TokenLimit::MaxTokens),
        ] {
            let server = check(url).ok().unwrap();
            assert_eq!(server.dialect.token_limit, limit, "{url}");
            assert_eq!(server.tls, url.starts_with("https"));
            assert!(!server.base.ends_with('/'));
        }
    }

    #[test]
    fn what_is_no_base_url_is_refused() {
        for url in
            ["", "models:11434", "/v1", "ftp://host/v1", "https://key@host/v1", "https://host/v1?key=x"]
        {
            assert!(matches!(check(url), Err(SettingsError::BaseUrl)), "{url}");
        }
    }
}
