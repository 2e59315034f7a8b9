//! Bounds of a prompt's number of tokens. Providers count tokens with tokenizers of their own, so only bounds are known
//! before a call. Both are needed: the upper bound is set aside, and a prompt with a lower bound above the context is
//! refused.

use super::ask::Conversation;
use super::registry::Model;
use domain::ai::PromptSize;
use icu_normalizer::ComposingNormalizerBorrowed;
use ports::{ContentBlock, Document, ReasoningContent, Tool, ToolCall, ToolResult};
use serde_json::Value;
use std::fmt;

/// The tokens that providers add around each turn and around the instructions.
const AROUND_A_TURN: u64 = 16;
/// The tokens that providers add around a tool, a call, its result or a file.
const AROUND_A_BLOCK: u64 = 32;
/// The tokens of a provider's own words about tools: Claude's have up to 530.
const AROUND_A_SCHEMA: u64 = 600;
/// No tokenizer turns this many bytes of real text into one token on average.
const LONGEST_TOKEN: u64 = 8;
/// The most tokens of a page of a PDF, by Anthropic's page about PDF support.
const A_PAGE: u64 = 3_000;
/// The bytes of a token in estimates.
const ESTIMATED_TOKEN: u64 = 3;

/// The most tokens of a text. A token has at least one byte in every tokenizer in use (byte-level BPE, SentencePiece with
/// byte fallback), of the text as the tokenizer sees it: SentencePiece sees it in normalization form NFKC, in which one
/// character can be eighteen.
pub(super) fn most_tokens(text: &str) -> u64 {
    if text.is_ascii() {
        return text.len() as u64;
    }
    let mut normalized = Length(0);
    // Counting can't fail.
    let _infallible = ComposingNormalizerBorrowed::new_nfkc().normalize_to(text, &mut normalized);
    normalized.0.max(text.len()) as u64
}

/// Counts the written bytes.
struct Length(usize);

impl fmt::Write for Length {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 += text.len();
        Ok(())
    }
}

/// An estimate of the tokens of this many bytes: at least one, and rather too many. Tokenizers turn four bytes of
/// English, and two to three bytes of most other text, into one token.
pub(super) fn estimated_tokens(bytes: u64) -> u64 {
    bytes.div_ceil(ESTIMATED_TOKEN).max(1)
}

/// The most tokens of files, which depend on the models that may be asked.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct FileTokens {
    /// Of a picture.
    image: u64,
    /// Of a document that is not text: its pages are unknown before the model reads them.
    document: u64,
}

/// Files at an unknown model: a picture as the most that Claude makes of one, a document up to Claude's usual context.
const USUAL_FILES: FileTokens = FileTokens { image: 1_600, document: 200_000 };

impl FileTokens {
    /// The most among these models.
    pub(super) fn most_of(models: &[Model]) -> Self {
        let document = models.iter().filter(|model| model.documents).map(|model| model.context_tokens).max();
        Self {
            image: models.iter().filter_map(|model| model.image_tokens).max().unwrap_or_default(),
            document: document.unwrap_or_default(),
        }
    }
}

/// The most input tokens of a prompt.
pub(super) fn most_input_tokens(conversation: &Conversation, files: FileTokens) -> u64 {
    let instructions = most_tokens(&conversation.system) + AROUND_A_TURN;
    let turns: u64 =
        conversation.messages.iter().map(|message| most_tokens_of_turn(&message.content, files)).sum();
    let schema = conversation.output_schema.as_ref();
    let schema = schema.map_or(0, |schema| most_tokens_of_schema(schema) + AROUND_A_SCHEMA);
    instructions + turns + schema + most_tokens_of_tools(conversation)
}

/// The most tokens of a schema. One with references becomes twice as long where a model takes none.
fn most_tokens_of_schema(schema: &Value) -> u64 {
    let text = schema.to_string();
    let copies = if text.contains("\"$ref\"") { 2 } else { 1 };
    most_tokens(&text).saturating_mul(copies)
}

/// The most tokens of the tools and of the provider's own words around them. A conversation with calls needs tools at
/// some providers, so an adapter names those that were called.
fn most_tokens_of_tools(conversation: &Conversation) -> u64 {
    let tool = |tool: &Tool| {
        let description = tool.description.as_deref().unwrap_or_default();
        most_tokens(&tool.name)
            + most_tokens(description)
            + most_tokens_of_schema(&tool.parameters)
            + AROUND_A_BLOCK
    };
    let tools = &conversation.tools.tools;
    let called: u64 = conversation
        .messages
        .iter()
        .flat_map(|turn| &turn.content)
        .map(|block| match block {
            ContentBlock::ToolCall(call) if tools.is_empty() => most_tokens(&call.name) + AROUND_A_BLOCK,
            _ => 0,
        })
        .sum();
    let around = if tools.is_empty() && called == 0 { 0 } else { AROUND_A_SCHEMA };
    tools.iter().map(tool).sum::<u64>() + called + around
}

/// The most tokens that a turn adds to a prompt.
pub(super) fn most_tokens_of_turn(content: &[ContentBlock], files: FileTokens) -> u64 {
    content.iter().map(|block| most_tokens_of_block(block, files)).sum::<u64>() + AROUND_A_TURN
}

fn most_tokens_of_block(block: &ContentBlock, files: FileTokens) -> u64 {
    match block {
        ContentBlock::Text(text) => most_tokens(text),
        // A text may be a summary. The model reads the whole reasoning, which is encrypted in the signature.
        ContentBlock::Reasoning(ReasoningContent::Text { text, signature }) => {
            most_tokens(text) + signature.as_deref().map_or(0, most_tokens) + AROUND_A_BLOCK
        }
        ContentBlock::Reasoning(ReasoningContent::Redacted(data)) => most_tokens(data) + AROUND_A_BLOCK,
        ContentBlock::Image(_) => files.image + AROUND_A_BLOCK,
        ContentBlock::Document(Document { name, format, data }) => {
            let content = match std::str::from_utf8(data) {
                Ok(text) if format.is_text() => most_tokens(text),
                _ => files.document,
            };
            content + most_tokens(name) + AROUND_A_BLOCK
        }
        ContentBlock::ToolCall(ToolCall { id, name, arguments }) => {
            [id, name, arguments].map(|text| most_tokens(text)).iter().sum::<u64>() + AROUND_A_BLOCK
        }
        ContentBlock::ToolResult(ToolResult { call_id, content, is_error: _ }) => {
            content.iter().map(|block| most_tokens_of_block(block, files)).sum::<u64>()
                + most_tokens(call_id)
                + AROUND_A_BLOCK
        }
    }
}

/// An estimate of the input tokens of a prompt, and rather too many: its texts, and the most that providers add around
/// them. A document that is not text counts as its bytes do, up to the whole context; one at a URL counts as one page.
pub(super) fn estimated_input_tokens(size: &PromptSize, files: FileTokens) -> u64 {
    let document = match size.document_bytes {
        0 => 0,
        bytes => estimated_tokens(bytes).min(files.document),
    };
    let around_tools = if size.tools > 0 { AROUND_A_SCHEMA } else { 0 };
    [
        estimated_tokens(size.text_bytes),
        size.turns.saturating_mul(AROUND_A_TURN),
        size.blocks.saturating_mul(AROUND_A_BLOCK),
        size.images.saturating_mul(files.image),
        document,
        size.linked_documents.saturating_mul(A_PAGE),
        around_tools,
    ]
    .into_iter()
    .fold(0, u64::saturating_add)
}

/// An estimate of the input tokens of a prompt before its model is known: that of `count_tokens`, with a picture of 1,600
/// tokens and a document of 200,000 at most, as Claude has them.
pub fn estimated_prompt_tokens(size: &PromptSize) -> u64 {
    estimated_input_tokens(size, USUAL_FILES)
}

/// The fewest input tokens of a prompt: those of its texts.
pub(super) fn fewest_input_tokens(conversation: &Conversation) -> u64 {
    let blocks = conversation.messages.iter().flat_map(|turn| &turn.content);
    let texts: usize = blocks
        .flat_map(ContentBlock::with_inner)
        .map(|block| match block {
            ContentBlock::Text(text) => text.len(),
            ContentBlock::ToolCall(call) => call.arguments.len(),
            _ => 0,
        })
        .sum();
    (conversation.system.len() + texts) as u64 / LONGEST_TOKEN
}

#[cfg(test)]
mod tests {
    use super::*;
    use ports::{DocumentFormat, Image, ImageFormat, Message, Role, ToolSet};
    use serde_json::json;
    use std::sync::Arc;

    fn most_input_tokens(conversation: &Conversation) -> u64 {
        super::most_input_tokens(conversation, FileTokens { image: 1_600, document: 200_000 })
    }

    fn with_blocks(blocks: Vec<ContentBlock>) -> u64 {
        let messages = vec![Message { role: Role::User, content: blocks }];
        most_input_tokens(&Conversation { messages, ..Conversation::default() })
    }

    fn conversation(system: &str, texts: &[&str]) -> Conversation {
        Conversation {
            system: system.to_owned(),
            messages: texts.iter().map(|text| Message::text(Role::User, *text)).collect(),
            max_output_tokens: 1,
            ..Conversation::default()
        }
    }

    #[test]
    fn every_byte_may_be_a_token_and_eight_are_one_at_least() {
        assert_eq!(most_input_tokens(&conversation("", &[])), 16);
        assert_eq!(most_input_tokens(&conversation("ab", &["c", "€"])), 2 + 1 + 3 + 3 * 16);
        assert_eq!(fewest_input_tokens(&conversation("ab", &["c", "€"])), 0);
        assert_eq!(fewest_input_tokens(&conversation("abcd", &["efgh", "i"])), 1);
        let schema = json!({ "type": "object" });
        let with_schema = Conversation { output_schema: Some(schema.clone()), ..conversation("", &["a"]) };
        let more = schema.to_string().len() as u64 + 600;
        assert_eq!(most_input_tokens(&with_schema), most_input_tokens(&conversation("", &["a"])) + more);
    }

    #[test]
    fn a_text_is_as_long_as_its_tokenizer_sees_it() {
        // U+FDFA, three bytes, is eighteen characters in NFKC; U+3300 is four of three bytes each.
        for (text, most) in
            [("\u{FDFA}", 33), ("a\u{3300}", 13), ("e\u{301}", 3), ("\u{ac00}日本語かなgrüße", 25)]
        {
            assert_eq!(most_tokens(text), most, "{text}");
        }
        assert_eq!(most_input_tokens(&conversation("\u{FDFA}", &["\u{FDFA}"])), 2 * (33 + 16));
    }

    #[test]
    fn an_estimate_counts_three_bytes_as_a_token_and_the_most_around_them() {
        let files = FileTokens { image: 1_600, document: 200_000 };
        let text = PromptSize { text_bytes: 30, ..PromptSize::default() };
        for (size, tokens) in [
            (text, 10),
            (PromptSize { turns: 2, ..text }, 10 + 2 * 16),
            (PromptSize { blocks: 2, ..text }, 10 + 2 * 32),
            (PromptSize { tools: 2, ..text }, 10 + 600),
            (PromptSize { images: 2, ..text }, 10 + 3_200),
            (PromptSize { document_bytes: 3_000, ..text }, 10 + 1_000),
            (PromptSize { document_bytes: 3_000_000, ..text }, 10 + 200_000),
            (PromptSize { linked_documents: 2, ..text }, 10 + 6_000),
        ] {
            assert_eq!(estimated_input_tokens(&size, files), tokens, "{size:?}");
        }
    }

    #[test]
    fn a_turn_more_is_what_it_says_it_adds() {
        let (one, two) = (conversation("s", &["a"]), conversation("s", &["a", "another"]));
        let turn = [ContentBlock::Text("another".to_owned())];
        let more = most_tokens_of_turn(&turn, FileTokens::default());
        assert_eq!(most_input_tokens(&two), most_input_tokens(&one) + more);
    }

    #[test]
    fn files_and_tools_count_at_their_most() {
        let document = |format| Document { name: "n".to_owned(), format, data: Arc::from(*b"abcd") };
        let call = ToolCall { id: "i".to_owned(), name: "nn".to_owned(), arguments: "{}".to_owned() };
        let inner = vec![ContentBlock::Text("abc".to_owned())];
        let result = ToolResult { call_id: "i".to_owned(), content: inner, is_error: false };
        let image = Image { format: ImageFormat::Png, data: Arc::from([1_u8]) };
        let shown = ReasoningContent::Text { text: "hm".to_owned(), signature: Some("sig".to_owned()) };
        for (block, tokens) in [
            (ContentBlock::Text("abcd".to_owned()), 4),
            (ContentBlock::Reasoning(shown), 2 + 3 + 32),
            (ContentBlock::Reasoning(ReasoningContent::Redacted("abcd".to_owned())), 4 + 32),
            (ContentBlock::Image(image), 1_600 + 32),
            (ContentBlock::Document(document(DocumentFormat::Txt)), 4 + 1 + 32),
            (ContentBlock::Document(document(DocumentFormat::Pdf)), 200_000 + 1 + 32),
            // Without tools, the called one is named, with the words around tools.
            (ContentBlock::ToolCall(call), 1 + 2 + 2 + 32 + 2 + 32 + 600),
            (ContentBlock::ToolResult(result), 3 + 1 + 32),
        ] {
            assert_eq!(with_blocks(vec![block]), 2 * 16 + tokens);
        }
        let tool = Tool {
            name: "nn".to_owned(),
            description: Some("ddd".to_owned()),
            parameters: json!({}),
            strict: false,
        };
        let tools = ToolSet { tools: vec![tool], ..ToolSet::default() };
        let with_tool = Conversation { tools, ..Conversation::default() };
        assert_eq!(most_input_tokens(&with_tool), 16 + 2 + 3 + 2 + 32 + 600);
    }
}
