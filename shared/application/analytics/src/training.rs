//! The lines of a bill for the training of models. The usage of a training names the model that it made, and that name
//! tells the fine-tune and the base model.

use application_ai::{OwnPrices, PriceBook};
use domain::ai::{Feature, FineTunedModel};
use ports::{AiUsageSum, UsageLine};

/// The training of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrainingLine {
    /// The model that it makes, with its fine-tune and its base model.
    pub model: FineTunedModel,
    /// The version of the prices.
    pub price_version: String,
    /// The charged tokens; `None` when the version of the prices is not known any more.
    pub tokens: Option<u64>,
    /// The price of one token in nano-dollars; `None` like the tokens.
    pub price: Option<u64>,
    /// The cost, in nano-dollars.
    pub cost: u64,
    /// The presumed part of it.
    pub presumed_cost: u64,
}

/// Takes the training out of the lines of a month. Training that cost nothing has no line.
pub(crate) fn split_training(
    prices: &PriceBook,
    lines: Vec<(UsageLine, AiUsageSum)>,
) -> (Vec<TrainingLine>, Vec<(UsageLine, AiUsageSum)>) {
    let (mut training, mut others) = (Vec::new(), Vec::new());
    for (line, sum) in lines {
        let model = FineTunedModel::parse(&line.model).filter(|_| line.feature == Feature::FineTuning);
        match model {
            Some(model) if sum.cost > 0 => training.push(training_line(prices, model, &line, sum)),
            Some(_) => {}
            None => others.push((line, sum)),
        }
    }
    (training, others)
}

fn training_line(
    prices: &PriceBook,
    model: FineTunedModel,
    line: &UsageLine,
    sum: AiUsageSum,
) -> TrainingLine {
    // An organization's own prices are for requests alone.
    let known = prices.model(&line.price_version, &model.base_model, &OwnPrices::new());
    let price = known.and_then(|known| known.training);
    TrainingLine {
        model,
        price_version: line.price_version.clone(),
        tokens: price.and_then(|price| sum.cost.checked_div(price)),
        price,
        cost: sum.cost,
        presumed_cost: sum.presumed_cost,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(feature: Feature, model: &str) -> UsageLine {
        UsageLine { feature, model: model.to_owned(), price_version: "2026-12-01".to_owned() }
    }

    #[test]
    fn a_training_is_told_by_fine_tune_base_model_and_tokens() {
        let name = "ft:amazon.nova-lite-v1:0:finetune_01kajttxj0f048g2081040g208";
        let trained = AiUsageSum {
            requests: 1,
            presumed: 1,
            cost: 6_000_000,
            presumed_cost: 6_000_000,
            ..AiUsageSum::default()
        };
        let asked = AiUsageSum { requests: 2, cost: 60, input_tokens: 1, ..AiUsageSum::default() };
        let lines = vec![
            (line(Feature::Completion, name), asked),
            (line(Feature::FineTuning, name), trained),
            (line(Feature::FineTuning, "ft:nova:finetune_01kajttxj0f048g2081040g208"), AiUsageSum::default()),
        ];
        let (training, others) = split_training(&PriceBook::shipped().unwrap(), lines);
        assert_eq!(others, [(line(Feature::Completion, name), asked)]);
        // Two dollars for a million tokens are 2,000 nano-dollars for one.
        assert_eq!(
            training,
            [TrainingLine {
                model: FineTunedModel::parse(name).unwrap(),
                price_version: "2026-12-01".to_owned(),
                tokens: Some(3_000),
                price: Some(2_000),
                cost: 6_000_000,
                presumed_cost: 6_000_000,
            }]
        );
    }
}
