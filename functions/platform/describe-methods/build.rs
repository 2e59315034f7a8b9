//! Writes a file with one line for each path of the contract: the path and its methods.
// Cargo reads instructions from the standard output of build scripts.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::path::Path;
use std::{env, fs};

const SOURCE: &str = "../../../infra/openapi.yaml";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={SOURCE}");
    let paths = openapi::allowed_methods(&fs::read_to_string(SOURCE)?)?;
    let lines: String = paths.iter().map(|(path, methods)| format!("{path} {methods}\n")).collect();
    fs::write(Path::new(&env::var("OUT_DIR")?).join("methods.txt"), lines)?;
    Ok(())
}
