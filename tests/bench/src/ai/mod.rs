//! The costs of the AI gateway next to published costs of other gateways, and its savings. The numbers are for people
//! to judge and never a test.

mod gateway;
mod mode;
mod provider;

use super::function::Profile;
use super::measure;
use super::table::{float, millions};
use super::world::World;
use gateway::Cost;
use mode::Path;
use std::fs;
use xtask::Outcome;
use xtask::artifacts::cargo;
use xtask::environment::{folder, target};
use xtask::error::{Error, at};
use xtask::run::run;
use xtask::say::{detail, heading, step};

/// Published measurements of other gateways on two cores with a provider that answers at once: CPU microseconds of a
/// request, and megabytes. None of them has durable budgets.
const PEERS: [(&str, &str, &str); 3] =
    [("TensorZero", "170-350", "81"), ("Portkey", "1170-1920", "190"), ("LiteLLM", "5500", "305")];

/// Measures the gateway's paths and the savings, or the savings alone, or some paths alone.
pub(super) fn measure(no_build: bool, savings_only: bool, path: Option<&str>) -> Outcome {
    if !savings_only {
        gateway(no_build, path.unwrap_or_default())?;
    }
    if path.is_none() { savings() } else { Ok(()) }
}

fn gateway(no_build: bool, named: &str) -> Outcome {
    measure::require("valgrind", "valgrind")?;
    if !no_build {
        let names = ["create-chat-completion", "register-account", "ai-bench"].map(str::to_owned);
        super::build_for_release(&names)?;
    }
    let mut world =
        step("starting the services and registering an organization", || World::start(Profile::Release))?;
    let provider = provider::start().map_err(at("127.0.0.1:0"))?;
    let init = step("its start", || gateway::start(&world, &provider))?;
    detail(format!("{} M instructions", millions(init)));
    let mut costs = Vec::new();
    for path in Path::ALL.into_iter().filter(|path| path.name().contains(named)) {
        let cost = step(path.name(), || gateway::cost(&mut world, path, &provider))?;
        detail(format!("{:.0} us of CPU, {} k instructions", cost.cpu_us, cost.instructions / 1000));
        costs.push(cost);
    }
    let binary = target().join("release/create-chat-completion");
    let size = fs::metadata(&binary).map_err(at(&binary))?.len();
    print(&costs, size, init);
    let path = folder(target().join("bench"))?.join("ai.json");
    let text = serde_json::to_string_pretty(&costs).map_err(|error| Error::Content(error.to_string()))?;
    fs::write(&path, text + "\n").map_err(at(&path))?;
    println!("\nAs JSON: {}", path.display());
    Ok(())
}

fn print(costs: &[Cost], size: u64, init: u64) {
    heading("What the AI gateway costs a request");
    println!(
        "{:<24} {:>7} {:>10} {:>8} {:>7} {:>9} {:>12}",
        "", "CPU us", "of it sys", "instr. k", "RSS MB", "p50 us", "added p50 us"
    );
    for cost in costs {
        let calls: Vec<String> =
            cost.calls.iter().map(|(name, times)| format!("{name} {times:.2}")).collect();
        println!(
            "{:<24} {:>7.0} {:>10.0} {:>8} {:>7.1} {:>9.0} {:>12.0}  {}",
            cost.path,
            cost.cpu_us,
            cost.system_us,
            cost.instructions / 1000,
            float(cost.peak_memory_bytes) / 1_048_576.0,
            cost.p50_us,
            cost.added_p50_us,
            calls.join(", ")
        );
    }
    println!();
    for (name, cpu, memory) in PEERS {
        println!("{name:<24} {cpu:>9} {:>19} {memory:>4}     quoted, without durable budgets", "");
    }
    println!(
        "\nBinary {} MB, start {} M instructions. A request is one after the other, warm, on plain HTTP; its time ends when the\n\
         function asks for the next event, and less the provider's own it is what is added. Paths with state wait for an\n\
         embedded database in a process beside, whose time is in p50 and not in CPU. \"No state\" is the function with a port\n\
         that remembers nothing: no rate limit, budget, cache, breaker or ledger. Who may ask is decided by another function\n\
         (authorize-request) and not counted.",
        millions(size),
        millions(init)
    );
}

fn savings() -> Outcome {
    heading("What is saved: a week of 10,000 lead scores, each line with all before it");
    let path = folder(target().join("bench"))?.join("savings.json");
    run(
        "scoring the week",
        cargo()
            .args(["run", "--locked", "--quiet", "--package", "ai-bench", "--bin", "savings", "--"])
            .arg(&path),
    )?;
    println!("As JSON: {}", path.display());
    Ok(())
}
