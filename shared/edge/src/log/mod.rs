//! Log lines: one JSON object each, on standard output, where Lambda collects them.
//!
//! This is a `tracing` subscriber of its own, because unused spans, filters and formatters would cost time at every
//! start. No line may hold a secret or personal data: fields with such names are masked, and so is every part of a text
//! that looks like a token or an e-mail address. Lines of libraries below the level INFO are never written, because
//! they hold requests and answers.

mod chain;
mod mask;
mod subscriber;
mod summary;

use serde::Serialize;
use std::cell::RefCell;
use std::future::Future;
use std::io::Write as _;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use tracing::level_filters::LevelFilter;

pub(crate) use self::chain::chain;
pub(crate) use summary::{InvocationResult, InvocationSummary, RunningAs, millis};

/// The fields that every line of an invocation has.
#[derive(Debug, Clone, Default)]
pub(crate) struct LogScope {
    /// The name of the function.
    pub function: &'static str,
    /// The correlation id, which is the same for everything that one request causes.
    pub correlation_id: String,
    /// X-Ray's id of the trace.
    pub trace_id: Option<String>,
    /// The id of the tenant.
    pub tenant: Option<String>,
    /// The id of the account.
    pub account: Option<String>,
    /// The id of the API key.
    pub api_key: Option<String>,
}

/// The names of the scope's fields. Inside an invocation no event may have a field of these names: readers of a line
/// with a name in it twice take the last value.
const SCOPED: [&str; 6] = ["function", "correlation_id", "trace_id", "tenant", "account", "api_key"];

/// Whether this name belongs to the scope of the line that is being written.
fn is_scopes(name: &str) -> bool {
    SCOPED.contains(&name) && SCOPE.try_with(|_| ()).is_ok()
}

tokio::task_local! {
    static SCOPE: LogScope;
    static CAPTURED: RefCell<Vec<String>>;
}

/// Whether lines go to standard output: true only in a process that serves Lambda.
static STANDARD_OUTPUT: AtomicBool = AtomicBool::new(false);
static LEVEL: OnceLock<LevelFilter> = OnceLock::new();

/// Starts writing lines of this level and above, with metrics of this environment; prints them when `standard_output`
/// is true. The first call decides the level and the environment.
pub(crate) fn start(level: Option<&str>, process: &RunningAs<'_>, standard_output: bool) {
    summary::measure_as(process);
    let level = *LEVEL.get_or_init(|| subscriber::level(level));
    STANDARD_OUTPUT.fetch_or(standard_output, Ordering::Relaxed);
    // A second subscriber is refused, which is right: the first one does the same.
    let _already = tracing::subscriber::set_global_default(subscriber::LogLines::new(level));
}

/// The result of `work`, and the lines written while it ran. For tests.
pub async fn capture<T>(work: impl Future<Output = T>) -> (T, Vec<String>) {
    start(None, &RunningAs::default(), false);
    CAPTURED
        .scope(RefCell::new(Vec::new()), async {
            let result = work.await;
            (result, CAPTURED.with(RefCell::take))
        })
        .await
}

/// Runs `work` with this scope in its lines.
pub(crate) async fn scoped<T>(scope: LogScope, work: impl Future<Output = T>) -> T {
    SCOPE.scope(scope, work).await
}

/// A line that is being written. It is text from the start, because each request pays for its lines.
pub(crate) struct LogLine(Vec<u8>);

impl LogLine {
    /// Begins a line, with the scope when it is written inside an invocation.
    fn begin() -> Self {
        let mut line = Self(Vec::with_capacity(1024));
        let _outside_of_invocations = SCOPE.try_with(|scope| {
            let known = [
                Some(scope.function),
                Some(scope.correlation_id.as_str()),
                scope.trace_id.as_deref(),
                scope.tenant.as_deref(),
                scope.account.as_deref(),
                scope.api_key.as_deref(),
            ];
            for (name, value) in SCOPED.into_iter().zip(known) {
                if let Some(value) = value {
                    line.add(name, &mask::text(value));
                }
            }
        });
        line
    }

    /// Adds a field. A name that is added twice is in the line twice.
    fn add<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) {
        self.0.push(if self.0.is_empty() { b'{' } else { b',' });
        // Strings and numbers, written to memory: this can't fail.
        let _name = serde_json::to_writer(&mut self.0, name);
        self.0.push(b':');
        let _value = serde_json::to_writer(&mut self.0, value);
    }

    /// Adds a field that is JSON already.
    fn add_json(&mut self, name: &str, json: &str) {
        self.0.push(if self.0.is_empty() { b'{' } else { b',' });
        let _name = serde_json::to_writer(&mut self.0, name);
        self.0.push(b':');
        self.0.extend_from_slice(json.as_bytes());
    }

    /// Prints the line.
    fn write(mut self) {
        self.0.extend_from_slice(if self.0.is_empty() { b"{}\n" } else { b"}\n" });
        let captured = CAPTURED
            .try_with(|lines| lines.borrow_mut().push(String::from_utf8_lossy(&self.0).into_owned()))
            .is_ok();
        if !captured && STANDARD_OUTPUT.load(Ordering::Relaxed) {
            // One write for a whole line. A failed write can't be reported anywhere.
            let _gone = std::io::stdout().lock().write_all(&self.0);
        }
    }
}
