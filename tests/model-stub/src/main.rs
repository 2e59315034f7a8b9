//! The model server as a process: reads the port and the model to forward to, and prints its URL.

use std::error::Error;
use std::io::Write;
use std::time::Duration;

use clap::Parser;
use model_stub::{ForwardTarget, Options, Stub};

/// A local server that speaks the wire formats of Bedrock Runtime and of OpenAI. It answers with the scripted step
/// (POST /_script), without a step with the answer of the model behind --forward, and without both with 503. Vectors
/// are computed unless an embedding model is named.
#[derive(Parser)]
#[command(name = "model-stub")]
struct Arguments {
    /// Port on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// OpenAI-compatible endpoint, http://host:port with or without /v1 [default: the variable MODEL_URL].
    #[arg(long, value_name = "URL")]
    forward: Option<String>,
    /// Model to ask there [default: the variable MODEL_NAME, else the first one that the endpoint lists].
    #[arg(long, value_name = "NAME")]
    model_name: Option<String>,
    /// Embedding model to ask there [default: the variable EMBEDDING_MODEL_NAME, else vectors are computed here].
    #[arg(long, value_name = "NAME")]
    embedding_model_name: Option<String>,
    /// S3 endpoint where batch jobs read and write, http://host:port [default: objects of this server under /_s3/].
    #[arg(long, value_name = "URL")]
    s3: Option<String>,
    /// Seconds to wait for the model, and for each piece of its stream.
    #[arg(long, default_value_t = 120)]
    timeout: u64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let Arguments { port, forward, model_name, embedding_model_name, s3, timeout } = Arguments::parse();
    let model_name = model_name.or_else(|| variable("MODEL_NAME"));
    let embedding_model_name = embedding_model_name.or_else(|| variable("EMBEDDING_MODEL_NAME"));
    let forward = forward
        .or_else(|| variable("MODEL_URL"))
        .map(|url| ForwardTarget::new(&url, model_name, Duration::from_secs(timeout)))
        .transpose()
        .unwrap_or_else(|error| refuse(&error))
        .map(|target: ForwardTarget| target.with_embedding_model(embedding_model_name));
    let stub = Stub::start_with(Options { port, forward, s3 }).await.unwrap_or_else(|error| refuse(&error));
    writeln!(std::io::stdout(), "{}", stub.url())?;
    stub.run().await;
    Ok(())
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Ends the process with a sentence that has the error and its causes.
fn refuse(error: &dyn Error) -> ! {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        text = format!("{text}: {source}");
        cause = source.source();
    }
    let _unseen = writeln!(std::io::stderr(), "model-stub: {text}");
    std::process::exit(2)
}
