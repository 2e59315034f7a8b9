//! `cargo xtask configure`: checks a configuration document in the same way as functions, and deploys it. `local/configure.py` makes the calls, because it has the AWS client that comes with SAM CLI.

use crate::Outcome;
use crate::environment::{folder, local, root};
use crate::error::{Error, at};
use crate::run::run;
use crate::tools;
use clap::Args;
use domain::configuration::{CatalogModel, ConfigurationError, ModelCatalog, RuntimeConfiguration};
use serde::Deserialize;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The models that a document may name.
const REGISTRY: &str = "shared/application/ai/src/models.json";

/// Options of `configure`.
#[derive(Args)]
pub(crate) struct ConfigureOptions {
    /// Environment of the deployment, such as `production`.
    environment: String,
    /// File with the document. Without it, the deployed document is printed.
    document: Option<PathBuf>,
    /// Deploy the document to all processes at once, without a bake time under the alarms.
    #[arg(long)]
    at_once: bool,
}

#[derive(Deserialize)]
struct Table {
    models: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    id: String,
    provider: String,
    #[serde(rename = "use")]
    usage: String,
}

/// Deploys a document, or prints the deployed one.
pub(crate) fn configure(options: &ConfigureOptions) -> Outcome {
    if let Some(document) = &options.document {
        check(document, &options.environment)?;
    }
    folder(local())?;
    tools::install()?;
    run(
        "the configuration",
        &mut deployment(&options.environment, options.document.as_deref(), options.at_once),
    )
}

/// The command that deploys a document.
pub(crate) fn deployment(environment: &str, document: Option<&Path>, at_once: bool) -> Command {
    let mut command = Command::new(tools::tool("python"));
    command.arg(root().join("local/configure.py")).arg(environment).args(document);
    if at_once {
        command.arg("--at-once");
    }
    command
}

/// Refuses a document that functions would refuse, or that names secrets which the roles of this environment may not read.
fn check(path: &Path, environment: &str) -> Outcome {
    let registry = root().join(REGISTRY);
    let table = fs::read_to_string(&registry).map_err(at(&registry))?;
    let document = fs::read(path).map_err(at(path))?;
    match RuntimeConfiguration::parse(&document, Some(&catalog(&table)?)) {
        Ok(configuration) => {
            let prefix = format!("sextant-{environment}-provider-");
            let mut secrets =
                configuration.providers.iter().filter_map(|provider| provider.secret.as_deref());
            match secrets.find(|secret| !secret.starts_with(&prefix)) {
                None => Ok(()),
                Some(foreign) => Err(Error::Content(format!(
                    "{} can't be deployed: providers: the secret {foreign} must be named {prefix}<name>",
                    path.display()
                ))),
            }
        }
        Err(ConfigurationError::Malformed(error)) => {
            Err(Error::Content(format!("{}: {error}", path.display())))
        }
        Err(ConfigurationError::Invalid(invalid)) => {
            let wrong = invalid.0.iter().map(|error| format!("\n  {} {}", error.field, error.message));
            Err(Error::Content(format!("{} can't be deployed:{}", path.display(), wrong.collect::<String>())))
        }
    }
}

fn catalog(table: &str) -> Result<ModelCatalog, Error> {
    let table: Table =
        serde_json::from_str(table).map_err(|error| Error::Content(format!("{REGISTRY}: {error}")))?;
    let model = |row: Row| {
        let model =
            CatalogModel { converses: row.usage == "chat", openai_compatible: row.provider == "openai" };
        (row.id, model)
    };
    Ok(table.models.into_iter().map(model).collect())
}
