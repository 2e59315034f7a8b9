//! The line that sums up an invocation. It is a log line and a set of metrics at once, in CloudWatch's embedded metric
//! format, so that a metric costs no call.

use super::subscriber::now;
use super::{LogLine, mask};
use crate::Invocation;
use domain::Timestamp;
use serde_json::Value;
use std::sync::OnceLock;
use std::time::Duration;

/// The CloudWatch namespace of all metrics. Those of an environment are in a namespace below it, so that environments
/// of one account keep their metrics and alarms apart.
const NAMESPACE: &str = "Sextant";
/// The sets of dimensions, which the stacks' alarms use.
const DIMENSIONS: &str = r#"[["Function"],["Function","StatusClass"]]"#;
const METRICS: &str = concat!(
    r#"[{"Name":"Requests","Unit":"Count"},{"Name":"Errors","Unit":"Count"},"#,
    r#"{"Name":"Duration","Unit":"Milliseconds"},{"Name":"ColdStart","Unit":"Count"}]"#
);
/// The additional dimensions of a failure: the alarm of a deployment counts the failures of the new version alone.
/// Successes do not have them, because every version would be a metric that costs money.
const FAILURES_BY_VERSION: &str =
    r#""Dimensions":[["Function","Version"]],"Metrics":[{"Name":"Errors","Unit":"Count"}]"#;
static MEASURED: OnceLock<MeasuredProcess> = OnceLock::new();

/// The dimensions of this process's metrics.
struct MeasuredProcess {
    namespace: String,
    /// The name of the function in Lambda; `None` in tests.
    function: Option<String>,
    /// The published version of the function; `None` in tests.
    version: Option<String>,
}

/// The environment, function and version of a process.
#[derive(Default)]
pub(crate) struct RunningAs<'a> {
    /// Environment of the deployment, such as `production`.
    pub(crate) environment: Option<&'a str>,
    /// The name of the function in Lambda.
    pub(crate) function: Option<&'a str>,
    /// The version of the function.
    pub(crate) version: Option<&'a str>,
}

/// Sets the environment, function and version of all metrics of this process. Without an environment, as in tests,
/// metrics are directly in the namespace, where no alarm looks. The first call decides.
pub(super) fn measure_as(process: &RunningAs<'_>) {
    let environment = process
        .environment
        .filter(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
    MEASURED.get_or_init(|| MeasuredProcess {
        namespace: match environment {
            Some(environment) => format!("{NAMESPACE}/{environment}"),
            None => NAMESPACE.to_owned(),
        },
        function: process.function.map(str::to_owned),
        version: process.version.map(str::to_owned),
    });
}

/// The result of an invocation: the second dimension of its metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InvocationResult {
    /// An HTTP answer.
    Status(u16),
    /// An HTTP answer that the function broke off after it had begun with this status.
    CutShort(u16),
    /// All work was done.
    Done,
    /// The authorizer refused the token.
    Denied,
    /// Some messages of a batch failed.
    Partial,
    /// The invocation failed.
    Failed,
}

impl InvocationResult {
    fn class(self) -> &'static str {
        match self {
            Self::Status(..200) => "1xx",
            Self::Status(200..300) => "2xx",
            Self::Status(300..400) => "3xx",
            Self::Status(400..500) => "4xx",
            Self::Status(500..) => "5xx",
            Self::CutShort(_) => "cut",
            Self::Done => "done",
            Self::Denied => "denied",
            Self::Partial => "partial",
            Self::Failed => "failed",
        }
    }

    /// Whether the service is at fault.
    fn is_error(self) -> bool {
        matches!(self, Self::Status(500..) | Self::CutShort(_) | Self::Partial | Self::Failed)
    }
}

/// The contents of the line.
pub(crate) struct InvocationSummary<'a> {
    /// The invocation.
    pub invocation: &'a Invocation,
    /// Its result.
    pub verdict: InvocationResult,
    /// Its duration.
    pub duration: Duration,
    /// The causes of a failure, the outermost first.
    pub error: Option<String>,
    /// Further fields: numbers, and names that are not a caller's.
    pub fields: Vec<(&'static str, Value)>,
}

/// Milliseconds with three decimals, the form of durations in log lines.
pub(crate) fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1_000_000.0).round() / 1000.0
}

impl InvocationSummary<'_> {
    /// Writes the line at any log level: metrics must not depend on `LOG_LEVEL`.
    pub(crate) fn write(self) {
        let duration_ms = millis(self.duration);
        let failed = self.verdict.is_error();
        let now = now();
        let mut line = LogLine::begin();
        let measured = MEASURED.get();
        let version = measured.and_then(|measured| measured.version.as_deref()).filter(|_| failed);
        line.add_json("_aws", &declaration(now, version.is_some()));
        let function = measured.and_then(|measured| measured.function.as_deref());
        line.add("Function", function.unwrap_or(self.invocation.function));
        if let Some(version) = version {
            line.add("Version", version);
        }
        line.add("StatusClass", self.verdict.class());
        line.add("Requests", &1);
        line.add("Errors", &u8::from(failed));
        line.add("Duration", &duration_ms);
        line.add("ColdStart", &u8::from(self.invocation.cold_start));
        line.add("timestamp", &now.to_string());
        line.add("level", if failed { "ERROR" } else { "INFO" });
        line.add("message", "invocation");
        line.add("request_id", &self.invocation.request_id);
        line.add("duration_ms", &duration_ms);
        line.add("cold_start", &self.invocation.cold_start);
        if let InvocationResult::Status(status) | InvocationResult::CutShort(status) = self.verdict {
            line.add("status", &status);
        }
        if let Some(error) = self.error {
            line.add("error", &mask::text(&error));
        }
        for (name, value) in self.fields {
            line.add(name, &mask::value(name, value));
        }
        line.write();
    }
}

/// The declaration with which CloudWatch counts a line about a defect under the name of the defect.
pub(super) fn defect_declaration(now: Timestamp) -> String {
    let namespace = MEASURED.get().map_or(NAMESPACE, |measured| measured.namespace.as_str());
    format!(
        r#"{{"Timestamp":{},"CloudWatchMetrics":[{{"Namespace":"{namespace}","Dimensions":[["Defect"]],"Metrics":[{{"Name":"Defects","Unit":"Count"}}]}}]}}"#,
        now.millis()
    )
}

/// The description by which CloudWatch makes metrics of the line: the embedded metric format's `_aws`.
fn declaration(now: Timestamp, failure_of_version: bool) -> String {
    let namespace = MEASURED.get().map_or(NAMESPACE, |measured| measured.namespace.as_str());
    let by_version = if failure_of_version {
        format!(r#",{{"Namespace":"{namespace}",{FAILURES_BY_VERSION}}}"#)
    } else {
        String::new()
    };
    format!(
        r#"{{"Timestamp":{},"CloudWatchMetrics":[{{"Namespace":"{namespace}","Dimensions":{DIMENSIONS},"Metrics":{METRICS}}}{by_version}]}}"#,
        now.millis()
    )
}
