//! The crates behind a queue and behind a schedule.

use super::{create, uses};
use crate::error::Error;
use crate::new_function::names::Names;
use crate::new_function::plan::Plan;

/// The further dependencies of the crate of a queue.
const FOR_A_QUEUE: [&str; 3] = ["adapter-sqs", "contracts", "wiring-core"];

/// Plans the crate behind a queue.
pub(in crate::new_function) fn write_queue(
    plan: &mut Plan<'_>,
    names: &Names,
    event_type: &str,
) -> Result<(), Error> {
    let pascal = names.pascal();
    let imports = [
        "application_core::Context",
        "ports::BoxFuture",
        "contracts::event_message::EventMessage",
        "domain::id::{EventId, OrganizationId}",
        "edge::JobError",
        "edge::queue::EventHandler",
    ];
    let lib = format!(
        "//! Takes `{event_type}` from its queue, and so far only checks it.

{}
/// The event type that its rule selects.
const EVENT_TYPE: &str = \"{event_type}\";

/// Accepts every well-formed `{event_type}` and does nothing with it. Replace the end of `handle` by the use case: add the
/// ports that it needs as fields, and pass it the ids and the context. An event may come twice; the second time must change
/// nothing.
pub struct {pascal};

impl EventHandler for {pascal} {{
    fn handle<'a>(&'a self, event: &'a EventMessage, _: &'a Context) -> BoxFuture<'a, Result<(), JobError>> {{
        Box::pin(async move {{
            if event.event_type != EVENT_TYPE {{
                return Err(JobError::Malformed(\"event_type\"));
            }}
            let _: EventId = event.event_id.parse().map_err(|_| JobError::Malformed(\"event_id\"))?;
            let _: OrganizationId = event.tenant_id.parse().map_err(|_| JobError::Malformed(\"tenant_id\"))?;
            Ok(())
        }})
    }}
}}
",
        uses(imports.map(str::to_owned).to_vec())
    );
    let main = queue_main(names);
    create(plan, names, &FOR_A_QUEUE, lib, main)
}

/// Plans the crate behind a schedule.
pub(in crate::new_function) fn write_schedule(
    plan: &mut Plan<'_>,
    names: &Names,
    expression: &str,
) -> Result<(), Error> {
    let pascal = names.pascal();
    let imports = [
        "application_core::Context",
        "ports::BoxFuture",
        "domain::Timestamp",
        "edge::JobError",
        "edge::schedule::ScheduleHandler",
    ];
    let lib = format!(
        "//! Started by the clock, {expression}; so far it does nothing.

{}
/// Does nothing. Replace the body of `handle` by the use case: add the ports that it needs as fields, and pass it the due
/// time and the context. A run may be repeated; the second time must change nothing.
pub struct {pascal};

impl ScheduleHandler for {pascal} {{
    fn handle<'a>(&'a self, _: Timestamp, _: &'a Context) -> BoxFuture<'a, Result<(), JobError>> {{
        Box::pin(async {{ Ok(()) }})
    }}
}}
",
        uses(imports.map(str::to_owned).to_vec())
    );
    let main = schedule_main(names);
    create(plan, names, &[], lib, main)
}

/// The wiring of a consumer, whose handler needs nothing yet.
fn queue_main(names: &Names) -> String {
    let imports = uses(vec![
        "adapter_sqs::SqsVisibility".to_owned(),
        "edge::queue::Consumer".to_owned(),
        format!("{}::{}", names.snake(), names.pascal()),
        "std::process::ExitCode".to_owned(),
        "wiring_core::Base".to_owned(),
    ]);
    format!(
        "//! Wires `{name}` to AWS.

{imports}
fn main() -> ExitCode {{
    edge::queue::run(\"{name}\", |settings| {{
        Box::pin(async move {{
            let visibility = Box::new(SqsVisibility::new(&Base::read(settings)?.aws));
            Ok(Box::new(Consumer {{ handler: Box::new({pascal}), visibility }}))
        }})
    }})
}}
",
        name = names.name,
        pascal = names.pascal()
    )
}

/// The wiring of a function on a schedule, which needs nothing yet.
fn schedule_main(names: &Names) -> String {
    let name = &names.name;
    let imports = uses(vec![
        "edge::schedule::ScheduleHandler".to_owned(),
        format!("{}::{}", names.snake(), names.pascal()),
        "std::process::ExitCode".to_owned(),
    ]);
    format!(
        "//! Wires `{name}`: it needs nothing yet.

{imports}
fn main() -> ExitCode {{
    edge::schedule::run(\"{name}\", |_| {{
        Box::pin(async {{
            let handler: Box<dyn ScheduleHandler> = Box::new({});
            Ok(handler)
        }})
    }})
}}
",
        names.pascal()
    )
}
