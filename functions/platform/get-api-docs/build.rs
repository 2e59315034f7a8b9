//! Renders the page at build time, so that the function only has to send it.
// Cargo reads instructions from the standard output of build scripts.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::path::Path;
use std::{env, fs};

#[path = "src/page/mod.rs"]
mod page;

const SOURCE: &str = "../../../infra/openapi.yaml";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={SOURCE}");
    println!("cargo::rerun-if-changed=src/page");
    let document = openapi::public_document(&fs::read_to_string(SOURCE)?)?;
    openapi::write_compressed(Path::new(&env::var("OUT_DIR")?), "page.html", &page::render(&document)?)?;
    Ok(())
}
