//! Functions in namespaces, which are groups of tools with a name. No provider but OpenAI has them, so a model gets each
//! function with the namespace in front of its name, and callers get calls with the two names apart.

use contracts::openai::responses::ResponseTool;
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashMap;

/// The kind of a tool that is a namespace.
pub(crate) const NAMESPACE: &str = "namespace";
/// Stands between the two names; programs that know functions alone join them by it, too.
const SEPARATOR: &str = "__";

/// The functions in namespaces, each by the name that models know.
#[derive(Clone, Default)]
pub(crate) struct Namespaces(HashMap<String, NamespacedName>);

/// The names of a function in a namespace.
#[derive(Clone)]
struct NamespacedName {
    namespace: String,
    name: String,
}

impl Namespaces {
    /// The tools of a namespace with the names that models know, or `None` if it has no name or no list of tools. The
    /// first of those that are offered has the namespace's text; `allowed` names them, and is `None` for all.
    pub(crate) fn open(
        &mut self,
        tool: ResponseTool,
        allowed: Option<&[String]>,
    ) -> Option<Vec<ResponseTool>> {
        let namespace = tool.name?;
        let mut tools = Vec::<ResponseTool>::deserialize(tool.rest.get("tools")?).ok()?;
        for inner in &mut tools {
            let Some(name) = inner.name.take() else { continue };
            let joined = model_name(Some(&namespace), &name);
            self.0.insert(joined.clone(), NamespacedName { namespace: namespace.clone(), name });
            inner.name = Some(joined);
        }
        // The model reads it once, and not with each function.
        let is_offered = |inner: &&mut ResponseTool| {
            allowed.is_none_or(|allowed| inner.name.as_ref().is_some_and(|name| allowed.contains(name)))
        };
        let first = tools.iter_mut().find(is_offered);
        if let (Some(first), Some(text)) = (first, tool.description.filter(|text| !text.is_empty())) {
            let own = first.description.take().map(|own| format!("\n\n{own}")).unwrap_or_default();
            first.description = Some(format!("All functions named {namespace}{SEPARATOR}…: {text}{own}"));
        }
        Some(tools)
    }

    /// The namespace and the name of a called function.
    pub(crate) fn caller_names(&self, called: String) -> (Option<String>, String) {
        match self.0.get(&called) {
            Some(NamespacedName { namespace, name }) => (Some(namespace.clone()), name.clone()),
            None => (None, called),
        }
    }
}

/// The name that models know.
pub(crate) fn model_name(namespace: Option<&str>, name: &str) -> String {
    namespace.map_or_else(|| name.to_owned(), |namespace| format!("{namespace}{SEPARATOR}{name}"))
}

/// The namespace of a call in a history.
pub(crate) fn namespace_of(member: Option<&Value>) -> Option<&str> {
    member.and_then(Value::as_str).filter(|namespace| !namespace.is_empty())
}
