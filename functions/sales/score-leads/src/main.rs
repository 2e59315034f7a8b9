//! Wires `score-leads` to AWS.

use edge::Handler;
use score_leads::ScoreLeads;
use std::process::ExitCode;

fn main() -> ExitCode {
    edge::http::run("score-leads", |settings| {
        Box::pin(async move {
            let needs = wiring_sales::lead_scoring(&settings)?;
            Ok(Box::new(ScoreLeads { needs }) as Box<dyn Handler>)
        })
    })
}
