//! The memory of functions that serve many requests. Lambda keeps a process for hours and ends it when its memory is used
//! up, so memory that each request leaves behind is a fault that no short test shows.

use super::function::{Function, Profile};
use super::process::{Process, resident_memory};
use super::requests;
use super::table::float;
use super::world::World;
use super::{build_all, wanted};
use clap::Args;
use runtime_api::Source;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use xtask::Outcome;
use xtask::artifacts::all_functions;
use xtask::environment::{folder, target};
use xtask::error::{Error, at};
use xtask::say::{detail, heading, step};

/// The numbers of answered requests after which memory is read.
const READ_AFTER: [u32; 4] = [10, 100, 500, 2_000];
/// Growth counts after this number: until then a process fills its caches.
const WARM: u32 = 100;
/// Functions whose every request needs a password hash, its own or the one of the login before it, and their most
/// requests.
const HASHES: [&str; 3] = ["login", "logout", "register-account"];
const MOST_HASHES: u32 = 500;

/// The options of `bench soak`.
#[derive(Args)]
pub(crate) struct SoakOptions {
    /// Only these functions; all if none is named.
    #[arg(long = "function", value_name = "NAME")]
    functions: Vec<String>,
    /// The number of requests of a function. login, logout and register-account get at most 500, because each of their
    /// requests needs a password hash.
    #[arg(long, value_name = "N", default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(10..=20_000))]
    requests: u32,
    /// Use the builds for development instead of those for AWS. They have another size, but the same allocator.
    #[arg(long)]
    development: bool,
    /// Measure the existing build.
    #[arg(long)]
    no_build: bool,
}

/// The memory of a function.
#[derive(Debug, Serialize)]
struct Memory {
    function: String,
    /// The number of requests that it served.
    requests: u32,
    /// Resident bytes by the number of answered requests; the last entry is the end.
    resident_bytes: BTreeMap<u32, u64>,
}

impl Memory {
    /// The growth from the first 100 requests to the last one, in bytes; unknown if there were no more.
    fn growth(&self) -> Option<i64> {
        let warm = self.resident_bytes.get(&WARM)?;
        let (last, end) = self.resident_bytes.last_key_value()?;
        (*last > WARM).then(|| end.checked_signed_diff(*warm)).flatten()
    }
}

/// Measures the functions.
pub(crate) fn measure(options: &SoakOptions) -> Outcome {
    let names = all_functions()?;
    let wanted = wanted(&names, &options.functions)?;
    let profile = if options.development { Profile::Developer } else { Profile::Release };
    if !options.no_build {
        build_all(&names, profile)?;
    }
    let mut world = step("starting the services and registering an organization", || World::start(profile))?;
    let mut rows = Vec::new();
    let mut failures = Vec::new();
    for (number, name) in wanted.iter().enumerate() {
        let requests = requests_of(name, options.requests);
        let what = format!("{name}: {requests} requests ({} of {})", number + 1, wanted.len());
        // A function that fails must not hide the others; it is named at the end, and the command fails.
        match step(&what, || soaked(&mut world, name, requests)) {
            Ok(memory) => {
                detail(cells(&memory).join("  "));
                rows.push(memory);
            }
            Err(error) => {
                xtask::say::failure(&error);
                failures.push(name.clone());
            }
        }
    }
    print(&rows, profile);
    let path = folder(target().join("bench"))?.join("soak.json");
    let text = serde_json::to_string_pretty(&rows).map_err(|error| Error::Content(error.to_string()))?;
    fs::write(&path, text + "\n").map_err(at(&path))?;
    println!("As JSON: {}", path.display());
    if failures.is_empty() {
        return Ok(());
    }
    Err(Error::Content(format!("not measured, see above: {}", failures.join(", "))))
}

fn requests_of(name: &str, requests: u32) -> u32 {
    if HASHES.contains(&name) { requests.min(MOST_HASHES) } else { requests }
}

/// Runs the function as one process for all requests and reads its memory between two of them.
fn soaked(world: &mut World, name: &str, requests: u32) -> Result<Memory, Error> {
    let function: Function = world.function(name)?;
    let mut source = requests::source(world, &function, requests)?;
    let readings = Arc::new(Mutex::new(Vec::new()));
    let process_id = Arc::new(AtomicU32::new(0));
    let (read, pid) = (Arc::clone(&readings), Arc::clone(&process_id));
    let mut answered = 0;
    let reading: Source = Box::new(move |last| {
        if answered == requests || READ_AFTER.contains(&answered) {
            let memory = resident_memory(pid.load(Ordering::SeqCst));
            read.lock().unwrap_or_else(PoisonError::into_inner).push((answered, memory));
        }
        answered += 1;
        source(last)
    });
    let variables = world.variables(&function, false);
    let mut process = Process::start(&function, Command::new(&function.binary), reading, &variables)?;
    process_id.store(process.pid(), Ordering::SeqCst);
    process.serve(&function, requests)?;
    process.end_itself()?;
    let mut resident_bytes = BTreeMap::new();
    for (after, memory) in readings.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
        resident_bytes.insert(after, memory?);
    }
    Ok(Memory { function: name.to_owned(), requests, resident_bytes })
}

/// Resident memory after each number of requests, at the end, and the growth.
fn cells(memory: &Memory) -> Vec<String> {
    let megabytes = |bytes: Option<&u64>| {
        bytes.map_or_else(|| "-".to_owned(), |bytes| format!("{:.1}", float(*bytes) / 1_048_576.0))
    };
    let growth = memory.growth().map_or_else(|| "-".to_owned(), |bytes| format!("{:+}", bytes / 1_024));
    let read = READ_AFTER.iter().map(|after| megabytes(memory.resident_bytes.get(after)));
    let end = memory.resident_bytes.last_key_value().map(|(_, bytes)| bytes);
    read.chain([megabytes(end), growth]).collect()
}

/// Prints the table in the form of `docs/performance.md`.
fn print(rows: &[Memory], profile: Profile) {
    heading("Resident memory of one process, MB, and its growth after the first 100 requests, kB");
    println!("| function | requests | after 10 | after 100 | after 500 | after 2,000 | end | growth, kB |");
    println!("|---|---|---|---|---|---|---|---|");
    for memory in rows {
        println!("| {} | {} | {} |", memory.function, memory.requests, cells(memory).join(" | "));
    }
    println!(
        "\nVmRSS between two requests, one after the other, against a stub of the Runtime API and an embedded DynamoDB.\n\
         login, logout and register-account get at most {MOST_HASHES} requests, because each needs a password hash."
    );
    if profile == Profile::Developer {
        println!("These are builds for development: other sizes than on AWS, the same allocator.");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory(readings: &[(u32, u64)]) -> Memory {
        Memory {
            function: "get-lead".to_owned(),
            requests: 500,
            resident_bytes: readings.iter().copied().collect(),
        }
    }

    #[test]
    fn growth_is_counted_from_the_first_hundred_requests_to_the_end() {
        let grown = memory(&[(10, 9 << 20), (100, 10 << 20), (500, 11 << 20), (700, 12 << 20)]);
        assert_eq!(grown.growth(), Some(2 << 20));
        assert_eq!(cells(&grown), ["9.0", "10.0", "11.0", "-", "12.0", "+2048"]);
        let shrunk = memory(&[(10, 9 << 20), (100, 10 << 20), (500, 9 << 20)]);
        assert_eq!(cells(&shrunk), ["9.0", "10.0", "9.0", "-", "9.0", "-1024"]);
    }

    #[test]
    fn growth_is_unknown_without_requests_after_the_first_hundred() {
        assert_eq!(memory(&[(10, 9 << 20), (100, 10 << 20)]).growth(), None);
        assert_eq!(memory(&[(10, 9 << 20), (50, 10 << 20)]).growth(), None);
    }

    #[test]
    fn functions_that_hash_get_fewer_requests() {
        assert_eq!([requests_of("login", 2_000), requests_of("login", 50)], [500, 50]);
        assert_eq!(requests_of("get-lead", 2_000), 2_000);
    }
}
