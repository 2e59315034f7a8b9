//! Chromium, with which one end-to-end test looks at the API page.

use crate::Outcome;
use crate::environment::local;
use crate::error::Error;
use crate::run::run_logged;
use std::path::Path;
use std::process::{Command, Stdio};

/// Makes sure that Chromium is there; installs Debian's package where that needs no confirmation.
pub(crate) fn ensure() -> Outcome {
    if works("chromium") {
        return Ok(());
    }
    let is_root =
        Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0");
    if !is_root || !works("apt-get") {
        let hint =
            "Install Chromium as `chromium` on the PATH (Debian: sudo apt-get install chromium).".to_owned();
        return Err(Error::Failed {
            what: "looking for a browser".to_owned(),
            status: "none".to_owned(),
            hint,
        });
    }
    let log = local().join("browser.log");
    apt("reading Debian's package lists", &["update"], &log)?;
    apt("installing Chromium", &["install", "--yes", "--no-install-recommends", "chromium"], &log)
}

fn apt(what: &str, arguments: &[&str], log: &Path) -> Outcome {
    run_logged(what, Command::new("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive"), log)
}

fn works(program: &str) -> bool {
    let version = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    version.is_ok_and(|status| status.success())
}
