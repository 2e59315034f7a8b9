//! Turns text into HTML. All text of the contract goes through here, so that none of it can become markup.

use super::node::{Node, quote};

/// Text for element content and quoted attributes.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// One paragraph of text: `code` in backticks and **strong** in double asterisks, nothing else.
pub(crate) fn inline(text: &str) -> String {
    let mut out = String::new();
    for (index, part) in text.split('`').enumerate() {
        if index % 2 == 1 {
            out.push_str(&format!("<code>{}</code>", escape(part)));
            continue;
        }
        for (index, part) in part.split("**").enumerate() {
            if index % 2 == 1 {
                out.push_str(&format!("<strong>{}</strong>", escape(part)));
            } else {
                out.push_str(&escape(part));
            }
        }
    }
    out
}

/// Text of several paragraphs, separated by blank lines.
pub(crate) fn paragraphs(text: &str) -> String {
    text.split("\n\n")
        .filter(|part| !part.trim().is_empty())
        .map(|part| format!("<p>{}</p>", inline(part.trim())))
        .collect()
}

/// A value as indented JSON with its parts marked for colour.
pub(crate) fn json(node: &Node) -> String {
    let mut out = String::new();
    write_json(node, 0, &mut out);
    out
}

fn write_json(node: &Node, depth: usize, out: &mut String) {
    let inner = "  ".repeat(depth + 1);
    let outer = "  ".repeat(depth);
    match node {
        Node::Object(members) if !members.is_empty() => {
            out.push_str("{\n");
            for (index, (key, value)) in members.iter().enumerate() {
                out.push_str(&format!("{inner}<b>{}</b>: ", escape(&quote(key))));
                write_json(value, depth + 1, out);
                out.push_str(if index + 1 < members.len() { ",\n" } else { "\n" });
            }
            out.push_str(&format!("{outer}}}"));
        }
        Node::List(items) if !items.is_empty() => {
            out.push_str("[\n");
            for (index, item) in items.iter().enumerate() {
                out.push_str(&inner);
                write_json(item, depth + 1, out);
                out.push_str(if index + 1 < items.len() { ",\n" } else { "\n" });
            }
            out.push_str(&format!("{outer}]"));
        }
        Node::Text(text) => out.push_str(&format!("<i>{}</i>", escape(&quote(text)))),
        other => out.push_str(&format!("<u>{}</u>", escape(&other.compact()))),
    }
}

#[cfg(test)]
mod tests {
    use super::{inline, json, paragraphs};
    use crate::page::node::Node;

    #[test]
    fn nothing_becomes_markup() {
        assert_eq!(
            inline("<b> & `a<b>` **\"c'**"),
            "&lt;b&gt; &amp; <code>a&lt;b&gt;</code> <strong>&quot;c&#39;</strong>"
        );
        assert_eq!(paragraphs("a\n\n<script>\n"), "<p>a</p><p>&lt;script&gt;</p>");
        let node: Node = serde_json::from_str(r#"{"<k>": ["</pre>", 1, {}]}"#).unwrap();
        assert_eq!(
            json(&node),
            "{\n  <b>&quot;&lt;k&gt;&quot;</b>: [\n    <i>&quot;&lt;/pre&gt;&quot;</i>,\n    <u>1</u>,\n    <u>{}</u>\n  ]\n}"
        );
    }
}
