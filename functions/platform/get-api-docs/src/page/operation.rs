//! An operation: who may call it, its parameters and body, and its answers.

use super::html::{escape, inline, json, paragraphs};
use super::node::Node;
use super::schema;

/// An operation of the contract and its place.
pub(crate) struct Operation<'a> {
    /// Path template.
    pub(crate) path: &'a str,
    /// HTTP method in lower case.
    pub(crate) method: &'a str,
    /// The operation itself.
    pub(crate) node: &'a Node,
    /// Parameters of the path and of the operation, resolved.
    parameters: Vec<&'a Node>,
}

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// Every operation in the order of the document.
pub(crate) fn all(root: &Node) -> Vec<Operation<'_>> {
    let mut operations = Vec::new();
    for (path, item) in root.get("paths").map(Node::members).unwrap_or_default() {
        let shared = item.get("parameters").map(Node::items).unwrap_or_default();
        for (method, node) in item.members().iter().filter(|(method, _)| METHODS.contains(&method.as_str())) {
            let own = node.get("parameters").map(Node::items).unwrap_or_default();
            let parameters = shared.iter().chain(own).map(|parameter| parameter.resolve(root)).collect();
            operations.push(Operation { path, method, node, parameters });
        }
    }
    operations
}

impl Operation<'_> {
    /// Its id, which is also its anchor.
    pub(crate) fn id(&self) -> &str {
        self.node.text_of("operationId")
    }

    /// Its first tag.
    pub(crate) fn tag(&self) -> &str {
        let tags = self.node.get("tags").map(Node::items).unwrap_or_default();
        tags.first().and_then(Node::text).unwrap_or_default()
    }

    /// Its line in the table of contents.
    pub(crate) fn entry(&self) -> String {
        format!(
            "<li><a href=\"#{}\">{}<span>{}</span></a></li>",
            escape(self.id()),
            self.badge(),
            escape(self.node.text_of("summary"))
        )
    }

    /// Its article.
    pub(crate) fn article(&self, root: &Node) -> String {
        format!(
            "<article id=\"{id}\" aria-labelledby=\"{id}-title\"><div class=\"text\"><h3 id=\"{id}-title\">\
             <a href=\"#{id}\">{summary}</a></h3><p class=\"route\">{badge}<code>{path}</code></p>{who}{description}\
             {parameters}{body}{responses}</div><div class=\"samples\">{curl}{answer}</div></article>",
            id = escape(self.id()),
            summary = escape(self.node.text_of("summary")),
            badge = self.badge(),
            path = escape(self.path),
            who = self.who(),
            description = paragraphs(self.node.text_of("description")),
            parameters = self.parameters(),
            body = self.body(root),
            responses = self.responses(root),
            curl = self.curl(root),
            answer = self.answer(root),
        )
    }

    fn badge(&self) -> String {
        format!(
            "<span class=\"method {}\">{}</span>",
            escape(self.method),
            escape(&self.method.to_uppercase())
        )
    }

    fn who(&self) -> String {
        let roles = self.node.get("x-sextant-roles");
        let own = self.node.get("x-sextant-own").map(Node::items).unwrap_or_default();
        let chips: String = match roles {
            Some(Node::List(roles)) => roles
                .iter()
                .map(|role| {
                    let reach = if own.contains(role) { " <small>own only</small>" } else { "" };
                    format!("<li>{}{reach}</li>", escape(&role.scalar().replace('_', " ")))
                })
                .collect(),
            _ => "<li class=\"public\">public</li>".to_owned(),
        };
        format!("<ul class=\"who\" aria-label=\"Who may call it\">{chips}</ul>")
    }

    fn parameters(&self) -> String {
        if self.parameters.is_empty() {
            return String::new();
        }
        let mut rows = String::new();
        for parameter in &self.parameters {
            let must = matches!(parameter.get("required"), Some(Node::Bool(true)));
            rows.push_str(&format!(
                "<tr><td><code>{}</code>{}<small>{}</small></td><td>{}</td><td>{}</td></tr>",
                escape(parameter.text_of("name")),
                if must { "<span class=\"must\">required</span>" } else { "" },
                escape(parameter.text_of("in")),
                parameter.get("schema").map(schema::kind).unwrap_or_default(),
                inline(parameter.text_of("description").trim())
            ));
        }
        format!(
            "<h4>Parameters</h4><div class=\"table\" tabindex=\"0\" role=\"group\" aria-label=\"Parameters\"><table>\
             <thead><tr><th>Name</th><th>Type</th><th>Meaning</th></tr></thead><tbody>{rows}</tbody></table></div>"
        )
    }

    fn body(&self, root: &Node) -> String {
        let Some(schema) = self.request().and_then(|content| content.get("schema")) else {
            return String::new();
        };
        let name = schema::reference(schema)
            .map(|name| format!(" <a class=\"of\" href=\"#schema-{0}\">{0}</a>", escape(name)))
            .unwrap_or_default();
        format!("<h4>Body{name}</h4>{}", schema::fields(schema.resolve(root)))
    }

    fn request(&self) -> Option<&Node> {
        self.node.get("requestBody")?.get("content")?.get("application/json")
    }

    fn responses(&self, root: &Node) -> String {
        let mut rows = String::new();
        for (status, response) in self.node.get("responses").map(Node::members).unwrap_or_default() {
            let response = response.resolve(root);
            let of = response
                .get("content")
                .and_then(|content| content.members().first())
                .and_then(|(_, media)| media.get("schema"))
                .map(|schema| format!("<dt>Body</dt><dd>{}</dd>", schema::kind(schema)))
                .unwrap_or_default();
            let headers: String = response
                .get("headers")
                .map(Node::members)
                .unwrap_or_default()
                .iter()
                .map(|(name, header)| {
                    let about = header.resolve(root).text_of("description");
                    format!("<dt><code>{}</code></dt><dd>{}</dd>", escape(name), inline(about))
                })
                .collect();
            let class = status.get(..1).unwrap_or_default();
            let head = format!(
                "<span class=\"status s{}\">{}</span><span class=\"about\">{}</span>",
                escape(class),
                escape(status),
                inline(response.text_of("description").trim())
            );
            rows.push_str(&format!("<details><summary>{head}</summary><dl>{of}{headers}</dl></details>"));
        }
        format!("<h4>Answers</h4><div class=\"answers\">{rows}</div>")
    }

    fn curl(&self, root: &Node) -> String {
        let mut path = self.path.to_owned();
        let mut lines = Vec::new();
        for parameter in &self.parameters {
            let name = parameter.text_of("name");
            let example = parameter.get("example").map(Node::scalar).unwrap_or_default();
            match parameter.text_of("in") {
                "path" => path = path.replace(&format!("{{{name}}}"), &example),
                "header" => lines.push(format!("-H {}", shell_quote(&format!("{name}: {example}")))),
                _ => {}
            }
        }
        let mut command = vec![match self.method {
            "get" => format!("curl \"$BASE_URL{path}\""),
            method => format!("curl -X {} \"$BASE_URL{path}\"", method.to_uppercase()),
        }];
        if !self.node.get("security").map(Node::items).unwrap_or_default().is_empty() {
            command.push("-H \"Authorization: Bearer $ACCESS_TOKEN\"".to_owned());
        }
        command.append(&mut lines);
        if let Some(example) = self.request().and_then(|content| first_example(content, root)) {
            command.push("-H 'Content-Type: application/json'".to_owned());
            command.push(format!("-d {}", shell_quote(&example.compact())));
        }
        sample("Request", &escape(&command.join(" \\\n  ")))
    }

    fn answer(&self, root: &Node) -> String {
        let responses = self.node.get("responses").map(Node::members).unwrap_or_default();
        let Some((status, response)) = responses.iter().find(|(status, _)| status.starts_with('2')) else {
            return String::new();
        };
        let content =
            response.resolve(root).get("content").and_then(|content| content.get("application/json"));
        let examples =
            content.and_then(|content| content.get("examples")).map(Node::members).unwrap_or_default();
        examples
            .iter()
            .filter_map(|(_, example)| {
                let example = example.resolve(root);
                let title = format!("{status} {}", example.text_of("summary"));
                Some(sample(&title, &json(example.get("value")?)))
            })
            .collect()
    }
}

fn sample(title: &str, code: &str) -> String {
    format!(
        "<figure><figcaption>{0}</figcaption><pre tabindex=\"0\" role=\"group\" aria-label=\"{0}\"><code>{code}</code></pre></figure>",
        escape(title)
    )
}

fn first_example<'a>(content: &'a Node, root: &'a Node) -> Option<&'a Node> {
    let (_, example) = content.get("examples")?.members().first()?;
    example.resolve(root).get("value")
}

/// A word for a POSIX shell, with any characters in it.
fn shell_quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn quotes_end_no_word() {
        assert_eq!(super::shell_quote("it's"), r"'it'\''s'");
    }
}
