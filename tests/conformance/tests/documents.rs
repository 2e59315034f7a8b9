//! The documents: README and ARCHITECTURE stay short enough to be read, links lead somewhere, and a path or an error code that
//! a document names exists.

use crate::tree::{names, read, root};
use edge::problem::Kind;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The most words of a document.
const LONGEST: [(&str, usize); 2] = [("README.md", 700), ("ARCHITECTURE.md", 3500)];

/// Folders whose files documents name by their path from the root.
const FOLDERS: [&str; 8] =
    ["docs/", "events/", "functions/", "infra/", "local/", "shared/", "tests/", "xtask/"];

#[test]
fn readme_and_architecture_are_short() {
    for (document, most) in LONGEST {
        let words = read(document).split_whitespace().count();
        assert!(words <= most, "{document} has {words} words; move some of them to a page in docs/ ({most})");
    }
}

#[test]
fn links_lead_to_a_file_and_a_heading() {
    let broken: Vec<String> = documents()
        .iter()
        .flat_map(|document| {
            let text = read(document);
            links(&text)
                .into_iter()
                .filter(|link| !resolves(document, link))
                .map(move |link| format!("{document}: {link}"))
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(broken.is_empty(), "links that lead nowhere: {broken:#?}");
}

#[test]
fn paths_that_documents_name_exist() {
    let missing: Vec<String> = documents()
        .iter()
        // A changelog and a decision record may name files that are gone.
        .filter(|document| *document != "CHANGELOG.md" && !document.starts_with("docs/adr/"))
        .flat_map(|document| {
            let text = read(document);
            let gone: Vec<String> =
                paths(&text).into_iter().filter(|path| !root().join(path).exists()).collect();
            gone.into_iter().map(move |path| format!("{document}: {path}"))
        })
        .collect();
    assert!(missing.is_empty(), "paths that are not there: {missing:#?}");
}

#[test]
fn every_error_code_is_explained() {
    let page = read("docs/errors.md");
    for kind in Kind::ALL {
        let row = format!("| {} | `{}` | {} |", kind.status, kind.code, kind.title);
        assert!(page.contains(&row), "docs/errors.md has no row that begins with {row}");
    }
}

/// The documents of the project, by their paths from the root.
fn documents() -> Vec<String> {
    let mut documents = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        for name in names(if folder.is_empty() { "." } else { &folder }) {
            let path = format!("{folder}{name}");
            // Files that tools make are not documents of the project.
            let made = name.starts_with('.') || name == "target" || name == "node_modules";
            if root().join(&path).is_dir() && !made {
                folders.push(path + "/");
            } else if name.ends_with(".md") {
                documents.push(path);
            }
        }
    }
    assert!(documents.len() > 20, "the documents moved: {documents:?}");
    documents
}

/// The targets of a document's links, except for links to other places than the repository.
fn links(text: &str) -> Vec<String> {
    let text = without_code(text);
    let ends = text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    ends.map(|(link, _)| link.to_owned()).filter(|link| !link.contains("://")).collect()
}

/// Whether a link of this document leads to an existing file, and to an existing heading if it names one.
fn resolves(document: &str, link: &str) -> bool {
    let (file, heading) = link.split_once('#').map_or((link, None), |(file, heading)| (file, Some(heading)));
    let target: PathBuf = match file {
        "" => PathBuf::from(document),
        file => Path::new(document).parent().unwrap().join(file),
    };
    let Some(heading) = heading else { return root().join(target).exists() };
    let path = root().join(target);
    let Ok(text) = std::fs::read_to_string(path) else { return false };
    anchors(&text).contains(heading)
}

/// The anchors of a document's headings, as GitHub makes them.
fn anchors(text: &str) -> BTreeSet<String> {
    let text = without_blocks(text);
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            let title = line.trim_start_matches('#').trim().to_lowercase();
            let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
        .collect()
}

/// The paths of the repository in code spans, except for patterns with an open part.
fn paths(text: &str) -> Vec<String> {
    let text = without_blocks(text);
    let spans = text.split('`').skip(1).step_by(2);
    spans
        .filter(|span| FOLDERS.iter().any(|folder| span.starts_with(folder)))
        .filter(|span| !span.contains(['<', '*', '{', ' ', '…']))
        .map(str::to_owned)
        .collect()
}

/// The text without fenced blocks.
fn without_blocks(text: &str) -> String {
    text.split("```").step_by(2).collect()
}

/// The text without fenced blocks and code spans.
fn without_code(text: &str) -> String {
    without_blocks(text).split('`').step_by(2).collect()
}

#[test]
fn anchors_are_made_as_github_makes_them() {
    let expected = BTreeSet::from(["an-organizations-own-terms".to_owned(), "birds-eye-view".to_owned()]);
    assert_eq!(
        anchors("# An organization's own terms\n\n```sh\n# a comment\n```\n## Bird's-eye view\n"),
        expected
    );
}
