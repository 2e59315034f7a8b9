//! The one line that sums up an invocation. It is a log line and a set of metrics at once, in CloudWatch's embedded
//! metric format, so that a metric costs no call.

use super::subscriber::now;
use super::{Line, mask};
use crate::Invocation;
use domain::Timestamp;
use serde_json::Value;
use std::sync::OnceLock;
use std::time::Duration;

/// CloudWatch namespace of all metrics; one environment's are below it, so that environments of one account keep their
/// metrics and alarms apart.
const NAMESPACE: &str = "Sextant";
/// Sets of dimensions; the stacks' alarms name them.
const DIMENSIONS: &str = r#"[["Function"],["Function","StatusClass"]]"#;
const METRICS: &str = concat!(
    r#"[{"Name":"Requests","Unit":"Count"},{"Name":"Errors","Unit":"Count"},"#,
    r#"{"Name":"Duration","Unit":"Milliseconds"},{"Name":"ColdStart","Unit":"Count"}]"#
);
/// What a failure declares besides: the alarm of a deployment counts the failures of the new version alone. Successes do
/// not declare it, because every version would be a metric that is paid for.
const FAILURES_BY_VERSION: &str =
    r#""Dimensions":[["Function","Version"]],"Metrics":[{"Name":"Errors","Unit":"Count"}]"#;
static MEASURED: OnceLock<MeasuredProcess> = OnceLock::new();

/// What the metrics of this process are filed under.
struct MeasuredProcess {
    namespace: String,
    /// The name that Lambda knows the function by; `None` in tests.
    function: Option<String>,
    /// The published version that this process runs; `None` in tests.
    version: Option<String>,
}

/// Where a process runs, as Lambda and the template say it.
#[derive(Default)]
pub(crate) struct RunningAs<'a> {
    /// Environment of the deployment, such as `production`.
    pub(crate) environment: Option<&'a str>,
    /// The name that Lambda knows the function by.
    pub(crate) function: Option<&'a str>,
    /// The version of the function.
    pub(crate) version: Option<&'a str>,
}

/// Files all metrics of this process under its environment, function and version. Without an environment, as in tests,
/// they are directly in the namespace, where no alarm looks. The first call decides.
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

/// How an invocation ended: the metrics' second dimension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// An HTTP answer.
    Status(u16),
    /// An HTTP answer that we broke off after it had begun with this status.
    CutShort(u16),
    /// Everything was done.
    Done,
    /// Somebody has no access.
    Denied,
    /// Some of a batch failed.
    Partial,
    /// It failed.
    Failed,
}

impl Verdict {
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

    /// Whether it was our fault.
    fn is_error(self) -> bool {
        matches!(self, Self::Status(500..) | Self::CutShort(_) | Self::Partial | Self::Failed)
    }
}

/// The line.
pub(crate) struct Summary<'a> {
    /// What it sums up.
    pub invocation: &'a Invocation,
    /// How it ended.
    pub verdict: Verdict,
    /// How long it took.
    pub duration: Duration,
    /// Causes of a failure, outermost first.
    pub error: Option<String>,
    /// What else is worth saying: numbers, names of ours.
    pub fields: Vec<(&'static str, Value)>,
}

/// Milliseconds with three decimals, as log lines say them.
pub(crate) fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1_000_000.0).round() / 1000.0
}

impl Summary<'_> {
    /// Writes it, whatever the level is: metrics must not depend on `LOG_LEVEL`.
    pub(crate) fn write(self) {
        let duration_ms = millis(self.duration);
        let failed = self.verdict.is_error();
        let now = now();
        let mut line = Line::begin();
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
        if let Verdict::Status(status) | Verdict::CutShort(status) = self.verdict {
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

/// What CloudWatch must know of a line that tells of a defect to count it, under the defect's name.
pub(super) fn defect_declaration(now: Timestamp) -> String {
    let namespace = MEASURED.get().map_or(NAMESPACE, |measured| measured.namespace.as_str());
    format!(
        r#"{{"Timestamp":{},"CloudWatchMetrics":[{{"Namespace":"{namespace}","Dimensions":[["Defect"]],"Metrics":[{{"Name":"Defects","Unit":"Count"}}]}}]}}"#,
        now.millis()
    )
}

/// What CloudWatch must know of the line to make metrics of it: the embedded metric format's `_aws`.
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
