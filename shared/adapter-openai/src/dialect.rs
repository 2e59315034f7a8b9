//! The ways in which servers with OpenAI's format differ in what they take. A server is known by its host; every other one
//! is spoken to as most servers understand it. What servers answer differs more, and is read in any form from all of them.

use ports::{NameRule, ToolNameRules};

use crate::settings::TokenLimit;

/// What a server takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dialect {
    /// Its hosts. One that begins with a dot stands for the hosts below it.
    hosts: &'static [&'static str],
    /// The name of the upper bound of an answer.
    pub(crate) token_limit: TokenLimit,
    /// Whether a stream has to ask for its token counts. A server that sends them anyway may refuse the question.
    pub(crate) asks_for_counts: bool,
    /// The names of tools and the ids of calls.
    pub(crate) names: ToolNameRules,
}

/// OpenAI takes ids of 40 characters. The signs are those of other providers' ids, such as `functions.get_weather:0`, which
/// the model must find as it wrote them.
const NAMES: ToolNameRules = ToolNameRules {
    tools: NameRule { fewest: 1, most: 64, signs: "_-" },
    calls: NameRule { fewest: 1, most: 40, signs: "_-.:/|+=" },
    reserved: &[],
};

/// A server of which nothing else is known: Ollama, vLLM, llama.cpp, Groq, DeepSeek, OpenRouter, Gemini.
const USUAL: Dialect =
    Dialect { hosts: &[], token_limit: TokenLimit::MaxTokens, asks_for_counts: true, names: NAMES };

const DIALECTS: [Dialect; 2] = [
    // Its newer models refuse `max_tokens`.
    Dialect {
        hosts: &["api.openai.com", ".openai.azure.com"],
        token_limit: TokenLimit::MaxCompletionTokens,
        ..USUAL
    },
    // It refuses members that it does not know (openai/openai-agents-python#442) and other ids of calls
    // (langchain-ai/langchain#24668), and sends the counts with the last choice unasked.
    Dialect {
        hosts: &["api.mistral.ai"],
        asks_for_counts: false,
        names: ToolNameRules { calls: NameRule { fewest: 9, most: 9, signs: "" }, ..NAMES },
        ..USUAL
    },
];

impl Dialect {
    /// The dialect of the server at this host. Names of hosts have no case (RFC 9110, 4.2.3).
    pub(crate) fn of(host: &str) -> Self {
        let host = host.to_ascii_lowercase();
        let is_its = |known: &str| host == known || (known.starts_with('.') && host.ends_with(known));
        let known = DIALECTS.into_iter().find(|dialect| dialect.hosts.iter().any(|known| is_its(known)));
        known.unwrap_or(USUAL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_known_by_its_host() {
        let openai = Dialect::of("api.openai.com");
        assert_eq!(openai.token_limit, TokenLimit::MaxCompletionTokens);
        assert_eq!(Dialect::of("mine.openai.azure.com"), openai);
        assert_eq!(Dialect::of("API.OpenAI.com"), openai);
        for other in ["api.openai.com.example", "openai.azure.com", "api.groq.com", "127.0.0.1", ""] {
            assert_eq!(Dialect::of(other), USUAL, "{other}");
        }
    }

    #[test]
    fn mistral_is_not_asked_for_counts_and_gets_ids_of_nine_characters() {
        let mistral = Dialect::of("api.mistral.ai");
        assert!(!mistral.asks_for_counts && mistral.token_limit == TokenLimit::MaxTokens);
        let calls = mistral.names.calls;
        assert!(calls.takes("Ab3456789") && !calls.takes("call_6789") && !calls.takes("call12345x"));
        assert!(mistral.names.tools.takes("get-weather") && !mistral.names.tools.takes("get.weather"));
    }
}
