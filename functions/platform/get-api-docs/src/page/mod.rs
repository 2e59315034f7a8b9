//! Renders the contract as one HTML page without scripts and requests. The build script runs it, so that the function
//! contains only the result.

mod html;
mod node;
mod operation;
mod schema;

use html::{escape, inline, paragraphs};
use node::Node;
use operation::Operation;

const STYLE: &str = include_str!("style.css");

/// The page for an OpenAPI 3.0 document in JSON.
///
/// # Errors
/// When the document is not JSON.
pub(crate) fn render(openapi_json: &str) -> Result<String, serde_json::Error> {
    let root: Node = serde_json::from_str(openapi_json)?;
    let operations = operation::all(&root);
    let tags = root.get("tags").map(Node::items).unwrap_or_default();
    let info = root.get("info").unwrap_or(&Node::Null);
    let contents = contents(tags, &operations);
    let sections: String = tags.iter().map(|tag| section(tag, &operations, &root)).collect();
    let schemas: String = root
        .get("components")
        .and_then(|components| components.get("schemas"))
        .map(Node::members)
        .unwrap_or_default()
        .iter()
        .map(|(name, schema)| schema::section(name, schema))
        .collect();
    Ok(format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{title}</title>\
         <style>{STYLE}</style></head><body><a class=\"skip\" href=\"#main\">Skip to content</a>\
         <header><p class=\"brand\">{title} <small>{version}</small></p>\
         <p><a href=\"v1/openapi.json\">OpenAPI document</a></p></header>\
         <div class=\"layout\"><nav aria-label=\"Contents\">{contents}</nav>\
         <details class=\"contents\"><summary>Contents</summary>{contents}</details>\
         <main id=\"main\"><section class=\"overview\" id=\"overview\"><h1>{title}</h1>{description}</section>{sections}\
         <section id=\"schemas\"><h2>Schemas</h2>{schemas}</section></main></div></body></html>\n",
        title = escape(info.text_of("title")),
        version = escape(info.text_of("version")),
        description = paragraphs(info.text_of("description")),
    ))
}

fn contents(tags: &[Node], operations: &[Operation<'_>]) -> String {
    let mut out = "<ul><li><a href=\"#overview\">Overview</a></li></ul>".to_owned();
    for tag in tags.iter().map(|tag| tag.text_of("name")) {
        let entries: String =
            operations.iter().filter(|operation| operation.tag() == tag).map(Operation::entry).collect();
        out.push_str(&format!("<h2><a href=\"#tag-{0}\">{0}</a></h2><ul>{entries}</ul>", escape(tag)));
    }
    out + "<ul><li><a href=\"#schemas\">Schemas</a></li></ul>"
}

fn section(tag: &Node, operations: &[Operation<'_>], root: &Node) -> String {
    let name = tag.text_of("name");
    let articles: String = operations
        .iter()
        .filter(|operation| operation.tag() == name)
        .map(|operation| operation.article(root))
        .collect();
    format!(
        "<section id=\"tag-{0}\"><h2>{0}</h2><p>{1}</p>{articles}</section>",
        escape(name),
        inline(tag.text_of("description"))
    )
}

#[cfg(test)]
mod tests {
    use super::render;

    const HOSTILE: &str = r##"{
        "info": {"title": "<script>t</script>", "version": "\"1\"", "description": "<img src=x>"},
        "tags": [{"name": "a\"><b>", "description": "<i>"}],
        "paths": {"/<p>": {"get": {
            "operationId": "\" onload=\"x", "tags": ["a\"><b>"], "summary": "</a>", "description": "<u>", "security": [],
            "parameters": [{"name": "<n>", "in": "header", "description": "<d>", "example": "'$(rm)", "schema": {"enum": ["<e>"]}}],
            "responses": {"2<0": {"description": "<r>", "headers": {"<h>": {"description": "<hd>"}},
                "content": {"application/json": {"examples": {"e": {"summary": "<s>", "value": {"<k>": "</code>"}}}}}}}}}},
        "components": {"schemas": {"<S>": {"properties": {"<f>": {"type": "<t>", "description": "<fd>"}}}}}
    }"##;

    #[test]
    fn nothing_of_the_document_becomes_markup() {
        let page = render(HOSTILE).unwrap();
        for raw in [
            "<script",
            "<img",
            "\"><b>",
            "\" onload",
            "<p>\"",
            "</a></a>",
            "<n>",
            "<d>",
            "<e>",
            "<r>",
            "<h>",
            "<hd>",
            "<s>",
            "<k>",
            "</code></i>",
            "<S>",
            "<f>",
            "<t>",
            "<fd>",
        ] {
            assert!(!page.contains(raw), "{raw}");
        }
        assert!(page.contains("&lt;script&gt;t&lt;/script&gt;"));
        // The shell must not interpret the value either.
        assert!(
            page.contains(
                &"'<n>: '\\''$(rm)'".replace('<', "&lt;").replace('>', "&gt;").replace('\'', "&#39;")
            )
        );
    }

    #[test]
    fn shows_roles_reach_and_links() {
        let page = render(
            r##"{"info": {"title": "T"}, "tags": [{"name": "sales"}],
                "paths": {"/v1/leads/{id}": {"parameters": [{"name": "id", "in": "path", "example": "lead_1", "schema": {}}],
                    "put": {"operationId": "updateLead", "tags": ["sales"], "security": [{"session": []}],
                        "x-sextant-roles": ["sales_rep", "admin"], "x-sextant-own": ["sales_rep"],
                        "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/R"},
                            "examples": {"e": {"value": {"b": 1, "a": "x"}}}}}},
                        "responses": {}}}},
                "components": {"schemas": {"R": {"properties": {"b": {"type": "integer", "minimum": 1}}, "required": ["b"]}}}}"##,
        )
        .unwrap();
        assert!(page.contains("<li>sales rep <small>own only</small></li><li>admin</li>"));
        assert!(page.contains("href=\"#schema-R\""));
        assert!(page.contains("curl -X PUT &quot;$BASE_URL/v1/leads/lead_1&quot;"));
        assert!(page.contains("-d &#39;{&quot;b&quot;: 1, &quot;a&quot;: &quot;x&quot;}&#39;"));
        assert!(page.contains("<span class=\"bound\">at least 1</span>"));
    }

    #[test]
    fn refuses_what_is_not_json() {
        assert!(render("{").is_err());
    }
}
