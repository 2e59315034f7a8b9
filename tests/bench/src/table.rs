//! The numbers as a table, each with its target.

use super::measure::Costs;
use xtask::say::heading;

/// Size of a binary.
const BINARY_BYTES: u64 = 6_500_000;
/// Instructions until the first event.
const INIT_WITH_SDK: u64 = 2_000_000;
const INIT_WITHOUT_SDK: u64 = 600_000;
/// Instructions of a request: its own and of each AWS call.
const REQUEST: f64 = 140_000.0;
const REQUEST_CALL: f64 = 400_000.0;

/// Functions whose work is a password hash, which is meant to be expensive.
const HASHES: [&str; 2] = ["login", "register-account"];

fn init_aim(costs: &Costs) -> u64 {
    if costs.has_sdk { INIT_WITH_SDK } else { INIT_WITHOUT_SDK }
}

fn request_aim(costs: &Costs) -> f64 {
    REQUEST_CALL.mul_add(costs.request_calls, REQUEST)
}

pub(crate) fn float(number: u64) -> f64 {
    // Exact up to 9e15, which is far above all numbers here.
    u32::try_from(number / 1000).map_or(f64::INFINITY, f64::from) * 1000.0
        + u32::try_from(number % 1000).map_or(0.0, f64::from)
}

pub(crate) fn millions(number: u64) -> String {
    format!("{:.2}", float(number) / 1e6)
}

/// A number, marked if it is over its target.
fn against(text: String, over: bool) -> String {
    if over { format!("{text} !") } else { format!("{text}  ") }
}

/// A function in one line.
pub(crate) fn sentence(costs: &Costs) -> String {
    format!(
        "init {} M (aim {}), request {:.0} k (aim {:.0}), {:.2} AWS calls, {} MB (aim {})",
        millions(costs.init_instructions),
        millions(init_aim(costs)),
        float(costs.request_instructions) / 1e3,
        request_aim(costs) / 1e3,
        costs.request_calls,
        millions(costs.binary_bytes),
        millions(BINARY_BYTES),
    )
}

/// Prints the table.
pub(crate) fn print(rows: &[Costs]) {
    heading("What functions cost (a number with ! is over its aim, which is next to it)");
    println!(
        "{:<23} {:>7} {:>5} {:>8} {:>5} {:>8} {:>9} {:>6} {:>6} {:>5} {:>5} {:>6} {:>7} {:>5}",
        "",
        "MB",
        "aim",
        "init M",
        "aim",
        "first M",
        "request k",
        "aim",
        "calls",
        "RCU",
        "WCU",
        "sys 0",
        "sys/req",
        "RSS"
    );
    for costs in rows.iter().filter(|costs| !HASHES.contains(&costs.function.as_str())) {
        row(costs);
    }
    let hashes: Vec<&Costs> = rows.iter().filter(|costs| HASHES.contains(&costs.function.as_str())).collect();
    if !hashes.is_empty() {
        println!("\nMade of a password hash (argon2id, 19 MiB, two passes), which is meant to cost this:");
        hashes.into_iter().for_each(row);
    }
    println!(
        "\nMB: stripped binary. init: instructions in millions until the first event, TLS included. first: what the first\n\
         request takes more. request: instructions in thousands, warm, without TLS; aim 140 k and 400 k for each AWS call.\n\
         sys: system calls until the first event, and of a request. RSS: the most memory, in MB. Calls to models and to S3 are\n\
         not among the calls.\n"
    );
    for costs in rows {
        let calls: Vec<String> =
            costs.calls.iter().map(|(name, times)| format!("{name} {times:.2}")).collect();
        println!("{:<23} {}", costs.function, calls.join(", "));
    }
}

fn row(costs: &Costs) {
    let init = against(millions(costs.init_instructions), costs.init_instructions > init_aim(costs));
    let binary = against(millions(costs.binary_bytes), costs.binary_bytes > BINARY_BYTES);
    let request = float(costs.request_instructions);
    let first = costs.first_request_extra.map_or_else(|| "-".to_owned(), millions);
    println!(
        "{:<23} {:>7} {:>5} {:>8} {:>5} {:>8} {:>9} {:>6.0} {:>6.2} {:>5.1} {:>5.1} {:>6} {:>7.1} {:>5.1}",
        costs.function,
        binary,
        millions(BINARY_BYTES),
        init,
        millions(init_aim(costs)),
        first,
        against(format!("{:.0}", request / 1e3), request > request_aim(costs)),
        request_aim(costs) / 1e3,
        costs.request_calls,
        costs.read_units,
        costs.write_units,
        costs.init_syscalls,
        costs.request_syscalls,
        float(costs.peak_memory_bytes) / 1_048_576.0,
    );
}
