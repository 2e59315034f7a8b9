//! The costs of building and deploying one function again after a change, for a developer (the profile of tests and
//! `make up`) and for AWS (release). They are in CPU seconds, which do not depend on the load of the machine.

use super::function::Function;
use serde::Serialize;
use std::fs::{self, File};
use std::time::{Duration, Instant, SystemTime};
use xtask::Outcome;
use xtask::artifacts::cargo;
use xtask::environment::{folder, local, root, target};
use xtask::error::{Error, at};
use xtask::local::Deployment;
use xtask::run::run;
use xtask::say::{detail, heading, step};

#[derive(Serialize)]
struct Cost {
    what: &'static str,
    cpu_seconds: Option<f64>,
    seconds: f64,
}

/// Measures for one function.
pub(crate) fn measure(name: &str) -> Outcome {
    let function = Function::find(name)?;
    let mut rows = Vec::new();
    for (what, profile) in
        [("build, developer's profile", None), ("build, release (what AWS runs)", Some("--release"))]
    {
        step(what, || {
            // Everything else is built first, so that only the change is measured.
            build(name, profile)?;
            touch(&function)?;
            let (cpu, wall) = timed(|| build(name, profile))?;
            detail(format!("{:.1} CPU seconds", cpu.as_secs_f64()));
            rows.push(Cost { what, cpu_seconds: Some(cpu.as_secs_f64()), seconds: wall.as_secs_f64() });
            Ok(())
        })?;
    }
    if local().join("environment.json").exists() {
        let wall = step("deploying it again (sam deploy)", || redeploy(name))?;
        rows.push(Cost {
            what: "deploy to a running `make up`",
            cpu_seconds: None,
            seconds: wall.as_secs_f64(),
        });
    } else {
        detail("`make up` is not running, so deploying is not measured");
    }
    heading(&format!("One function changed ({name})"));
    println!("{:<34} {:>8} {:>8}", "", "CPU s", "s");
    for row in &rows {
        let cpu = row.cpu_seconds.map_or_else(|| "-".to_owned(), |seconds| format!("{seconds:.1}"));
        println!("{:<34} {cpu:>8} {:>8.1}", row.what, row.seconds);
    }
    let path = folder(target().join("bench"))?.join("build.json");
    let text = serde_json::to_string_pretty(&rows).map_err(|error| Error::Content(error.to_string()))?;
    fs::write(&path, text + "\n").map_err(at(&path))
}

fn build(name: &str, profile: Option<&str>) -> Outcome {
    run(
        "building the function",
        cargo().args(["build", "--locked", "--quiet", "--package", name]).args(profile),
    )
}

/// Makes cargo see a change in the function's library.
fn touch(function: &Function) -> Outcome {
    let path = root().join(format!("functions/{}/{}/src/lib.rs", function.context, function.name));
    let file = File::options().append(true).open(&path).map_err(at(&path))?;
    file.set_modified(SystemTime::now()).map_err(at(&path))
}

/// The CPU time of the processes that the work starts and waits for, and its duration.
fn timed(work: impl FnOnce() -> Outcome) -> Result<(Duration, Duration), Error> {
    let (before, began) = (children_ticks()?, Instant::now());
    work()?;
    let (after, took) = (children_ticks()?, began.elapsed());
    // Linux reports these in hundredths of a second, whatever its own clock is.
    Ok((Duration::from_millis(after.saturating_sub(before) * 10), took))
}

/// The CPU time of all descendants that this process has waited for: fields 16 and 17 of the process's statistics.
fn children_ticks() -> Result<u64, Error> {
    let path = "/proc/self/stat";
    let text = fs::read_to_string(path).map_err(at(path))?;
    ticks(&text).ok_or_else(|| Error::Content(format!("{path} is not as expected")))
}

fn ticks(stat: &str) -> Option<u64> {
    // The second field is in parentheses and may contain blanks; the text after it begins with the third field.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(13);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}

/// Deploys the function with one more byte at its end, which changes only the archive, and then the original again.
fn redeploy(name: &str) -> Result<Duration, Error> {
    let built = target().join("debug").join(name);
    let mut program = fs::read(&built).map_err(at(&built))?;
    program.push(0);
    let changed = folder(target().join("bench/changed"))?;
    let path = changed.join(name);
    fs::write(&path, program).map_err(at(&path))?;
    let deployment = Deployment::developer()?;
    xtask::artifacts::lay_out_from(name, &changed)?;
    let began = Instant::now();
    let deployed = deployment.deploy_again();
    let took = began.elapsed();
    xtask::artifacts::lay_out_from(name, &target().join("debug"))?;
    deployed?;
    deployment.deploy_again()?;
    Ok(took)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_time_of_children() {
        let stat = "7 (a (b) c) S 1 7 7 0 -1 4194304 100 200 0 0 11 12 30 4 20 0 1 0 12345 1 1";
        assert_eq!(ticks(stat), Some(34));
        assert_eq!(ticks("7 (x) S"), None);
    }
}
