//! The commands of the project: `cargo xtask --help`. They run on a developer's machine and in CI, and are never
//! deployed. The measurements are a separate program, `tests/bench`, which uses the public parts of this crate.
#![allow(clippy::print_stdout, reason = "these are commands that speak to people")]

pub mod artifacts;
mod bench;
mod browser;
mod configure;
mod deny;
pub mod environment;
pub mod error;
pub mod local;
mod local_models;
mod mail_preview;
pub mod main_job;
mod models;
mod new_function;
mod plan;
mod redrive;
mod retrieval;
pub mod run;
pub mod say;
mod smoke;
mod test;
mod tools;
mod verify_audit;

use clap::{Parser, Subcommand};
use error::Error;
use std::process::ExitCode;

/// Build, run and check Sextant.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build everything, deploy it to a local emulator and run the main job against it. `down` stops it.
    Up(plan::UpOptions),
    /// Stop the processes that `up` started. Stored data is deleted.
    Down,
    /// Run the tests: lint, unit, conformance, api and e2e, or only the named tiers.
    Test(test::TestOptions),
    /// Build the functions into target/lambda/<function>/bootstrap.
    Build(artifacts::BuildOptions),
    /// Measure the costs of functions: size, instructions, system calls, memory, round trips.
    #[command(disable_help_flag = true)]
    Bench(bench::BenchOptions),
    /// Write a new function with everything that belongs to it: crate, contract, stack, sample event, tables of tests.
    NewFunction(new_function::NewFunctionOptions),
    /// Build one function for AWS (arm64) and run it here, under an emulator of the processor.
    Smoke,
    /// Writes every mail in every language with sample data, as HTML and text, to `target/mail`. Open `index.html` there.
    MailPreview,
    /// Check the embedding model that `up` started: does it find notes by questions in 12 languages?
    CheckLocalModels,
    /// Say how long the providers serve the models of the registry, and warn 90 days before one may end.
    Models,
    /// Check a configuration document and deploy it gradually, with the AWS credentials and the region of the environment.
    Configure(configure::ConfigureOptions),
    /// Publish events that did not reach the bus, with the AWS credentials and the region of the environment.
    Redrive(redrive::RedriveOptions),
    /// Check an export of the audit log: was an entry edited, swapped or removed, or the end cut off? Needs no network.
    VerifyAudit(verify_audit::VerifyAuditOptions),
    /// Check licences, sources and banned or doubled crates.
    Deny,
}

/// Runs the command in the arguments of the process.
pub fn run_command() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Up(options) => local::up(&options),
        Command::Down => local::down(),
        Command::Test(options) => test::test(&options),
        Command::Build(options) => artifacts::build(&options),
        Command::Bench(options) => bench::run_bench(&options),
        Command::NewFunction(options) => new_function::new_function(&options),
        Command::MailPreview => mail_preview::mail_preview(),
        Command::Smoke => smoke::smoke(),
        Command::CheckLocalModels => retrieval::check_local_models(),
        Command::Models => models::models(),
        Command::Configure(options) => configure::configure(&options),
        Command::Redrive(options) => redrive::redrive(&options),
        Command::VerifyAudit(options) => verify_audit::verify_audit(&options),
        Command::Deny => deny::check(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say::failure(&error);
            ExitCode::FAILURE
        }
    }
}

/// The result of every command.
pub type Outcome = Result<(), Error>;
