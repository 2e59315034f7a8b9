//! The files of the project, with changes that are written all together or not at all.

use crate::error::{Error, at};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The files.
pub(crate) struct Tree {
    root: PathBuf,
    changed: BTreeMap<String, String>,
}

impl Tree {
    /// The project at `root`.
    pub(crate) fn at(root: &Path) -> Self {
        Self { root: root.to_owned(), changed: BTreeMap::new() }
    }

    /// A file as it will be.
    pub(crate) fn read(&self, path: &str) -> Result<String, Error> {
        match self.changed.get(path) {
            Some(text) => Ok(text.clone()),
            None => {
                let path = self.root.join(path);
                fs::read_to_string(&path).map_err(at(path))
            }
        }
    }

    /// Whether there is such a file or folder.
    pub(crate) fn exists(&self, path: &str) -> bool {
        self.changed.contains_key(path) || self.root.join(path).exists()
    }

    /// The folders in a folder.
    pub(crate) fn folders(&self, path: &str) -> Result<Vec<String>, Error> {
        let path = self.root.join(path);
        let entries = fs::read_dir(&path).map_err(at(&path))?.flatten();
        let folders = entries.filter(|entry| entry.path().is_dir());
        let mut names: Vec<String> =
            folders.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        Ok(names)
    }

    /// The files in a folder.
    pub(crate) fn files(&self, path: &str) -> Result<Vec<String>, Error> {
        let path = self.root.join(path);
        let entries = fs::read_dir(&path).map_err(at(&path))?.flatten();
        let mut names: Vec<String> =
            entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        Ok(names)
    }

    /// Sets a file's text.
    pub(crate) fn write(&mut self, path: &str, text: String) {
        self.changed.insert(path.to_owned(), text);
    }

    /// Writes a file that must not be there yet.
    pub(crate) fn create(&mut self, path: &str, text: String) -> Result<(), Error> {
        if self.exists(path) {
            return Err(Error::Content(format!("{path} exists already; take it away or choose another name")));
        }
        self.write(path, text);
        Ok(())
    }

    /// Writes every change; the paths.
    pub(crate) fn save(self) -> Result<Vec<String>, Error> {
        for (path, text) in &self.changed {
            let path = self.root.join(path);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent).map_err(at(parent))?;
            }
            fs::write(&path, text).map_err(at(&path))?;
        }
        Ok(self.changed.into_keys().collect())
    }
}
