//! Writes a file with one line for each path of the contract: the path, the format of its errors and its methods.
// Cargo reads instructions from the standard output of build scripts.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::path::Path;
use std::{env, fs};

const SOURCE: &str = "../../../infra/openapi.yaml";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={SOURCE}");
    let paths = openapi::listed_paths(&fs::read_to_string(SOURCE)?)?;
    let line = |path: &openapi::ListedPath| format!("{} {} {}\n", path.path, path.format, path.methods);
    fs::write(
        Path::new(&env::var("OUT_DIR")?).join("paths.txt"),
        paths.iter().map(line).collect::<String>(),
    )?;
    Ok(())
}
