//! The models that functions ask: `model-stub`, which answers each scripted call at once. Vectors need no script.

use serde_json::{Value, json};
use std::fs::File;
use std::process::{Child, Command, Stdio};
use xtask::Outcome;
use xtask::environment::{folder, target};
use xtask::error::{Error, at};
use xtask::run::{announced_url, wait_for};

/// The text of every completion.
const TEXT: &str = "The CFO will object to the price, to the length of the contract and to the effort of moving the data. \
Offer a pilot with a fixed price, a yearly exit and help with the import.";

/// The model server, until the value is dropped.
pub(crate) struct Models {
    server: Child,
    url: String,
}

impl Models {
    /// Starts the server on a free port.
    pub(crate) fn start() -> Result<Self, Error> {
        let log = folder(target().join("bench"))?.join("model-stub.log");
        let output = File::create(&log).map_err(at(&log))?;
        let errors = output.try_clone().map_err(at(&log))?;
        let program = target().join("debug/model-stub");
        let mut server = Command::new(&program);
        // A model that a developer has named for `make up` must not answer here.
        server.env_remove("MODEL_URL").env_remove("MODEL_NAME").env_remove("EMBEDDING_MODEL_NAME");
        server.stdin(Stdio::null()).stdout(output).stderr(errors);
        let server = server.spawn().map_err(at(&program))?;
        let mut models = Self { server, url: String::new() };
        wait_for("model-stub", 20, &log, &mut models.server, || announced_url(&log).is_some())?;
        models.url = announced_url(&log).unwrap_or_default();
        Ok(models)
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Scripts the answers to the next `count` calls, and forgets the calls so far with their unused answers.
    pub(crate) fn answer(&self, count: u32) -> Outcome {
        let http = |what: &'static str| {
            move |source| Error::Http { what: what.to_owned(), source: Box::new(source) }
        };
        ureq::delete(format!("{}/_calls", self.url)).call().map_err(http("DELETE /_calls"))?;
        let steps: Vec<Value> = (0..count).map(|_| json!({"text": TEXT})).collect();
        ureq::post(format!("{}/_script", self.url)).send_json(steps).map_err(http("POST /_script"))?;
        Ok(())
    }
}

impl Drop for Models {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
