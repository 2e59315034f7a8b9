//! Wires `create-chat-completion` to AWS and, where one is configured, to a server that speaks OpenAI's wire format.

use create_chat_completion::CreateChatCompletion;
use edge::streaming::StreamingHandler;
use std::process::ExitCode;
use wiring_ai::Models;

fn main() -> ExitCode {
    edge::streaming::run("create-chat-completion", |settings| {
        Box::pin(async move {
            let models = Models::read(&settings)?;
            let (whole, streamed) = (models.completions(&settings)?, models.streamed_completions(&settings)?);
            let store = models.store();
            Ok(Box::new(CreateChatCompletion { store, whole, streamed }) as Box<dyn StreamingHandler>)
        })
    })
}
