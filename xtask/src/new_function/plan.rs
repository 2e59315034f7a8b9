//! The planned changes. Everything is prepared in memory; changes that can't be made completely are taken back.

use super::names::wrong;
use super::text::Text;
use crate::error::{Error, at};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Files to write, by path below the root.
pub(super) struct Plan<'a> {
    root: &'a Path,
    files: BTreeMap<String, Change>,
}

struct Change {
    /// The current text; `None` for a new file.
    before: Option<String>,
    after: String,
}

impl<'a> Plan<'a> {
    /// A plan that writes nothing yet.
    pub(super) fn new(root: &'a Path) -> Self {
        Self { root, files: BTreeMap::new() }
    }

    /// A file's text, with the planned changes.
    pub(super) fn read(&self, path: &str) -> Result<String, Error> {
        match self.files.get(path) {
            Some(change) => Ok(change.after.clone()),
            None => fs::read_to_string(self.root.join(path)).map_err(at(path)),
        }
    }

    /// Plans a new file. An existing file is refused.
    pub(super) fn create(&mut self, path: String, text: String) -> Result<(), Error> {
        if self.root.join(&path).exists() || self.files.contains_key(&path) {
            return wrong(format!("{path} exists; move it away or choose another name"));
        }
        self.files.insert(path, Change { before: None, after: text });
        Ok(())
    }

    /// Plans insertions into an existing file.
    pub(super) fn edit(
        &mut self,
        path: &str,
        edit: impl FnOnce(&mut Text) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let now = self.read(path)?;
        let mut text = Text::new(path, &now);
        edit(&mut text)?;
        let after = text.finish();
        match self.files.get_mut(path) {
            Some(change) => change.after = after,
            None => {
                self.files.insert(path.to_owned(), Change { before: Some(now), after });
            }
        }
        Ok(())
    }

    /// Writes everything, or nothing.
    pub(super) fn write(self) -> Result<Vec<String>, Error> {
        let mut done = Vec::new();
        for (path, change) in &self.files {
            // The file is noted before it is written, so that an interrupted write is taken back, too.
            done.push((path, change));
            if let Err(error) = self.write_one(path, &change.after) {
                self.take_back(&done);
                return Err(error);
            }
        }
        let word = |change: &Change| if change.before.is_some() { "changed" } else { "new" };
        Ok(self.files.iter().map(|(path, change)| format!("{:<8}{path}", word(change))).collect())
    }

    fn write_one(&self, path: &str, text: &str) -> Result<(), Error> {
        let file = self.root.join(path);
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder).map_err(at(folder))?;
        }
        fs::write(&file, text).map_err(at(&file))
    }

    /// Restores the old texts. A failure here can't be helped; the first error says more.
    fn take_back(&self, done: &[(&String, &Change)]) {
        for (path, change) in done {
            let file = self.root.join(path);
            match &change.before {
                Some(before) => drop(fs::write(&file, before)),
                None => {
                    let _ = fs::remove_file(&file);
                    self.remove_empty_folders(&file);
                }
            }
        }
    }

    fn remove_empty_folders(&self, file: &Path) {
        let mut folder = file.parent().map(PathBuf::from);
        while let Some(empty) = folder.filter(|folder| folder != self.root && fs::remove_dir(folder).is_ok())
        {
            folder = empty.parent().map(PathBuf::from);
        }
    }
}
