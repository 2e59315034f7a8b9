//! Output of commands for the person who waits: a line for each step, with its duration.

use crate::error::Error;
use std::io::{IsTerminal as _, Write as _};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The successful steps since the last call of [`take_steps`].
static STEPS: Mutex<Vec<(String, Duration)>> = Mutex::new(Vec::new());

fn paint(code: &str, text: &str) -> String {
    if std::io::stdout().is_terminal() { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
}

/// Prints the name of a step, runs it, and prints its duration.
pub fn step<T>(what: &str, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    println!("{} {what}", paint("1;34", "==>"));
    let _ = std::io::stdout().flush();
    let started = Instant::now();
    let result = work()?;
    let took = started.elapsed();
    println!("    {} {:.1} s", paint("32", "done in"), took.as_secs_f64());
    STEPS.lock().unwrap_or_else(PoisonError::into_inner).push((what.to_owned(), took));
    Ok(result)
}

/// The successful steps since the last call, each with its duration.
pub fn take_steps() -> Vec<(String, Duration)> {
    std::mem::take(&mut *STEPS.lock().unwrap_or_else(PoisonError::into_inner))
}

/// A line below a step.
pub fn detail(text: impl AsRef<str>) {
    println!("    {}", text.as_ref());
    let _ = std::io::stdout().flush();
}

/// A heading.
pub fn heading(text: &str) {
    println!("\n{}", paint("1", text));
}

/// Prints the error of a failed command.
pub fn failure(error: &Error) {
    eprintln!("{} {error}", paint("1;31", "error:"));
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        eprintln!("  because {cause}");
        source = cause.source();
    }
}
