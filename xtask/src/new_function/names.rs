//! The names of a new function, in the spellings that the tree uses. A name that another part of the tree has is
//! refused before anything is written.

use crate::error::{Error, at};
use std::fs;
use std::path::Path;

/// The most characters of a name: with `sextant-production-` before it and `-dead-letters` after it, it must still be a
/// valid name of a function (64) and of a queue (80).
const LONGEST: usize = 40;

/// The most letters of a context.
const LONGEST_CONTEXT: usize = 20;

/// Types that the generated code imports, so that no handler may have these names.
const IMPORTED: [&str; 7] =
    ["BoxFuture", "EventHandler", "EventMessage", "ExitCode", "JobError", "ScheduleHandler", "UseAccount"];

/// A function's context and name.
#[derive(Debug)]
pub(super) struct Names {
    /// The context, such as `sales`.
    pub(super) context: String,
    /// The name, such as `score-lead`.
    pub(super) name: String,
}

impl Names {
    /// Checks the names: the context must exist, or must not exist for a new one, and the name must be free.
    pub(super) fn check(root: &Path, context: &str, name: &str, new_context: bool) -> Result<Self, Error> {
        let contexts = contexts(root)?;
        let known = contexts.iter().any(|known| known == context);
        if known && new_context {
            return wrong(format!("there is a context {context}; leave --new-context out"));
        }
        if !known && !new_context {
            return wrong(format!(
                "there is no context {context}; name one of {}, or make it with --new-context '<its subject>'",
                contexts.join(", ")
            ));
        }
        let taken = root.join(format!("infra/{context}.yaml")).exists()
            || root.join("functions").join(context).exists()
            || root.join("shared/application").join(context).exists();
        if !known
            && (taken || !context.chars().all(|c| c.is_ascii_lowercase()) || context.len() > LONGEST_CONTEXT)
        {
            return wrong(format!(
                "{context} can't be a new context; write one new word of at most {LONGEST_CONTEXT} lower-case letters"
            ));
        }
        check_spelling(name)?;
        let names = Self { context: context.to_owned(), name: name.to_owned() };
        if IMPORTED.contains(&names.pascal().as_str()) {
            return wrong(format!(
                "{name} would be the type {}, which the code imports; choose another name",
                names.pascal()
            ));
        }
        for context in &contexts {
            let folder = format!("functions/{context}/{name}");
            if root.join(&folder).exists() {
                return wrong(format!(
                    "{folder} exists; choose another name, or remove the function everywhere first"
                ));
            }
        }
        let lock = fs::read_to_string(root.join("Cargo.lock")).map_err(at("Cargo.lock"))?;
        let is_taken = |line: &str| {
            let other = line.strip_prefix("name = \"").and_then(|rest| rest.strip_suffix('"'));
            // For the compiler, hyphens and underscores are the same.
            other.is_some_and(|other| other.replace('-', "_") == names.snake())
        };
        if lock.lines().any(is_taken) {
            return wrong(format!("a crate is called {name} (see Cargo.lock); choose another name"));
        }
        Ok(names)
    }

    /// `functions/sales/score-lead`.
    pub(super) fn folder(&self) -> String {
        format!("functions/{}/{}", self.context, self.name)
    }

    /// `application-sales`: the crate of the context's use cases.
    pub(super) fn use_cases(&self) -> String {
        format!("application-{}", self.context)
    }

    /// `ScoreLead`.
    pub(super) fn pascal(&self) -> String {
        self.name.split('-').map(capitalized).collect()
    }

    /// `scoreLead`.
    pub(super) fn camel(&self) -> String {
        let mut words = self.name.split('-');
        let first = words.next().unwrap_or_default().to_owned();
        first + &words.map(capitalized).collect::<String>()
    }

    /// `score_lead`.
    pub(super) fn snake(&self) -> String {
        self.name.replace('-', "_")
    }

    /// `Score lead`.
    pub(super) fn title(&self) -> String {
        capitalized(&self.name.replace('-', " "))
    }

    /// `Sales`.
    pub(super) fn stack(&self) -> String {
        capitalized(&self.context)
    }
}

/// The contexts: folders under `functions` that have a stack.
fn contexts(root: &Path) -> Result<Vec<String>, Error> {
    let folder = root.join("functions");
    let mut found = Vec::new();
    for entry in fs::read_dir(&folder).map_err(at(&folder))? {
        let name = entry.map_err(at(&folder))?.file_name().to_string_lossy().into_owned();
        if root.join(format!("infra/{name}.yaml")).is_file() {
            found.push(name);
        }
    }
    found.sort();
    Ok(found)
}

fn check_spelling(name: &str) -> Result<(), Error> {
    let words: Vec<&str> = name.split('-').collect();
    // Each word starts with a letter, because scoreLead must lead back to score-lead.
    let right = |word: &&str| {
        word.starts_with(|c: char| c.is_ascii_lowercase())
            && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    if words.len() < 2 || !words.iter().all(right) {
        return wrong(format!(
            "{name} is not a valid name of a function; write a verb and its object in lower case with hyphens, such as \
             export-leads"
        ));
    }
    if name.len() > LONGEST {
        return wrong(format!("{name} has {} characters; use at most {LONGEST}", name.len()));
    }
    Ok(())
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// An error that says what is wrong and how to mend it.
pub(super) fn wrong<T>(message: String) -> Result<T, Error> {
    Err(Error::Content(message))
}
