//! Turns each `tracing` event into a log line. Spans are not kept: a function serves one request at a time, and the
//! scope has the information that spans would have.

use super::summary::defect_declaration;
use super::{LogLine, chain, is_scopes, mask};
use domain::Timestamp;
use serde_json::Value;
use std::error::Error;
use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Libraries whose lines below INFO hold requests, answers or headers.
const LIBRARIES: [&str; 7] = ["aws_", "hyper", "lambda_", "rustls", "tokio", "tower", "want"];

/// The fields that each line has of its own; no field of the event may have these names.
const OWN: [&str; 3] = ["timestamp", "level", "target"];

/// A field that makes its event a metric. Its value is the name of a defect with an alarm, such as `IncompleteHistory`.
const DEFECT: &str = "defect";

/// This target logs the handler's failure a second time, with the message of a panic.
const REPEATS: &str = "lambda_runtime::layers::panic";

/// The level that `LOG_LEVEL` names, or INFO. TRACE is not available, because it is for libraries.
pub(super) fn level(name: Option<&str>) -> LevelFilter {
    match name.map(str::to_ascii_lowercase).as_deref() {
        Some("off") => LevelFilter::OFF,
        Some("error") => LevelFilter::ERROR,
        Some("warn") => LevelFilter::WARN,
        Some("debug") => LevelFilter::DEBUG,
        _ => LevelFilter::INFO,
    }
}

/// Writes events as lines.
pub(super) struct LogLines {
    level: LevelFilter,
}

impl LogLines {
    pub(super) fn new(level: LevelFilter) -> Self {
        Self { level }
    }
}

impl Subscriber for LogLines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let target = metadata.target();
        let library = LIBRARIES.iter().any(|prefix| target.starts_with(prefix));
        metadata.is_event()
            && (*metadata.level() <= self.level || tells_of_defect(metadata))
            && (!library || *metadata.level() <= Level::INFO)
            && target != REPEATS
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        // The event of a defect is a metric, which must not depend on the level.
        Some(self.level.max(LevelFilter::ERROR))
    }

    fn event(&self, event: &Event<'_>) {
        let metadata = event.metadata();
        let mut line = LogLine::begin();
        let now = now();
        let time = now.to_string();
        for (name, value) in
            OWN.into_iter().zip([time.as_str(), metadata.level().as_str(), metadata.target()])
        {
            line.add(name, value);
        }
        let mut fields = Fields { line, defect: None };
        event.record(&mut fields);
        let Fields { mut line, defect } = fields;
        if let Some(defect) = defect {
            line.add_json("_aws", &defect_declaration(now));
            line.add("Defect", &defect);
            line.add("Defects", &1);
        }
        line.write();
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        // Spans are disabled, so no code ever holds this id.
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

fn tells_of_defect(metadata: &Metadata<'_>) -> bool {
    *metadata.level() == Level::ERROR && metadata.fields().field(DEFECT).is_some()
}

/// The time of a line.
pub(super) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or_default())
}

struct Fields {
    line: LogLine,
    defect: Option<String>,
}

impl Fields {
    fn add(&mut self, field: &Field, value: Value) {
        if OWN.contains(&field.name()) || is_scopes(field.name()) {
            return;
        }
        self.line.add(field.name(), &mask::value(field.name(), value));
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, Value::from(format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == DEFECT {
            self.defect = Some(value.to_owned());
            return;
        }
        self.add(field, Value::from(value));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.add(field, Value::from(chain(value)));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, Value::from(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, Value::from(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, Value::from(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, Value::from(value));
    }
}
