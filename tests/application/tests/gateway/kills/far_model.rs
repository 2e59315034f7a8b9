//! A model for a process that is killed: it speaks over a connection, one part after the other, and each part is a point at
//! which the process may be killed.

use super::Victim;
use futures_util::stream::{StreamExt, iter};
use ports::{
    BoxFuture, Delta, ModelAnswer, ModelCall, ModelError, ModelGateway, ModelStream, StopReason,
    StreamingModelGateway, ToolCall, Usage,
};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

/// A model on a port of this process: each call is a connection and gets the next answer of the script.
pub(super) struct ModelServer {
    pub(super) address: SocketAddr,
    pub(super) asked: Arc<AtomicUsize>,
    ended: Arc<AtomicBool>,
}

impl ModelServer {
    /// A bar separates the parts of one answer.
    pub(super) fn start(script: &'static [&'static str], victim: Arc<Victim>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server =
            Self { address: listener.local_addr().unwrap(), asked: Arc::default(), ended: Arc::default() };
        let (asked, ended) = (Arc::clone(&server.asked), Arc::clone(&server.ended));
        thread::spawn(move || {
            for client in listener.incoming() {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                let step =
                    script.get(asked.fetch_add(1, Ordering::SeqCst)).copied().unwrap_or("text unexpected");
                serve(step, client.unwrap(), &victim);
            }
        });
        server
    }
}

/// The process waits for each part, so it is alive when its point comes.
fn serve(step: &str, mut client: TcpStream, victim: &Victim) {
    for part in step.split('|') {
        if !victim.pass() || client.write_all(format!("{part}\n").as_bytes()).is_err() {
            return;
        }
    }
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

/// The client of that model in the process.
pub(super) struct FarModel(pub(super) SocketAddr);

impl FarModel {
    /// Each part is read when it is needed; nothing else happens in the process meanwhile.
    fn parts(&self) -> impl Iterator<Item = Result<Delta, ModelError>> + Send + 'static {
        let server = BufReader::new(TcpStream::connect(self.0).unwrap());
        server.lines().map(|line| {
            let line = line.unwrap();
            let usage = Usage { input_tokens: 1000, output_tokens: 200, ..Usage::default() };
            match line.split_once(' ').unwrap_or((&line, "")) {
                ("text", text) => Ok(Delta::Text(text.to_owned())),
                ("call", name) => Ok(Delta::ToolCall { id: "c1".to_owned(), name: name.to_owned() }),
                ("arguments", json) => Ok(Delta::Arguments(json.to_owned())),
                ("end", "") => Ok(Delta::End { stop: StopReason::EndTurn, usage: Some(usage) }),
                ("end", "calls") => Ok(Delta::End { stop: StopReason::ToolCalls, usage: Some(usage) }),
                _ => Err(ModelError::TimedOut),
            }
        })
    }
}

impl ModelGateway for FarModel {
    fn converse<'a>(&'a self, _: &'a ModelCall) -> BoxFuture<'a, Result<ModelAnswer, ModelError>> {
        let mut answer = ModelAnswer {
            reasoning: Vec::new(),
            tool_calls: Vec::new(),
            text: String::new(),
            stop: StopReason::Other,
            usage: None,
        };
        Box::pin(async move {
            for part in self.parts() {
                match part? {
                    Delta::Text(text) => answer.text += &text,
                    Delta::Reasoning(_) | Delta::ReasoningSignature(_) | Delta::RedactedReasoning(_) => {}
                    Delta::ToolCall { id, name } => {
                        answer.tool_calls.push(ToolCall { id, name, arguments: String::new() });
                    }
                    Delta::Arguments(json) => answer.tool_calls.last_mut().unwrap().arguments += &json,
                    Delta::End { stop, usage } => (answer.stop, answer.usage) = (stop, usage),
                }
            }
            Ok(answer)
        })
    }
}

impl StreamingModelGateway for FarModel {
    fn converse_stream<'a>(&'a self, _: &'a ModelCall) -> BoxFuture<'a, Result<ModelStream, ModelError>> {
        Box::pin(async move { Ok(iter(self.parts()).boxed()) })
    }
}
