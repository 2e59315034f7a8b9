//! The processes of the deployment's functions, with their credentials. Linux shows both.

use crate::environment;
use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

/// A process of a function.
#[derive(Debug)]
pub struct FunctionProcess {
    /// Its process id.
    pub pid: u32,
    variables: BTreeMap<String, String>,
}

impl FunctionProcess {
    /// The processes of a function of this deployment, such as `score-lead`.
    pub fn all_of(function: &str) -> Vec<Self> {
        let name = format!("sextant-local-{function}");
        let entries =
            fs::read_dir("/proc").expect("these tests need the processes in /proc, as Linux shows them");
        let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        pids.filter_map(Self::read)
            .filter(|process| {
                process.variable("AWS_LAMBDA_FUNCTION_NAME") == Some(name.as_str())
                    // Another deployment may run beside the one under test.
                    && process.variable("AWS_ENDPOINT_URL") == Some(environment().aws_url.as_str())
            })
            .collect()
    }

    /// `None` for a process that ended meanwhile or belongs to another user.
    fn read(pid: u32) -> Option<Self> {
        let text = fs::read(format!("/proc/{pid}/environ")).ok()?;
        let text = String::from_utf8(text).ok()?;
        let variables = text.split('\0').filter_map(|variable| variable.split_once('='));
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Some(Self { pid, variables })
    }

    /// A variable of its environment.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// Kills it at once.
    pub fn kill(&self) {
        let killed = Command::new("kill").args(["-KILL", &self.pid.to_string()]).status().expect("kill");
        assert!(killed.success(), "process {} could not be ended", self.pid);
    }
}
