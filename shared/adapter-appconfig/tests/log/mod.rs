//! Every line that this process logged, also in tasks of the adapter.

use std::fmt::{Debug, Write};
use std::sync::{Mutex, OnceLock};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());
static STARTED: OnceLock<()> = OnceLock::new();

/// The lines so far with this field. The first call starts the recording.
pub(crate) fn told(field: &str) -> Vec<String> {
    start();
    let lines = LINES.lock().unwrap();
    lines.iter().filter(|line| line.contains(&format!("{field}="))).cloned().collect()
}

pub(crate) fn start() {
    STARTED.get_or_init(|| tracing::subscriber::set_global_default(Collector).unwrap());
}

struct Collector;

impl Subscriber for Collector {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && metadata.target().starts_with("adapter_appconfig")
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line::default();
        event.record(&mut line);
        LINES.lock().unwrap().push(line.0);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[derive(Default)]
struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, "{}={value:?} ", field.name()).unwrap();
    }

    fn record_error(&mut self, field: &Field, error: &(dyn std::error::Error + 'static)) {
        let source = error.source().map(ToString::to_string).unwrap_or_default();
        write!(self.0, "{}={error}: {source} ", field.name()).unwrap();
    }
}
