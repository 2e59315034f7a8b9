//! Wires `create-message` to AWS and to the configured servers.

use create_message::CreateMessage;
use edge::streaming::StreamingHandler;
use edge::{Authorized, Uncounted};
use std::process::ExitCode;
use wiring_ai::Models;

fn main() -> ExitCode {
    edge::streaming::run("create-message", |settings| {
        Box::pin(async move {
            let models = Models::read(settings).await?;
            let (whole, streamed) = (models.completions()?, models.streamed_completions()?);
            let store = models.store();
            let route = CreateMessage::new(whole, streamed, wiring_ai::remote_files()?);
            Ok(Box::new(Authorized::new(route, store, Uncounted)) as Box<dyn StreamingHandler>)
        })
    })
}
