//! Builds and runs the program that measures: `tests/bench`.

use crate::Outcome;
use crate::artifacts::cargo;
use crate::run::run;
use clap::Args;
use std::ffi::OsString;

/// Options of `bench`: those of the program, which says them with `--help`.
#[derive(Args)]
pub(crate) struct BenchOptions {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPTIONS")]
    options: Vec<OsString>,
}

/// Runs it.
pub(crate) fn run_bench(options: &BenchOptions) -> Outcome {
    let mut bench = cargo();
    bench.args(["run", "--quiet", "--locked", "--package", "bench", "--"]).args(&options.options);
    run("measuring", &mut bench)
}
