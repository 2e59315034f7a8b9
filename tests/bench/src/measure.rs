//! Runs a function as a process against our own Runtime API and counts its work. Its environment has only the variables
//! from Lambda and its stack, because variables change the cost of a start.

use super::function::Function;
use super::process::{Process, peak_memory};
use super::requests;
use super::world::World;
use runtime_api::Source;
use serde::Serialize;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use xtask::environment::{folder, target};
use xtask::error::{Error, at};

/// The numbers of requests. The cost of one request is computed from the difference, which excludes the start and the
/// first request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    few: u32,
    many: Option<u32>,
}

impl Plan {
    pub(crate) fn of(function: &str, quick: bool) -> Self {
        let (few, many) = match function {
            // A password hash takes some hundred million instructions, and each logout needs a login.
            "login" | "register-account" => (2, 6),
            "logout" => (10, 40),
            _ => (50, 250),
        };
        Self { few, many: (!quick).then_some(many) }
    }

    fn most(self) -> u32 {
        self.many.unwrap_or(self.few)
    }
}

/// The costs of a function. Requests are warm, and their AWS calls use plain HTTP, so encryption is not counted.
#[derive(Debug, Serialize)]
pub(crate) struct Costs {
    /// The name of the function.
    pub(crate) function: String,
    /// Whether it has an AWS SDK.
    pub(crate) has_sdk: bool,
    /// Size of the stripped binary.
    pub(crate) binary_bytes: u64,
    /// Instructions from the start of the process until it waits for its first event, TLS included.
    pub(crate) init_instructions: u64,
    /// The additional instructions of the first request; unknown in a quick measurement.
    pub(crate) first_request_extra: Option<u64>,
    /// Instructions of a request.
    pub(crate) request_instructions: u64,
    /// AWS calls of a request.
    pub(crate) request_calls: f64,
    /// The calls, each with its number for one request.
    pub(crate) calls: Vec<(String, f64)>,
    /// Read units of a request.
    pub(crate) read_units: f64,
    /// Write units of a request.
    pub(crate) write_units: f64,
    /// System calls until it waits for its first event.
    pub(crate) init_syscalls: u64,
    /// System calls of a request.
    pub(crate) request_syscalls: f64,
    /// The peak of memory after all requests.
    pub(crate) peak_memory_bytes: u64,
    /// The number of requests.
    pub(crate) requests: u32,
}

/// Fails with instructions if a program is missing.
pub(crate) fn require(program: &str, package: &'static str) -> Result<(), Error> {
    let found = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    match found {
        Ok(_) => Ok(()),
        Err(source) => Err(Error::Missing {
            program: program.to_owned(),
            hint: match package {
                "strace" => "Install it: apt-get install strace.",
                _ => "Install it: apt-get install valgrind.",
            },
            source,
        }),
    }
}

/// Makes all measurements of a function.
pub(crate) fn all(world: &mut World, function: &Function, plan: Plan) -> Result<Costs, Error> {
    // In AWS there is no local endpoint, and the TLS stack is built.
    let init = instructions(world, function, 0, true)?;
    let init_here = instructions(world, function, 0, false)?;
    let few = instructions(world, function, plan.few, false)?;
    let (request, first) = match plan.many {
        None => (few.saturating_sub(init_here) / u64::from(plan.few), None),
        Some(many) => {
            let most = instructions(world, function, many, false)?;
            let request = most.saturating_sub(few) / u64::from(many - plan.few);
            let first = few.saturating_sub(init_here).saturating_sub(request * u64::from(plan.few));
            (request, Some(first))
        }
    };
    let idle = traced(world, function, 0)?;
    let busy = traced(world, function, plan.most())?;
    let counted = f64::from(plan.most() - busy.counted_from);
    let units = |reads: bool| {
        let units =
            busy.calls.iter().filter(|call| is_read(&call.operation) == reads).map(|call| call.capacity);
        // The sum of an empty iterator is -0.
        units.fold(0.0, |sum, units| sum + units) / counted
    };
    Ok(Costs {
        function: function.name.clone(),
        has_sdk: function.has_sdk,
        binary_bytes: fs::metadata(&function.binary).map_err(at(&function.binary))?.len(),
        init_instructions: init,
        first_request_extra: first,
        request_instructions: request,
        request_calls: count(busy.calls.len()) / counted,
        calls: by_operation(&busy.calls, counted),
        read_units: units(true),
        write_units: units(false),
        init_syscalls: idle.syscalls,
        request_syscalls: count(busy.syscalls.saturating_sub(idle.syscalls)) / f64::from(plan.most()),
        peak_memory_bytes: busy.peak_memory_bytes,
        requests: plan.most(),
    })
}

pub(crate) fn count(number: impl TryInto<u32>) -> f64 {
    number.try_into().map_or(f64::NAN, f64::from)
}

/// One call to AWS.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) operation: String,
    pub(crate) capacity: f64,
}

fn is_read(operation: &str) -> bool {
    ["GetItem", "BatchGetItem", "Query", "TransactGetItems", "Scan"].contains(&operation)
}

pub(crate) fn by_operation(calls: &[Call], requests: f64) -> Vec<(String, f64)> {
    let mut names: Vec<&String> = calls.iter().map(|call| &call.operation).collect();
    names.sort();
    names.dedup();
    let of = |name: &String| calls.iter().filter(|call| call.operation == *name).count();
    names.into_iter().map(|name| (name.clone(), count(of(name)) / requests)).collect()
}

/// Instructions of a process that serves this many requests.
fn instructions(
    world: &mut World,
    function: &Function,
    requests: u32,
    as_in_aws: bool,
) -> Result<u64, Error> {
    let profile = profile(function, if as_in_aws { "init".to_owned() } else { requests.to_string() })?;
    let source = requests::source(world, function, requests)?;
    let variables = world.variables(function, as_in_aws);
    let mut process = Process::start(function, callgrind(&profile, function), source, &variables)?;
    process.serve(function, requests)?;
    process.end_itself()?;
    counted(&profile)
}

/// The function under callgrind.
pub(crate) fn callgrind(profile: &Path, function: &Function) -> Command {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--quiet", "--tool=callgrind"]);
    valgrind.arg(format!("--callgrind-out-file={}", profile.display())).arg(&function.binary);
    valgrind
}

/// The instructions that callgrind counted.
pub(crate) fn counted(profile: &Path) -> Result<u64, Error> {
    let text = fs::read_to_string(profile).map_err(at(profile))?;
    let total =
        text.lines().find_map(|line| line.strip_prefix("summary: ").or(line.strip_prefix("totals: ")));
    total
        .and_then(|total| total.trim().parse().ok())
        .ok_or_else(|| Error::Content(format!("{} has no total: callgrind was cut off", profile.display())))
}

/// The output file of callgrind; `callgrind_annotate` reads it.
pub(crate) fn profile(function: &Function, run: String) -> Result<PathBuf, Error> {
    let folder = folder(target().join("bench/callgrind"))?;
    Ok(folder.join(format!("{}.{run}.out", function.name)))
}

struct Trace {
    syscalls: u64,
    peak_memory_bytes: u64,
    calls: Vec<Call>,
    /// The number of requests before the counted ones. They fill the caches of the process.
    counted_from: u32,
}

fn traced(world: &mut World, function: &Function, requests: u32) -> Result<Trace, Error> {
    let summary = target().join("bench").join(format!("{}.strace", function.name));
    let mut strace = Command::new("strace");
    strace.args(["-f", "-c", "-o"]).arg(&summary).arg(&function.binary);
    let counted_from = requests / 5;
    let control = world.control();
    let mut source = requests::source(world, function, requests)?;
    let mut handed_out = 0;
    let warm: Source = Box::new(move |last| {
        if handed_out == counted_from {
            // The calls so far do not belong to the counted requests.
            let _ = control.calls();
        }
        handed_out += 1;
        source(last)
    });
    let variables = world.variables(function, false);
    let mut process = Process::start(function, strace, warm, &variables)?;
    process.serve(function, requests)?;
    let calls = world.control().calls()?;
    let pid = process.traced_child()?;
    let peak_memory_bytes = peak_memory(pid)?;
    process.end(pid)?;
    let text = fs::read_to_string(&summary).map_err(at(&summary))?;
    let syscalls = total_calls(&text)
        .ok_or_else(|| Error::Content(format!("{} has no total: strace was cut off", summary.display())))?;
    Ok(Trace { syscalls, peak_memory_bytes, calls, counted_from })
}

/// The calls in the last line of `strace -c`: percent, seconds, microseconds, calls, perhaps errors, `total`.
fn total_calls(summary: &str) -> Option<u64> {
    let total = summary.lines().rev().find(|line| line.trim_end().ends_with("total"))?;
    total.split_whitespace().nth(3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_total_of_strace_with_and_without_errors() {
        let head = "% time     seconds  usecs/call     calls    errors syscall\n";
        let with = format!("{head}------\n100.00    0.000000           0       123         4 total\n");
        let without = format!("{head}------\n100.00    0.000000           0        99           total\n");
        assert_eq!(total_calls(&with), Some(123));
        assert_eq!(total_calls(&without), Some(99));
        assert_eq!(total_calls(head), None);
    }
}
