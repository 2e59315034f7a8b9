//! The crate of a new function: a handler that does as much as can be generated and says so, and its wiring. A route
//! has the store, where refusals are recorded; a job needs no service yet, so it has none.

use super::contract::Operation;
use super::lock;
use super::names::Names;
use super::plan::Plan;
use super::route_tests::WIDEST;
use crate::error::Error;

/// The further dependencies of the crate of a route.
const FOR_A_ROUTE: [&str; 1] = ["wiring-core"];
/// The further dependencies of the crate of a queue.
const FOR_A_QUEUE: [&str; 3] = ["adapter-sqs", "contracts", "wiring-core"];
/// The dependencies of every function, apart from the use cases of its context.
const FOR_EVERY_FUNCTION: [&str; 4] = ["application-core", "domain", "edge", "ports"];
/// The precondition of a write to an entity without a version. A use case compares it with the version that it changes.
const UNVERSIONED: &str = "        request.precondition()?.check(CurrentVersion::Unversioned)?;\n";

/// Plans the crate behind a route.
pub(super) fn write_http(plan: &mut Plan<'_>, names: &Names, operation: &Operation) -> Result<(), Error> {
    let (pascal, permission) = (names.pascal(), operation.permission_type);
    let mut steps = String::new();
    let mut imports = vec![format!("domain::authority::{{Authority, {permission}}}")];
    let limit = if operation.is_read { "ReadLimit" } else { "Uncounted" };
    let mut from_edge = vec!["Request", "Response", "Route", "RouteFuture", limit];
    for parameter in &operation.parameters {
        let name = &parameter.name;
        match &parameter.component {
            Some(id) => {
                imports.push(format!("domain::id::{id}"));
                steps.push_str(&format!("        let _: {id} = request.id(\"{name}\")?;\n"));
            }
            None => steps.push_str(&format!("        let _: String = request.id(\"{name}\")?;\n")),
        }
    }
    match operation.method.as_str() {
        "POST" => {
            imports.push("application_core::CurrentVersion".to_owned());
            steps.push_str(UNVERSIONED);
            steps.push_str(&format!("        request.idempotency_key(\"{}\")?;\n", names.camel()));
        }
        "PUT" => steps.push_str("        request.replacement_precondition()?;\n"),
        "DELETE" | "PATCH" => {
            imports.push("application_core::CurrentVersion".to_owned());
            steps.push_str(UNVERSIONED);
        }
        _ if operation.is_list => {
            from_edge.push("Problem");
            steps.push_str(
                "        let mut parameters = request.list_parameters(&[]);
        parameters.whole_number(\"limit\", 1..=100);
        // The generated list has no pages yet, so no cursor can be valid.
        if parameters.text(\"cursor\").is_some() {
            return Err(Problem::invalid_cursor());
        }
        parameters.finish()?;
",
            );
        }
        _ => {}
    }
    from_edge.sort_unstable();
    imports.push(format!("edge::{{{}}}", from_edge.join(", ")));
    let object = if operation.names_an_object() {
        "\n///\n/// It looks for nothing, so it finds whatever the path names: what is not there, or not the caller's, must be 404."
    } else {
        ""
    };
    let request = if steps.is_empty() { "_" } else { "request" };
    let handle = handle(request, permission);
    let lib = format!(
        "//! `{} {}`: checks who calls and answers without a body.

{}
/// Answers 204 to every caller with the permission to {}. Replace the answer by the use case's: add the ports that
/// it needs as fields, pass it the context and the authority, and turn its result into the contract's body.{object}
pub struct {pascal};

impl Route for {pascal} {{
    type Permission = {permission};
    type Limit = {limit};

{handle}
{steps}        Ok(Box::pin(async {{ Ok(Response::no_content()) }}))
    }}
}}
",
        operation.method,
        operation.path,
        uses(imports),
        format_args!("`{}`", operation.permission)
    );
    let (from_edge, wiring) = if operation.is_read {
        (
            "Authorized, Handler",
            format!(
                "let base = Base::read(settings)?;
            let store = Arc::new(base.store()?);
            Ok(Box::new(Authorized::new({pascal}, store, base.read_limit()?)) as Box<dyn Handler>)"
            ),
        )
    } else {
        (
            "Authorized, Handler, Uncounted",
            format!(
                "let store = Arc::new(Base::read(settings)?.store()?);
            Ok(Box::new(Authorized::new({pascal}, store, Uncounted)) as Box<dyn Handler>)"
            ),
        )
    };
    let imports = uses(vec![
        format!("edge::{{{from_edge}}}"),
        format!("{}::{pascal}", names.snake()),
        "std::process::ExitCode".to_owned(),
        "std::sync::Arc".to_owned(),
        "wiring_core::Base".to_owned(),
    ]);
    let main = format!(
        "//! Wires `{name}` to AWS.

{imports}
fn main() -> ExitCode {{
    edge::http::run(\"{name}\", |settings| {{
        Box::pin(async move {{
            {wiring}
        }})
    }})
}}
",
        name = names.name
    );
    create(plan, names, &FOR_A_ROUTE, lib, main)
}

/// The signature of a route's function, in the form of rustfmt.
fn handle(request: &str, permission: &str) -> String {
    let arguments = ["&'a self", &format!("{request}: &'a Request"), &format!("_: Authority<{permission}>")];
    let answer = "-> RouteFuture<'a> {";
    let line = format!("    fn handle<'a>({}) {answer}", arguments.join(", "));
    if line.len() <= WIDEST {
        return line;
    }
    format!("    fn handle<'a>(\n        {},\n    ) {answer}", arguments.join(",\n        "))
}

/// Plans the crate behind a queue.
pub(super) fn write_queue(plan: &mut Plan<'_>, names: &Names, event_type: &str) -> Result<(), Error> {
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
pub(super) fn write_schedule(plan: &mut Plan<'_>, names: &Names, expression: &str) -> Result<(), Error> {
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

/// Plans the three files, and the package in the lock.
fn create(
    plan: &mut Plan<'_>,
    names: &Names,
    special: &[&str],
    lib: String,
    main: String,
) -> Result<(), Error> {
    let folder = names.folder();
    let use_cases = names.use_cases();
    let mut dependencies = [special, &FOR_EVERY_FUNCTION, &[use_cases.as_str()]].concat();
    dependencies.sort_unstable();
    plan.create(format!("{folder}/Cargo.toml"), manifest(&names.name, &dependencies))?;
    plan.edit("Cargo.lock", |lock| lock::add_package(lock, &names.name, &dependencies))?;
    plan.create(format!("{folder}/src/lib.rs"), lib)?;
    plan.create(format!("{folder}/src/main.rs"), main)
}

/// The manifest of a crate of the workspace.
pub(super) fn manifest(name: &str, dependencies: &[&str]) -> String {
    let linked: String =
        dependencies.iter().map(|dependency| format!("{dependency}.workspace = true\n")).collect();
    format!(
        "[package]
name = \"{name}\"
version.workspace = true
edition.workspace = true
rust-version.workspace = true
license.workspace = true
publish.workspace = true

[lints]
workspace = true

[dependencies]
{linked}"
    )
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

/// The imports, in rustfmt's order.
fn uses(mut paths: Vec<String>) -> String {
    paths.sort_by(|one, other| one.split("::").cmp(other.split("::")));
    paths.dedup();
    paths.iter().map(|path| format!("use {path};\n")).collect()
}
