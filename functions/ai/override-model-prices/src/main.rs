//! Wires `override-model-prices` to AWS.

use application_ai::Registry;
use edge::operator::OperatorHandler;
use override_model_prices::OverrideModelPrices;
use std::process::ExitCode;
use std::sync::Arc;
use wiring_core::Base;

fn main() -> ExitCode {
    edge::operator::run("override-model-prices", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            let registry = Registry::shipped()?;
            // Prices hold no personal data, so nothing must be sealed.
            let store = Arc::new(base.store()?);
            Ok(Box::new(OverrideModelPrices { store, registry }) as Box<dyn OperatorHandler>)
        })
    })
}
