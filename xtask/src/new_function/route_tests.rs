//! The new route among the handlers of `tests/api`, which calls every route with every role.

use super::lock;
use super::names::Names;
use super::plan::Plan;
use crate::error::Error;

/// The widest line that rustfmt leaves alone, in columns.
pub(super) const WIDEST: usize = 110;

/// Plans the handler and the dependency.
pub(super) fn write(plan: &mut Plan<'_>, names: &Names, is_read: bool) -> Result<(), Error> {
    let (name, context) = (&names.name, &names.context);
    plan.edit("tests/api/Cargo.toml", |manifest| {
        let neighbour = format!("path = \"../../functions/{context}/");
        let of_function = |line: &str| line.contains("path = \"../../functions/");
        let last = manifest
            .last_where(0, manifest.len(), |line| line.contains(&neighbour))
            .or_else(|| manifest.last_where(0, manifest.len(), of_function));
        let last = last.ok_or_else(|| manifest.missing("<function> = { path = \"../../functions/...\" }"))?;
        manifest.insert(last + 1, &format!("{name} = {{ path = \"../../functions/{context}/{name}\" }}"));
        Ok(())
    })?;
    plan.edit("Cargo.lock", |lock| lock::link_to_api_tests(lock, name))?;
    plan.edit("tests/api/src/routes.rs", |routes| {
        let start = routes.find(0, "    BTreeMap::from([")?;
        let end = routes.find(start, "    ])")?;
        let handler = if is_read { "counted_read" } else { "authorized" };
        let (key, value) = (
            format!("\"{}\"", names.camel()),
            format!("{handler}(parts, {}::{})", names.snake(), names.pascal()),
        );
        let line = format!("        ({key}, {value}),");
        let entry = if line.len() <= WIDEST {
            line
        } else {
            format!("        (\n            {key},\n            {value},\n        ),")
        };
        routes.insert(end, &entry);
        Ok(())
    })
}
