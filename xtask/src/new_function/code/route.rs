//! The crate behind a route.

use super::{create, uses};
use crate::error::Error;
use crate::new_function::contract::Operation;
use crate::new_function::names::Names;
use crate::new_function::plan::Plan;
use crate::new_function::route_tests::WIDEST;

/// The further dependencies of the crate of a route.
const FOR_A_ROUTE: [&str; 1] = ["wiring-core"];
/// The precondition of a write to an entity without a version. A use case compares it with the version that it changes.
const UNVERSIONED: &str = "        request.precondition()?.check(CurrentVersion::Unversioned)?;\n";
/// The checks of a list's query parameters.
const LIST_PARAMETERS: &str = "        let mut parameters = request.list_parameters(&[]);
        parameters.whole_number(\"limit\", 1..=100);
        // The generated list has no pages yet, so no cursor can be valid.
        if parameters.text(\"cursor\").is_some() {
            return Err(Problem::invalid_cursor());
        }
        parameters.finish()?;
";

/// Plans the crate behind a route.
pub(in crate::new_function) fn write_http(
    plan: &mut Plan<'_>,
    names: &Names,
    operation: &Operation,
) -> Result<(), Error> {
    let checks = request_checks(names, operation);
    create(plan, names, &FOR_A_ROUTE, route_lib(names, operation, checks), route_main(names, operation))
}

/// The checks of a request that the contract asks for.
#[derive(Default)]
struct RequestChecks {
    /// The statements.
    steps: String,
    /// The paths that they need.
    imports: Vec<String>,
    /// The names of the `edge` crate that they need.
    from_edge: Vec<&'static str>,
}

fn request_checks(names: &Names, operation: &Operation) -> RequestChecks {
    let mut checks = RequestChecks::default();
    let RequestChecks { steps, imports, from_edge } = &mut checks;
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
            steps.push_str(LIST_PARAMETERS);
        }
        _ => {}
    }
    checks
}

/// The library: the route and its function.
fn route_lib(names: &Names, operation: &Operation, checks: RequestChecks) -> String {
    let (pascal, permission) = (names.pascal(), operation.permission_type);
    let limit = if operation.is_read { "ReadLimit" } else { "Uncounted" };
    let RequestChecks { steps, mut imports, mut from_edge } = checks;
    imports.push(format!("domain::authority::{{Authority, {permission}}}"));
    from_edge.extend(["Request", "Response", "Route", "RouteFuture", limit]);
    from_edge.sort_unstable();
    imports.push(format!("edge::{{{}}}", from_edge.join(", ")));
    let object = if operation.names_an_object() {
        "\n///\n/// It looks for nothing, so it finds whatever the path names: what is not there, or not the caller's, must be 404."
    } else {
        ""
    };
    let request = if steps.is_empty() { "_" } else { "request" };
    let handle = handle(request, permission);
    format!(
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
    )
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

/// The binary, which wires the route.
fn route_main(names: &Names, operation: &Operation) -> String {
    let pascal = names.pascal();
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
    format!(
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
    )
}
