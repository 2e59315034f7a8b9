//! Prints the savings waterfall, and writes it as JSON to the file that is named.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement that people read")]

use ai_bench::mix::{SCORES, SEED, week};
use ai_bench::{chart, waterfall};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let requests = week(SEED, SCORES);
    let lines = waterfall::measure(&requests).await;
    println!("{}", chart::draw(&lines));
    if let Some(path) = std::env::args_os().nth(1) {
        std::fs::write(path, serde_json::to_string_pretty(&lines).unwrap() + "\n").unwrap();
    }
}
