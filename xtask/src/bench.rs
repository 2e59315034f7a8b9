//! Builds and runs the program for measurements, `tests/bench`.

use crate::Outcome;
use crate::artifacts::cargo;
use crate::run::run;
use clap::Args;
use std::ffi::OsString;

/// The options of `bench`, which are those of the program; it lists them with `--help`.
#[derive(Args)]
pub(crate) struct BenchOptions {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPTIONS")]
    options: Vec<OsString>,
}

/// Runs the program.
pub(crate) fn run_bench(options: &BenchOptions) -> Outcome {
    let mut bench = cargo();
    bench.args(["run", "--quiet", "--locked", "--package", "bench", "--"]).args(&options.options);
    run("measuring", &mut bench)
}
