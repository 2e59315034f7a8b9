//! Wires `score-leads` to AWS.

use edge::{Authorized, Handler, Uncounted};
use score_leads::ScoreLeads;
use std::process::ExitCode;

fn main() -> ExitCode {
    edge::http::run("score-leads", |settings| {
        Box::pin(async move {
            let needs = wiring_sales::lead_scoring(settings).await?;
            let store = needs.current().store.clone();
            let route = ScoreLeads { needs };
            Ok(Box::new(Authorized::new(route, store, Uncounted)) as Box<dyn Handler>)
        })
    })
}
