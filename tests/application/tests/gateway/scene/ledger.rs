//! The requests of a scene as the ledger has them.

use super::Scene;

/// A request in the ledger.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Metered {
    pub(crate) cost: u64,
    pub(crate) attempts: u64,
    pub(crate) model: String,
    pub(crate) cache: String,
    pub(crate) outcome: String,
    /// The cost of attempts at other models, and their input tokens.
    pub(crate) others: Vec<(String, u64, u64)>,
}

impl Scene {
    /// The requests in the ledger.
    pub(crate) async fn ledger(&self) -> Vec<Metered> {
        let items = self.environment.items(&self.environment.tables().ledger).await;
        let metered = items.iter().filter(|item| item["event_type"].as_s().unwrap() == "ai_request_metered");
        metered
            .map(|item| {
                let data = item["data"].as_m().unwrap();
                let text = |name: &str| data[name].as_s().unwrap().clone();
                let number = |name: &str| data[name].as_n().unwrap().parse().unwrap();
                Metered {
                    cost: number("cost_nano_usd"),
                    attempts: number("attempts"),
                    model: text("model"),
                    cache: text("cache"),
                    outcome: text("outcome"),
                    others: data
                        .get("other_models")
                        .map(|others| others.as_l().unwrap().as_slice())
                        .unwrap_or_default()
                        .iter()
                        .map(|other| {
                            let other = other.as_m().unwrap();
                            let input = other["tokens"].as_m().unwrap()["input"].as_n().unwrap();
                            let cost = other["cost_nano_usd"].as_n().unwrap();
                            let model = other["model"].as_s().unwrap().clone();
                            (model, cost.parse().unwrap(), input.parse().unwrap())
                        })
                        .collect(),
                }
            })
            .collect()
    }

    /// The unmetered cost of each request in the ledger, in nano-dollars.
    pub(crate) async fn unmetered(&self) -> Vec<u64> {
        let items = self.environment.items(&self.environment.tables().ledger).await;
        let metered = items.iter().filter(|item| item["event_type"].as_s().unwrap() == "ai_request_metered");
        let of = metered.filter_map(|item| item["data"].as_m().unwrap().get("unmetered"));
        of.map(|unmetered| unmetered.as_m().unwrap()["cost_nano_usd"].as_n().unwrap().parse().unwrap())
            .collect()
    }

    /// Fails unless every reservation is settled and the ledger and the counters agree. Returns the amount spent.
    pub(crate) async fn settled(&self) -> u64 {
        let spent = self.spent().await;
        assert_eq!(spent.committed, spent.settled, "money that nobody settled");
        let ledger: u64 = self.ledger().await.iter().map(|metered| metered.cost).sum();
        assert_eq!(ledger, spent.settled, "the ledger and the counters");
        spent.settled
    }
}
