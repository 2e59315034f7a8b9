//! OpenAI's Responses API (platform.openai.com/docs/api-reference/responses), without stored state. Members of every kind
//! of item and part are read into one structure each, because OpenAI's answers come back as input with items of kinds
//! that Sextant does not have. The mapping checks the members of each kind, so that an error names the member.

mod answer;
mod events;
mod input;
mod request;
mod text_or_list;
mod tokens;

pub use answer::{
    IncompleteDetails, InputTokensDetails, ModelResponse, OutputItem, OutputStatus, OutputText,
    OutputTokensDetails, ResponseError, ResponseStatus, ResponseUsage, SummaryPart,
};
pub use events::{
    ContentPartEvent, OutputItemEvent, ResponseEvent, ResponseEventBody, StreamError, SummaryPartEvent,
};
pub use input::{InputItem, InputPart, InputRole};
pub use request::{
    ResponseReasoning, ResponseRequest, ResponseTool, ResponseToolChoice, TextConfiguration, TextFormat,
    TextFormatKind,
};
pub use text_or_list::TextOrList;
pub use tokens::{ResponseTokens, ResponseTokensRequest};
