//! Wires `create-chat-completion`: it needs nothing yet.

use create_chat_completion::CreateChatCompletion;
use edge::Handler;
use std::process::ExitCode;

fn main() -> ExitCode {
    edge::http::run("create-chat-completion", |_| {
        Box::pin(async {
            let handler: Box<dyn Handler> = Box::new(CreateChatCompletion);
            Ok(handler)
        })
    })
}
