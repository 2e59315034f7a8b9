//! Token counts, in the forms in which servers send them. The prompt's count includes tokens that were read from the cache.
//! Some servers send no counts, or zeros.

use ports::Usage;
use serde::Deserialize;

#[derive(Deserialize)]
pub(crate) struct Counts {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    total_tokens: Option<u64>,
    prompt_tokens_details: Option<PromptDetails>,
    completion_tokens_details: Option<CompletionDetails>,
    /// DeepSeek's name for the tokens that were read from the cache.
    prompt_cache_hit_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct PromptDetails {
    cached_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct CompletionDetails {
    reasoning_tokens: Option<u64>,
}

/// The member in which Groq sends the counts of a stream.
#[derive(Deserialize)]
pub(crate) struct GroqExtension {
    pub(crate) usage: Option<Counts>,
}

impl Counts {
    /// The counts, when the server sent both: no prompt has zero tokens.
    ///
    /// xAI and Gemini leave the reasoning out of the completion's count and bill it all the same: it is in the total alone.
    pub(crate) fn usage(self) -> Option<Usage> {
        let prompt = self.prompt_tokens.filter(|tokens| *tokens > 0)?;
        let completion = self.completion_tokens?;
        let beside = self.total_tokens.unwrap_or(0).saturating_sub(prompt).saturating_sub(completion);
        let cached = self.prompt_tokens_details.and_then(|details| details.cached_tokens);
        let cached = cached.or(self.prompt_cache_hit_tokens).unwrap_or(0);
        let reasoning = self.completion_tokens_details.and_then(|details| details.reasoning_tokens);
        Some(Usage {
            input_tokens: prompt.saturating_sub(cached),
            output_tokens: completion.saturating_add(beside),
            cache_read_tokens: cached,
            // These servers write to their caches for free and do not count it.
            cache_write_tokens: 0,
            reasoning_tokens: reasoning.unwrap_or(0).max(beside),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn usage(counts: Value) -> Option<Usage> {
        serde_json::from_value::<Counts>(counts).unwrap().usage()
    }

    #[test]
    fn reasoning_is_paid_also_where_it_is_in_the_total_alone() {
        let xai = json!({"prompt_tokens": 32, "completion_tokens": 9, "total_tokens": 135,
            "completion_tokens_details": {"reasoning_tokens": 94}});
        let gemini = json!({"prompt_tokens": 32, "completion_tokens": 9, "total_tokens": 135});
        let openai = json!({"prompt_tokens": 32, "completion_tokens": 103, "total_tokens": 135,
            "completion_tokens_details": {"reasoning_tokens": 94}});
        let expected =
            Usage { input_tokens: 32, output_tokens: 103, reasoning_tokens: 94, ..Usage::default() };
        for counts in [xai, gemini, openai] {
            assert_eq!(usage(counts.clone()), Some(expected), "{counts}");
        }
    }

    #[test]
    fn tokens_from_the_cache_have_two_names() {
        let expected =
            Usage { input_tokens: 20, output_tokens: 5, cache_read_tokens: 80, ..Usage::default() };
        let counts = |more: Value| {
            let mut counts = json!({"prompt_tokens": 100, "completion_tokens": 5, "total_tokens": 105});
            counts.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            counts
        };
        let deepseek = json!({"prompt_cache_hit_tokens": 80, "prompt_cache_miss_tokens": 20});
        for more in [deepseek, json!({"prompt_tokens_details": {"cached_tokens": 80}})] {
            assert_eq!(usage(counts(more.clone())), Some(expected), "{more}");
        }
    }
}
