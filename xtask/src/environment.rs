//! Paths of the project, and the file that describes a deployed API.

use crate::error::{Error, at};
use serde::{Deserialize, Serialize};
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

/// The root of the project.
pub fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_owned()
}

/// The folder of everything local; not in git.
pub fn local() -> PathBuf {
    root().join(".local")
}

/// The folder that cargo builds to.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Makes a folder with all its parents.
pub fn folder(path: PathBuf) -> Result<PathBuf, Error> {
    fs::create_dir_all(&path).map_err(at(&path))?;
    Ok(path)
}

/// A port that is free now. When another program takes it first, starting the server fails and says so.
pub fn free_port() -> Result<u16, Error> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(at("127.0.0.1:0"))?;
    Ok(listener.local_addr().map_err(at("127.0.0.1:0"))?.port())
}

/// The address and the demo user of a deployed API, for people and tests.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Environment {
    /// The address before `/v1`.
    pub api_url: String,
    /// The demo user.
    pub email: String,
    /// The password of the demo user. The environment is local, and `down` throws it away.
    pub password: String,
    /// The organization of the demo user.
    pub organization_id: String,
}

impl Environment {
    /// Writes the environment to a file, for people and tools.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        let text = serde_json::to_string_pretty(self).map_err(|error| Error::Content(error.to_string()))?;
        fs::write(path, text + "\n").map_err(at(path))
    }
}
