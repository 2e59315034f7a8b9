//! Wires `score-lead` to AWS.

use edge::Handler;
use score_lead::ScoreLead;
use std::process::ExitCode;

fn main() -> ExitCode {
    edge::http::run("score-lead", |settings| {
        Box::pin(async move {
            let needs = wiring_sales::lead_scoring(&settings)?;
            Ok(Box::new(ScoreLead { needs }) as Box<dyn Handler>)
        })
    })
}
