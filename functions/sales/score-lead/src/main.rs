//! Wires `score-lead` to AWS.

use edge::{Authorized, Handler, Uncounted};
use score_lead::ScoreLead;
use std::process::ExitCode;

fn main() -> ExitCode {
    edge::http::run("score-lead", |settings| {
        Box::pin(async move {
            let needs = wiring_sales::lead_scoring(settings).await?;
            let store = needs.current().store.clone();
            let route = ScoreLead { needs };
            Ok(Box::new(Authorized::new(route, store, Uncounted)) as Box<dyn Handler>)
        })
    })
}
