//! `cargo xtask configure`: checks a configuration document with the models of the registry, and deploys it. `local/configure.py` makes the calls, because it has the AWS client that comes with SAM CLI.

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
    #[arg(requires = "from_version")]
    document: Option<PathBuf>,
    /// Version of the deployed document from which this one was made; printed with the deployed document. Another
    /// deployed version is not replaced.
    #[arg(long)]
    from_version: Option<u32>,
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
    let mut command = deployment(&options.environment, options.document.as_deref(), options.at_once);
    if let Some(version) = options.from_version {
        command.arg("--from-version").arg(version.to_string());
    }
    run("the configuration", &mut command)
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

/// Refuses a document that functions would refuse or leave names out of, or that names secrets which the roles of this
/// environment may not read.
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

pub(crate) fn catalog(table: &str) -> Result<ModelCatalog, Error> {
    let table: Table =
        serde_json::from_str(table).map_err(|error| Error::Content(format!("{REGISTRY}: {error}")))?;
    let model = |row: Row| {
        let model =
            CatalogModel { converses: row.usage == "chat", openai_compatible: row.provider == "openai" };
        (row.id, model)
    };
    Ok(table.models.into_iter().map(model).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use crate::environment::root;
    use serde_json::{Value, json};
    use std::fs;
    use std::path::PathBuf;
    use std::process::Command;

    /// AppConfig in a folder of the test, in the place of AWS.
    struct Fake(PathBuf);

    impl Fake {
        fn new(name: &str, state: &Value) -> Self {
            let folder = std::env::temp_dir().join(format!("sextant-{name}-{}", std::process::id()));
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("state.json"), state.to_string()).unwrap();
            Self(folder)
        }

        /// Deploys a document that was made from a version; whether it was deployed, and the output.
        fn deploy(&self, document: &Value, from_version: u32) -> (bool, String) {
            let path = self.0.join("document.json");
            fs::write(&path, document.to_string()).unwrap();
            self.configure(&[path.to_str().unwrap(), "--from-version", &from_version.to_string()])
        }

        fn configure(&self, arguments: &[&str]) -> (bool, String) {
            let output = Command::new("python3")
                .arg(root().join("local/configure.py"))
                .arg("test")
                .args(arguments)
                .env("PYTHONPATH", root().join("xtask/src/configure/fake_appconfig"))
                .env("PYTHONDONTWRITEBYTECODE", "1")
                .env("FAKE_APPCONFIG", self.0.join("state.json"))
                .output()
                .unwrap();
            let told = [output.stdout, output.stderr].concat();
            (output.status.success(), String::from_utf8(told).unwrap())
        }

        fn deployed(&self) -> Value {
            let state: Value = serde_json::from_slice(&fs::read(self.0.join("state.json")).unwrap()).unwrap();
            state["deployed"].clone()
        }
    }

    impl Drop for Fake {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn two_operators_do_not_undo_each_others_changes() {
        let state = json!({"versions": ["{}", "{\"a\": 1}", "{}"], "deployed": [1, 2], "other": false});
        let fake = Fake::new("one-after-the-other", &state);
        let (_, printed) = fake.configure(&[]);
        assert!(printed.starts_with("{\"a\": 1}") && printed.contains("version 2"), "{printed}");
        // Both have made a document from version 2, and the newest version was never deployed.
        let (first, told) = fake.deploy(&json!({"a": 1, "b": 1}), 2);
        assert!(first, "{told}");
        let (second, told) = fake.deploy(&json!({"a": 1, "c": 1}), 2);
        assert!(
            !second && told.contains("somebody else has changed it") && told.contains("version 4"),
            "{told}"
        );
        assert_eq!(fake.deployed(), json!([1, 2, 4]));
        assert!(fake.deploy(&json!({"a": 1, "b": 1, "c": 1}), 4).0);
        assert_eq!(fake.deployed(), json!([1, 2, 4, 5]));
    }

    #[test]
    fn of_two_operators_at_the_same_moment_one_is_refused() {
        let state = json!({"versions": ["{}"], "deployed": [1], "other": true});
        let fake = Fake::new("at-the-same-moment", &state);
        let (done, told) = fake.deploy(&json!({"a": 1}), 1);
        assert!(!done && told.contains("Somebody else deploys a document at this moment"), "{told}");
        assert_eq!(fake.deployed(), json!([1]));
    }
}
