//! Writes a file with the routes of the contract that take a credential in `x-api-key`, a line for each.
// Cargo reads instructions from the standard output of build scripts.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::path::Path;
use std::{env, fs};

const SOURCE: &str = "../../../infra/openapi.yaml";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={SOURCE}");
    let paths = openapi::paths_with_scheme(&fs::read_to_string(SOURCE)?, "apiKey")?;
    let lines: String = paths.iter().map(|path| format!("{path}\n")).collect();
    fs::write(Path::new(&env::var("OUT_DIR")?).join("api_key_header_routes.txt"), lines)?;
    Ok(())
}
