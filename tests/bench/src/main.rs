//! The costs of functions: size, instructions, system calls, memory, round trips. The numbers are printed next to their
//! targets for people to judge. They are never a test, because they differ between machines. `cargo xtask bench` runs
//! this program; it is a separate crate so that the other commands are compiled without it.
#![allow(clippy::print_stdout, reason = "this is a command that speaks to people")]

mod ai;
mod build;
mod event;
mod function;
mod latency;
mod measure;
mod models;
mod process;
mod requests;
mod soak;
mod table;
mod world;

use clap::{Parser, Subcommand};
use function::{Function, Profile};
use measure::{Costs, Plan};
use std::fs;
use std::process::ExitCode;
use world::World;
use xtask::Outcome;
use xtask::artifacts::{all_functions, cargo};
use xtask::environment::{folder, target};
use xtask::error::{Error, at};
use xtask::run::run;
use xtask::say::{detail, step};

/// Measure the costs of functions: size, instructions, system calls, memory, round trips.
#[derive(Parser)]
#[command(name = "cargo xtask bench", bin_name = "cargo xtask bench", args_conflicts_with_subcommands = true)]
struct BenchOptions {
    /// Only these functions; all if none is named.
    #[arg(long = "function", value_name = "NAME")]
    functions: Vec<String>,
    /// Make fewer requests; then the cost of a request contains a share of the cost of the first one.
    #[arg(long)]
    quick: bool,
    /// Measure the existing build.
    #[arg(long)]
    no_build: bool,
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Subcommand)]
enum What {
    /// The duration of requests through the gateway of a running `make up`.
    Latency,
    /// The costs of the AI gateway with a provider that answers at once: without state, from the cache, and with
    /// everything enforced; and the savings of each technique for a week of lead scores.
    Ai {
        /// Measure the existing build.
        #[arg(long)]
        no_build: bool,
        /// Only the savings, which need no release build.
        #[arg(long)]
        savings: bool,
        /// Only the paths through the gateway with this in their name, and no savings.
        #[arg(long, value_name = "TEXT")]
        path: Option<String>,
    },
    /// The memory of each function while it serves many requests as one process: after 10, 100, 500 and 2,000 requests,
    /// and the growth after the first 100, which should be none.
    Soak(soak::SoakOptions),
    /// The costs of building and deploying one function again.
    Build {
        /// The function that is changed.
        #[arg(default_value = "get-lead")]
        function: String,
    },
}

fn main() -> ExitCode {
    match bench(&BenchOptions::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            xtask::say::failure(&error);
            ExitCode::FAILURE
        }
    }
}

fn bench(options: &BenchOptions) -> Outcome {
    match &options.what {
        None => functions(options),
        Some(What::Latency) => latency::measure(),
        Some(What::Ai { no_build, savings, path }) => ai::measure(*no_build, *savings, path.as_deref()),
        Some(What::Soak(options)) => soak::measure(options),
        Some(What::Build { function }) => build::measure(function),
    }
}

fn functions(options: &BenchOptions) -> Outcome {
    for (program, package) in [("valgrind", "valgrind"), ("strace", "strace")] {
        measure::require(program, package)?;
    }
    let names = all_functions()?;
    let wanted = wanted(&names, &options.functions)?;
    if !options.no_build {
        build_for_release(&names)?;
    }
    let mut world =
        step("starting the services and registering an organization", || World::start(Profile::Release))?;
    let output = folder(target().join("bench"))?;
    let mut rows = Vec::new();
    for name in &wanted {
        let function = world.function(name)?;
        let costs = step(name, || measured(&mut world, &function, options.quick))?;
        detail(table::sentence(&costs));
        rows.push(costs);
    }
    table::print(&rows);
    let path = output.join("functions.json");
    let text = serde_json::to_string_pretty(&rows).map_err(|error| Error::Content(error.to_string()))?;
    fs::write(&path, text + "\n").map_err(at(&path))?;
    println!("\nAs JSON: {}", path.display());
    Ok(())
}

/// The functions to measure: those that are named, or all.
fn wanted(names: &[String], named: &[String]) -> Result<Vec<String>, Error> {
    if let Some(unknown) = named.iter().find(|name| !names.contains(name)) {
        let problem = format!("there is no function {unknown}; there are {}", names.join(", "));
        return Err(Error::Content(problem));
    }
    Ok(if named.is_empty() { names.to_vec() } else { named.to_vec() })
}

fn build_for_release(names: &[String]) -> Outcome {
    build_all(names, Profile::Release)
}

fn build_all(names: &[String], profile: Profile) -> Outcome {
    let (what, option) = match profile {
        Profile::Release => {
            ("building the functions for release (several minutes the first time)", Some("--release"))
        }
        Profile::Developer => ("building the functions for development", None),
    };
    step(what, || {
        let mut cargo = cargo();
        cargo.args(["build", "--locked"]).args(option);
        for name in names {
            cargo.args(["--package", name]);
        }
        run("building the functions", &mut cargo)
    })?;
    step("building the AWS services and the models to measure against", || {
        let mut cargo = cargo();
        cargo.args(["build", "--locked", "--package", "aws-stub", "--package", "model-stub"]);
        run("building aws-stub and model-stub", &mut cargo)
    })
}

fn measured(world: &mut World, function: &Function, quick: bool) -> Result<Costs, Error> {
    let plan = Plan::of(&function.name, quick);
    measure::all(world, function, plan)
}
