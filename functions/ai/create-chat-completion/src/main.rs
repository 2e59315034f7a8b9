//! Wires `create-chat-completion` to AWS and to the configured servers.

use create_chat_completion::CreateChatCompletion;
use edge::streaming::StreamingHandler;
use std::process::ExitCode;
use wiring_ai::Models;

fn main() -> ExitCode {
    edge::streaming::run("create-chat-completion", |_| {
        Box::pin(async move {
            let models = Models::read().await?;
            let (whole, streamed) = (models.completions()?, models.streamed_completions()?);
            let store = models.store();
            Ok(Box::new(CreateChatCompletion { store, whole, streamed }) as Box<dyn StreamingHandler>)
        })
    })
}
