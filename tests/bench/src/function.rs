//! A function in its deployed form: its binary, and the variables of its stack.

use serde_yaml_ng::Value as Yaml;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use xtask::environment::{root, target};
use xtask::error::{Error, at};

/// The profile that functions are built with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// As on AWS.
    Release,
    /// As in tests and for `make up`.
    Developer,
}

impl Profile {
    fn folder(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Developer => "debug",
        }
    }
}

/// A function.
pub(crate) struct Function {
    /// The name, such as `score-lead`.
    pub(crate) name: String,
    /// The context, such as `sales`.
    pub(crate) context: String,
    /// The program.
    pub(crate) binary: PathBuf,
    /// The names of its environment variables, with their values where the stack gives them as texts.
    pub(crate) variables: BTreeMap<String, Option<String>>,
    /// Whether it calls AWS at all.
    pub(crate) has_sdk: bool,
}

impl Function {
    /// Finds a function by its name, in its build for AWS.
    pub(crate) fn find(name: &str) -> Result<Self, Error> {
        Self::built(name, Profile::Release)
    }

    /// Finds a function by its name, in its build with this profile.
    pub(crate) fn built(name: &str, profile: Profile) -> Result<Self, Error> {
        let functions = root().join("functions");
        let missing = || Error::Content(format!("there is no function {name}"));
        let contexts = fs::read_dir(&functions).map_err(at(&functions))?.flatten();
        let context = contexts.map(|entry| entry.path()).find(|path| path.join(name).is_dir());
        let folder = context.as_ref().map(|path| path.join(name)).ok_or_else(missing)?;
        let context = context.and_then(|path| Some(path.file_name()?.to_str()?.to_owned()));
        let context = context.ok_or_else(missing)?;
        let manifest = folder.join("Cargo.toml");
        let manifest = fs::read_to_string(&manifest).map_err(at(&manifest))?;
        Ok(Self {
            variables: variables(name, &context)?,
            binary: target().join(profile.folder()).join(name),
            // The functions of some contexts get their adapters from a crate of their context.
            has_sdk: ["adapter-aws", "wiring-"].iter().any(|name| manifest.contains(name)),
            name: name.to_owned(),
            context,
        })
    }
}

fn variables(name: &str, context: &str) -> Result<BTreeMap<String, Option<String>>, Error> {
    let path = root().join(format!("infra/{context}.yaml"));
    let text = fs::read_to_string(&path).map_err(at(&path))?;
    let template: Yaml = serde_yaml_ng::from_str(&text)
        .map_err(|error| Error::Content(format!("{}: {error}", path.display())))?;
    let of = |node: Option<&Yaml>| -> Vec<(String, Option<String>)> {
        let variables = node.and_then(|node| node.get("Environment")?.get("Variables")?.as_mapping());
        // The value of `!Ref` and `!Sub` is known in the deployment alone.
        let text = |value: &Yaml| if let Yaml::String(text) = value { Some(text.clone()) } else { None };
        variables
            .into_iter()
            .flatten()
            .filter_map(|(name, value)| Some((name.as_str()?.to_owned(), text(value))))
            .collect()
    };
    let globals = template.get("Globals").and_then(|globals| globals.get("Function"));
    let logical_id = format!("{}Function", pascal(name));
    let own = template
        .get("Resources")
        .and_then(|resources| resources.get(logical_id.as_str()))
        .and_then(|resource| resource.get("Properties"));
    if own.is_none() {
        return Err(Error::Content(format!("{} has no {logical_id}", path.display())));
    }
    Ok(of(globals).into_iter().chain(of(own)).collect())
}

/// `score-lead` as `ScoreLead`.
fn pascal(name: &str) -> String {
    name.split('-').filter_map(|word| Some(word.get(..1)?.to_uppercase() + word.get(1..)?)).collect()
}
