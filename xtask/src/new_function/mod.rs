//! `cargo xtask new-function`: a new function with everything that must be in step with it, ready to be filled in. It
//! inserts text beside similar text, so that comments and order stay. It must never leave half of its work behind.

mod code;
mod context;
mod contract;
mod lock;
mod messaging;
mod names;
mod openapi;
mod plan;
mod route_tests;
mod sample;
mod schemas;
mod stack;
#[cfg(test)]
mod tests;
mod text;
mod trigger;

use crate::Outcome;
use crate::environment::root;
use crate::error::Error;
use crate::say::{detail, heading};
use clap::Args;
use names::Names;
use plan::Plan;
use std::path::Path;
use trigger::Trigger;

const EXAMPLES: &str = "\
Triggers:
  http:<METHOD>:<path>        a route; GET, POST, PUT, PATCH or DELETE, and a path below /v1/
  queue:<event-type>          an event of the bus, through a queue of its own; it has a schema in events/schemas
  schedule:<expression>       the clock; rate(...) or cron(...) as EventBridge takes them, in UTC

Examples:
  cargo xtask new-function sales export-leads http:GET:/v1/leads/export
  cargo xtask new-function sales add-lead-note 'http:POST:/v1/leads/{id}/notes'
  cargo xtask new-function notifications welcome-account queue:account_registered
  cargo xtask new-function platform prune-sessions 'schedule:rate(1 hour)'
  cargo xtask new-function platform report-usage 'schedule:cron(0 6 ? * MON *)'
  cargo xtask new-function webhooks create-webhook http:POST:/v1/webhooks \\
    --new-context 'Requests to systems of customers when something happens'";

/// Options of `new-function`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct NewFunctionOptions {
    /// The context it belongs to: a folder under functions/, such as sales.
    context: String,
    /// Its name: a verb and what it acts on, such as export-leads.
    name: String,
    /// What starts it: http:<METHOD>:<path>, queue:<event-type> or schedule:<expression>.
    trigger: String,
    /// Make the context, which must not exist yet; the value describes it in one sentence.
    #[arg(long, value_name = "DESCRIPTION")]
    new_context: Option<String>,
}

/// Writes a new function.
pub(crate) fn new_function(options: &NewFunctionOptions) -> Outcome {
    let written = generate(&root(), options)?;
    heading(&format!("{} is there:", options.name));
    for file in &written.files {
        detail(file);
    }
    heading("Next:");
    for (number, step) in written.next.iter().enumerate() {
        detail(format!("{}. {step}", number + 1));
    }
    Ok(())
}

/// The result of a run.
#[derive(Debug)]
struct Written {
    /// Paths below the root, with `new` or `changed` before them.
    files: Vec<String>,
    /// The steps that are left for people.
    next: Vec<String>,
}

/// Writes a new function into the tree at `root`: everything, or nothing when anything is wrong.
fn generate(root: &Path, options: &NewFunctionOptions) -> Result<Written, Error> {
    let names = Names::check(root, &options.context, &options.name, options.new_context.is_some())?;
    let trigger = Trigger::parse(&options.trigger)?;
    let mut plan = Plan::new(root);
    if let Some(description) = &options.new_context {
        context::write(&mut plan, &names, description)?;
    }
    let next = match &trigger {
        Trigger::Http(route) => {
            let operation = contract::write(&mut plan, &names, route)?;
            code::write_http(&mut plan, &names, &operation)?;
            sample::write_request(&mut plan, &names, &operation)?;
            route_tests::write(&mut plan, &names, operation.is_read)?;
            next_for_route(&names, &operation)
        }
        Trigger::Queue(event_type) => {
            let schema = schemas::newest(root, event_type)?;
            code::write_queue(&mut plan, &names, event_type)?;
            messaging::write(&mut plan, &names, event_type)?;
            sample::write_message(&mut plan, &names, &schema)?;
            next_for_job(&names)
        }
        Trigger::Schedule(expression) => {
            code::write_schedule(&mut plan, &names, expression)?;
            sample::write_tick(&mut plan, &names)?;
            next_for_job(&names)
        }
    };
    stack::write(&mut plan, &names, &trigger)?;
    Ok(Written { files: plan.write()?, next })
}

fn next_for_route(names: &Names, operation: &contract::Operation) -> Vec<String> {
    let mut next = vec![
        format!(
            "{}/src/lib.rs asks for {} and answers 204: answer what the caller wants, through a use case of \
             shared/application/{}.",
            names.folder(),
            operation.permission,
            names.context
        ),
        format!(
            "infra/openapi.yaml, {}: describe it, write the bodies as schemas with examples, and list the real answers; \
             their types go to shared/contracts.",
            names.camel()
        ),
    ];
    if operation.names_an_object() {
        next.push(
            "An id that does not exist, or that the caller may not know of, must be answered 404. The api tests fail until it is."
                .to_owned(),
        );
    }
    next.extend(in_common(names));
    next.push(
        "tests/api/src/routes.rs: pass the handler its ports; the tests call the route with every role."
            .to_owned(),
    );
    next.push("make test".to_owned());
    next
}

fn next_for_job(names: &Names) -> Vec<String> {
    let mut next = vec![format!(
        "{}/src/lib.rs accepts what it is given and does nothing with it: call a use case of shared/application/{}. It \
         may come twice.",
        names.folder(),
        names.context
    )];
    next.extend(in_common(names));
    next.push("tests/api: test its effect, and that a second delivery changes nothing.".to_owned());
    next.push("make test".to_owned());
    next
}

fn in_common(names: &Names) -> Vec<String> {
    vec![
        format!(
            "{}/src/main.rs: build the adapters that the use case needs; what three functions of the context build alike \
             is a function of shared/wiring/{}.",
            names.folder(),
            names.context
        ),
        format!(
            "infra/{}.yaml, {1}Function and {1}Role: the variables and the actions that it needs, and no others.",
            names.context,
            names.pascal()
        ),
        format!("events/{}/{}.json: replace the sample by a real event.", names.context, names.name),
    ]
}
