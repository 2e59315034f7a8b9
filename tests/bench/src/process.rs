//! A function that runs as a process, and its memory.

use super::function::Function;
use runtime_api::{Answer, RuntimeApi, Source};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;
use xtask::environment::{folder, target};
use xtask::error::{Error, at};

/// The longest time of a request under instrumentation.
const PATIENCE: Duration = Duration::from_secs(100);

/// The most memory that a process had so far, in bytes.
pub(crate) fn peak_memory(pid: u32) -> Result<u64, Error> {
    memory(pid, "VmHWM:")
}

/// The memory that a process has now, in bytes.
pub(crate) fn resident_memory(pid: u32) -> Result<u64, Error> {
    memory(pid, "VmRSS:")
}

fn memory(pid: u32, field: &str) -> Result<u64, Error> {
    let path = PathBuf::from(format!("/proc/{pid}/status"));
    let text = fs::read_to_string(&path).map_err(at(&path))?;
    let line = text.lines().find_map(|line| line.strip_prefix(field));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kilobytes
        .map(|number| number * 1024)
        .ok_or_else(|| Error::Content(format!("{} has no {field}", path.display())))
}

/// A running function, with or without a tool around it. It ends when it is dropped.
pub(crate) struct Process {
    child: Child,
    runtime_api: RuntimeApi,
    log: PathBuf,
}

impl Process {
    pub(crate) fn start(
        function: &Function,
        command: Command,
        source: Source,
        variables: &BTreeMap<String, String>,
    ) -> Result<Self, Error> {
        let runtime_api = RuntimeApi::start_acknowledging(source).map_err(at("127.0.0.1:0"))?;
        Self::start_on(runtime_api, function, command, variables)
    }

    pub(crate) fn start_on(
        runtime_api: RuntimeApi,
        function: &Function,
        mut command: Command,
        variables: &BTreeMap<String, String>,
    ) -> Result<Self, Error> {
        let log = folder(target().join("bench/logs"))?.join(format!("{}.log", function.name));
        let output = fs::File::create(&log).map_err(at(&log))?;
        let errors = output.try_clone().map_err(at(&log))?;
        command
            .env_clear()
            .envs(variables)
            .env("AWS_LAMBDA_RUNTIME_API", runtime_api.address())
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors);
        let program = command.get_program().to_string_lossy().into_owned();
        let child = command.spawn().map_err(|source| Error::Missing {
            program,
            hint: "Install it, or look whether it is on the PATH.",
            source,
        })?;
        Ok(Self { child, runtime_api, log })
    }

    /// Waits for the answers to all requests. They must be successes, because the cost of a refusal is not measured.
    pub(crate) fn serve(&mut self, function: &Function, requests: u32) -> Result<Vec<Answer>, Error> {
        self.serve_to(function, requests, is_good)
    }

    /// Waits for the answers to all requests, which must meet the condition.
    pub(crate) fn serve_to(
        &mut self,
        function: &Function,
        requests: u32,
        wanted: impl Fn(&Answer) -> bool,
    ) -> Result<Vec<Answer>, Error> {
        let child = &mut self.child;
        let answers = self.runtime_api.all_answers(PATIENCE, || matches!(child.try_wait(), Ok(None)));
        let answers = answers.ok_or_else(|| Error::Answer {
            what: format!("running {}", function.name),
            problem: format!("it ended or hangs; its log is {}", self.log.display()),
        })?;
        let bad = answers.iter().find(|answer| !wanted(answer));
        if let Some(bad) = bad {
            let problem =
                format!("{} was answered {}; its log is {}", bad.path, bad.body, self.log.display());
            return Err(Error::Answer { what: format!("a request to {}", function.name), problem });
        }
        if u32::try_from(answers.len()) != Ok(requests) {
            let problem = format!("{} answers to {requests} requests", answers.len());
            return Err(Error::Answer { what: format!("running {}", function.name), problem });
        }
        Ok(answers)
    }

    /// The id of the started process, which is the function if no tool is around it.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends the process that was started.
    pub(crate) fn end_itself(self) -> Result<(), Error> {
        let pid = self.pid();
        self.end(pid)
    }

    /// The function below strace.
    pub(crate) fn traced_child(&self) -> Result<u32, Error> {
        let pid = self.child.id();
        let path = PathBuf::from(format!("/proc/{pid}/task/{pid}/children"));
        let children = fs::read_to_string(&path).map_err(at(&path))?;
        let first = children.split_whitespace().next().and_then(|child| child.parse().ok());
        first.ok_or_else(|| Error::Content("strace has no child".into()))
    }

    /// Ends the function and waits until the tool around it has written its result.
    pub(crate) fn end(mut self, pid: u32) -> Result<(), Error> {
        // The function is between its last request for an event and waiting for it.
        thread::sleep(Duration::from_millis(50));
        let kill = Command::new("kill").arg("-TERM").arg(pid.to_string()).status();
        kill.map_err(at(Path::new("kill")))?;
        self.child.wait().map_err(at(&self.log)).map(drop)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The HTTP status of an answer; `None` for an answer that is not HTTP.
pub(crate) fn status(answer: &Answer) -> Option<u64> {
    let body = answer.json();
    let head = answer.streamed.as_ref().map_or(&body, |streamed| &streamed.prelude);
    head.get("statusCode").and_then(Value::as_u64)
}

fn is_good(answer: &Answer) -> bool {
    let (body, status) = (answer.json(), status(answer));
    let failures = body.get("batchItemFailures").and_then(Value::as_array).map_or(0, Vec::len);
    answer.is_response() && status.is_none_or(|status| (200..300).contains(&status)) && failures == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use runtime_api::Streamed;

    #[test]
    fn a_refused_request_is_not_a_measurement() {
        let answer =
            |path: &str, body: &str| Answer { path: path.to_owned(), body: body.to_owned(), streamed: None };
        assert!(is_good(&answer("r/response", r#"{"statusCode":204}"#)));
        assert!(is_good(&answer("r/response", r#"{"batchItemFailures":[]}"#)));
        assert!(!is_good(&answer("r/response", r#"{"statusCode":429}"#)));
        assert!(!is_good(&answer("r/response", r#"{"batchItemFailures":[{"itemIdentifier":"1"}]}"#)));
        assert!(!is_good(&answer("r/error", "{}")));
        let streamed = |status: u16| {
            let prelude = serde_json::json!({"statusCode": status});
            Answer { streamed: Some(Streamed { prelude, pieces: 1 }), ..answer("r/response", "{}") }
        };
        assert!(is_good(&streamed(200)) && !is_good(&streamed(429)));
    }
}
