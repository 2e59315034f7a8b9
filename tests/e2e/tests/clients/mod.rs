//! Client libraries of models, unchanged, against the deployed system: each calls its own functions, and the tests say
//! what the model's provider is sent and what the library makes of the answer. A program is started once for each
//! library, because some take seconds to import.

mod agents;
mod anthropic;
mod broken;
mod cut;
mod javascript;
mod openai;
mod responses;
mod sent;
mod structured;
mod vercel;

use e2e_tests::{Organization, environment, model};
use sent::assert_loop;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// A model without the restrictions of Claude, and with its own.
pub(crate) const NOVA: &str = "us.amazon.nova-pro-v1:0";
/// The model of another provider, whose format is OpenAI's.
pub(crate) const GPT: &str = "gpt-4.1-mini";
/// It continues an answer, and restricts the names of properties.
pub(crate) const CLAUDE: &str = "us.anthropic.claude-haiku-4-5-20251001-v1:0";

#[derive(Clone, Copy)]
enum Runtime {
    Python,
    PythonOpenai2,
    Node,
}

/// A program that uses one library.
pub(crate) struct Library {
    runtime: Runtime,
    file: &'static str,
    model: &'static str,
    /// The address that it gets as the API's.
    url: fn() -> String,
    running: OnceLock<Mutex<Running>>,
}

struct Running {
    child: Child,
    answers: BufReader<std::process::ChildStdout>,
}

/// The result of one function of a program.
pub(crate) struct Answered {
    /// The library's result.
    pub(crate) said: Value,
    /// The bodies that the provider was sent, in order.
    pub(crate) sent: Vec<Value>,
}

impl Library {
    const fn new(runtime: Runtime, file: &'static str) -> Self {
        Self { runtime, file, model: NOVA, url: deployed, running: OnceLock::new() }
    }

    pub(crate) const fn python(file: &'static str) -> Self {
        Self::new(Runtime::Python, file)
    }

    /// For libraries that need version 2 of OpenAI's.
    pub(crate) const fn python_openai_2(file: &'static str) -> Self {
        Self::new(Runtime::PythonOpenai2, file)
    }

    pub(crate) const fn node(file: &'static str) -> Self {
        Self::new(Runtime::Node, file)
    }

    pub(crate) const fn with_model(mut self, model: &'static str) -> Self {
        self.model = model;
        self
    }

    /// The same program with another server than the deployment.
    pub(crate) const fn against(mut self, url: fn() -> String) -> Self {
        self.url = url;
        self
    }

    /// Calls a function of the program. The model answers with these steps, all of which must be used.
    pub(crate) fn ask(&self, function: &str, steps: &[Value]) -> Answered {
        let (said, sent, left) = self.try_ask(function, steps);
        assert!(
            said.get("exception").is_none(),
            "{} {function} on {}: {}",
            self.file,
            self.model,
            said["exception"].as_str().unwrap()
        );
        assert_eq!(left, 0, "{} {function} asked {} less often: {said}", self.file, self.model);
        Answered { said, sent }
    }

    fn try_ask(&self, function: &str, steps: &[Value]) -> (Value, Vec<Value>, u64) {
        // The program starts before this test has the model to itself, because that takes seconds.
        drop(self.running());
        let model = model();
        if !steps.is_empty() {
            model.script(steps);
        }
        let said = self.call(function);
        let sent = model.calls().into_iter().map(|mut call| call["body"].take()).collect();
        (said, sent, model.steps_left())
    }

    /// Calls a function of the program, whatever the model does.
    pub(crate) fn call(&self, function: &str) -> Value {
        let mut running = self.running();
        writeln!(running.child.stdin.as_mut().unwrap(), "{function}").unwrap();
        let mut line = String::new();
        running.answers.read_line(&mut line).unwrap();
        serde_json::from_str(&line)
            .unwrap_or_else(|_| panic!("{} {function} ended; its errors are above: {line}", self.file))
    }

    /// The program, which goes on after a failed test.
    fn running(&self) -> MutexGuard<'_, Running> {
        let running = self.running.get_or_init(|| Mutex::new(self.start()));
        running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start(&self) -> Running {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/python");
        let python = sources.join(format!("{}.py", self.file));
        let (program, script) = match self.runtime {
            Runtime::Python => (&environment().client_python, python),
            Runtime::PythonOpenai2 => (&environment().client_python_openai_2, python),
            Runtime::Node => {
                (&environment().node, environment().javascript.join(format!("{}.js", self.file)))
            }
        };
        let mut child = Command::new(program)
            .arg(script)
            .env("BASE_URL", (self.url)())
            .env("API_KEY", key(self.file, self.model))
            .env("MODEL", self.model)
            .env(
                "VECTORS",
                if self.model == GPT { "text-embedding-3-small" } else { "amazon.titan-embed-text-v2:0" },
            )
            // Some libraries take ten seconds to compile.
            .env_remove("PYTHONDONTWRITEBYTECODE")
            .env("PYTHONPYCACHEPREFIX", environment().bytecode())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{program}: {error}"));
        let answers = BufReader::new(child.stdout.take().unwrap());
        Running { child, answers }
    }
}

fn deployed() -> String {
    environment().api_url.clone()
}

/// A key with a limit of its own, in one of four organizations, because an organization's limit is 120 requests a minute.
fn key(file: &str, model: &str) -> String {
    static ORGANIZATIONS: [OnceLock<Organization>; 4] = [const { OnceLock::new() }; 4];
    let at = match file {
        _ if model == GPT => 3,
        "openai_tools" | "openai_responses" | "anthropic_messages" => 0,
        "vercel_ai" => 1,
        _ => 2,
    };
    let organization = ORGANIZATIONS[at].get_or_init(|| Organization::register(&format!("clients-{at}")));
    let scopes = ["completion:create", "embedding:create", "model:read"];
    let body = json!({"name": file, "scopes": scopes, "expires_in_days": 1});
    organization.admin.post("/v1/api-keys", &body).json(201)["key"].as_str().unwrap().to_owned()
}

/// The model says this.
pub(crate) fn text(text: &str) -> Value {
    json!({"text": text, "usage": {"inputTokens": 12, "outputTokens": 3}})
}

/// The model calls `bird_size`, with its arguments in three pieces where they are streamed.
pub(crate) fn sizing() -> Value {
    json!({
        "tool_calls": [{"id": "tooluse_wren", "name": "bird_size", "input": {"bird": "wren", "unit": null}}],
        "usage": {"inputTokens": 40, "outputTokens": 9}, "chunks": 3,
    })
}

/// The model calls the tool that the request forces, or its only one, with a bird.
pub(crate) fn calling(input: &Value) -> Value {
    json!({"tool_calls": [{"input": input}]})
}

/// The bird of the programs with a schema.
pub(crate) fn bird() -> Value {
    json!({"name": "wren", "nest": {"material": "moss", "eggs": 6}})
}

/// The arguments of `sizing`.
pub(crate) fn size() -> Value {
    json!({"bird": "wren", "unit": null})
}

/// The blocks of one turn that the provider was sent.
pub(crate) fn blocks(sent: &Value, turn: usize) -> &Vec<Value> {
    sent["messages"][turn]["content"].as_array().unwrap_or_else(|| panic!("no turn {turn}: {sent}"))
}
