//! The addresses of the deployment under test.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::{env, fs};

/// The variable with the name of the file that has the addresses.
const VARIABLE: &str = "SEXTANT_E2E_ENVIRONMENT";

/// The deployment under test.
#[derive(Debug)]
pub struct Environment {
    /// The API: the address before `/v1`.
    pub api_url: String,
    /// The AWS services of the emulator.
    pub aws_url: String,
    /// The model server.
    pub model_url: String,
    /// Python with the programs of the local deployment.
    pub python: String,
    /// Python with the client libraries of models.
    pub client_python: String,
    /// Python with the client libraries that need version 2 of OpenAI's.
    pub client_python_openai_2: String,
    /// Node.js.
    pub node: String,
    /// The folder of the JavaScript client programs, with their dependencies.
    pub javascript: PathBuf,
    folder: PathBuf,
}

/// The deployment under test; the test fails when there is none.
pub fn environment() -> &'static Environment {
    static ENVIRONMENT: OnceLock<Environment> = OnceLock::new();
    ENVIRONMENT.get_or_init(|| {
        let path = env::var_os(VARIABLE).unwrap_or_else(|| {
            panic!("{VARIABLE} names no deployment: `cargo xtask test e2e` makes one and runs these tests")
        });
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let addresses: Value = serde_json::from_str(&text).expect("the environment is JSON");
        let address = |name: &str| addresses[name].as_str().expect(name).to_owned();
        Environment {
            api_url: address("api_url"),
            aws_url: address("aws_url"),
            model_url: address("model_url"),
            python: address("python"),
            client_python: address("client_python"),
            client_python_openai_2: address("client_python_openai_2"),
            node: address("node"),
            javascript: address("javascript").into(),
            folder: Path::new(&path).parent().expect("a file has a folder").to_owned(),
        }
    })
}

impl Environment {
    /// A folder for what the client programs compile, so that they write nothing beside their sources.
    pub fn bytecode(&self) -> PathBuf {
        self.folder.join("bytecode")
    }

    /// The logs of the deployment's servers: the emulator, the model server.
    pub fn server_logs(&self) -> Vec<(PathBuf, String)> {
        let logs = ["emulator.log", "model-server.log"].map(|name| self.folder.join(name));
        logs.into_iter()
            .map(|path| {
                let text = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                let text = String::from_utf8_lossy(&text).into_owned();
                (path, text)
            })
            .collect()
    }
}
