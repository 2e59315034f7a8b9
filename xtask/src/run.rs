//! Runs programs and servers. A server has a pid file, and is stopped only by the process id in it.

use crate::error::{Error, at};
use crate::say;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Runs a program, with its output on the screen.
pub fn run(what: &str, command: &mut Command) -> Result<(), Error> {
    let status = command.status().map_err(|source| missing(command, source))?;
    if status.success() {
        return Ok(());
    }
    Err(Error::Failed {
        what: what.to_owned(),
        status: status.to_string(),
        hint: "Its output above says why.".into(),
    })
}

/// Runs a program quietly: its output goes to `log`, and some of its lines to the screen.
pub fn run_logged(what: &str, command: &mut Command, log: &Path) -> Result<(), Error> {
    let file = File::create(log).map_err(at(log))?;
    let errors = file.try_clone().map_err(at(log))?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(file)
        .stderr(errors)
        .spawn()
        .map_err(|source| missing(command, source))?;
    let started = Instant::now();
    let mut told = Instant::now();
    loop {
        if let Some(status) = child.try_wait().map_err(at(log))? {
            if status.success() {
                return Ok(());
            }
            let text = fs::read_to_string(log).unwrap_or_default();
            let tail: Vec<&str> = text.lines().rev().take(25).collect();
            for line in tail.into_iter().rev() {
                say::detail(line);
            }
            let hint = format!("The whole output is in {}.", log.display());
            return Err(Error::Failed { what: what.to_owned(), status: status.to_string(), hint });
        }
        if told.elapsed() > Duration::from_secs(5) {
            told = Instant::now();
            say::detail(format!("{:>4.0} s  {}", started.elapsed().as_secs_f64(), last_line(log)));
        }
        thread::sleep(Duration::from_millis(100));
    }
}

fn last_line(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let line = text.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or("...");
    line.chars().take(100).collect()
}

fn missing(command: &Command, source: std::io::Error) -> Error {
    let program = command.get_program().to_string_lossy().into_owned();
    Error::Missing { program, hint: "Install it, or look whether it is on the PATH.", source }
}

/// Starts a server that outlives this command, and writes its process id into `pid_file`.
pub fn start(command: &mut Command, log: &Path, pid_file: &Path) -> Result<Child, Error> {
    let file = File::create(log).map_err(at(log))?;
    let errors = file.try_clone().map_err(at(log))?;
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt as _;
        // The server gets a process group of its own, so that Ctrl-C in this terminal does not stop it.
        command.process_group(0);
    }
    let child = command
        .stdin(Stdio::null())
        .stdout(file)
        .stderr(errors)
        .spawn()
        .map_err(|source| missing(command, source))?;
    let identity = format!("{} {}", child.id(), started_at(child.id()).unwrap_or_default());
    fs::write(pid_file, identity).map_err(at(pid_file))?;
    Ok(child)
}

/// When a process started, in clock ticks since boot: together with the id it identifies a process even when ids are
/// used again.
fn started_at(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // Field 22; the second field is in parentheses and may hold blanks.
    stat.rsplit_once(')')?.1.split_whitespace().nth(19).map(str::to_owned)
}

/// The process in a pid file, if it still runs.
pub fn running(pid_file: &Path) -> Option<u32> {
    let text = fs::read_to_string(pid_file).ok()?;
    let (pid, start) = text.trim().split_once(' ')?;
    let pid = pid.parse().ok()?;
    (started_at(pid)? == start).then_some(pid)
}

/// Stops the process in a pid file: asks it to end, waits 10 s, then kills it. True when one was running.
pub fn stop(pid_file: &Path) -> Result<bool, Error> {
    let Some(pid) = running(pid_file) else {
        let _ = fs::remove_file(pid_file);
        return Ok(false);
    };
    for (signal, patience) in [("-TERM", 100), ("-KILL", 50)] {
        let _ = Command::new("kill").arg(signal).arg(pid.to_string()).stderr(Stdio::null()).status();
        for _ in 0..patience {
            // A child of this process that ended stays as a zombie until it is waited for; its start is still readable.
            if running(pid_file).is_none() || is_zombie(pid) {
                let _ = fs::remove_file(pid_file);
                return Ok(true);
            }
            thread::sleep(Duration::from_millis(100));
        }
    }
    Err(Error::Content(format!("process {pid} does not end; its pid file is {}", pid_file.display())))
}

fn is_zombie(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat"))
        .ok()
        .and_then(|stat| stat.rsplit_once(')').map(|(_, rest)| rest.trim_start().starts_with('Z')))
        .unwrap_or(true)
}

/// Waits until `ready` returns true.
pub fn wait_for(
    what: &'static str,
    seconds: u64,
    log: &Path,
    child: &mut Child,
    ready: impl Fn() -> bool,
) -> Result<(), Error> {
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(seconds) {
        if ready() {
            return Ok(());
        }
        if let Ok(Some(status)) = child.try_wait() {
            let hint = format!("Its log is {}.", log.display());
            return Err(Error::Failed { what: what.to_owned(), status: status.to_string(), hint });
        }
        thread::sleep(Duration::from_millis(50));
    }
    Err(Error::NotUp { what, seconds, log: log.to_owned() })
}

/// The URL in the first line of a server's log.
pub fn announced_url(log: &Path) -> Option<String> {
    let mut lines = BufReader::new(File::open(log).ok()?).lines();
    lines.next()?.ok().filter(|line| line.starts_with("http://"))
}
