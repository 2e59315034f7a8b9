//! `GET /v1/analytics/billing`: the bill for a month's requests to models and for the training of models.

use application_analytics as analytics;
use application_analytics::{PriceBook, PricedTokens, report_month};
use contracts::analytics::{Bill, BudgetUse, InvoiceLine, TokenCharge, TrainingCharge};
use domain::ai::{Month, decimal_usd, signed_decimal_usd};
use domain::authority::{Authority, ReadBilling};
use edge::{ReadLimit, Request, Response, Route, RouteFuture};
use ports::{AiUsage, Store};
use std::sync::Arc;

/// The handler and its ports.
pub struct GetBilling {
    /// Loads budgets and the thresholds that were reported.
    pub store: Arc<dyn Store>,
    /// The monthly sums of usage.
    pub usage: Arc<dyn AiUsage>,
    /// The current and the earlier prices.
    pub prices: PriceBook,
}

impl Route for GetBilling {
    type Permission = ReadBilling;
    type Limit = ReadLimit;

    fn handle<'a>(&'a self, request: &'a Request, authority: Authority<ReadBilling>) -> RouteFuture<'a> {
        let context = request.context();
        let mut parameters = request.parameters(&["month"]);
        let month = parameters.judged("month", |month| report_month(month, context.now));
        parameters.finish()?;
        let month = month.unwrap_or_else(|| Month::of(context.now));
        Ok(Box::pin(async move {
            let (store, metered) = (self.store.as_ref(), (self.usage.as_ref(), &self.prices));
            let bill = analytics::get_billing(store, metered, &context, &authority, month).await?;
            Response::json(200, &body(&bill))
        }))
    }
}

fn body(bill: &analytics::Bill) -> Bill {
    Bill {
        month: bill.month.to_string(),
        total_usd: decimal_usd(bill.total.cost),
        presumed_usd: decimal_usd(bill.total.presumed_cost),
        forecast_usd: bill.forecast.map(decimal_usd),
        lines: bill.lines.iter().map(line).collect(),
        budget: BudgetUse {
            tenant_month_usd: decimal_usd(bill.limits.tenant_month),
            expected_month_usd: decimal_usd(bill.limits.expected_month),
            percent_of_limit: bill.percent_of_limit(),
            percent_of_expected: bill.percent_of_expected(),
            told_percent: bill.told.clone(),
        },
        training: bill.training.iter().map(training).collect(),
    }
}

fn line(line: &analytics::InvoiceLine) -> InvoiceLine {
    let (of, sum) = (&line.line, &line.sum);
    InvoiceLine {
        feature: of.feature.as_str().to_owned(),
        model: of.model.clone(),
        price_version: of.price_version.clone(),
        requests: sum.requests,
        cache_hits: sum.hits,
        amount_usd: decimal_usd(sum.cost),
        tokens: line.tokens.iter().map(charge).collect(),
        presumed_requests: sum.presumed,
        presumed_usd: decimal_usd(sum.presumed_cost),
        difference_usd: line.difference.map(signed_decimal_usd),
    }
}

fn training(line: &analytics::TrainingLine) -> TrainingCharge {
    TrainingCharge {
        fine_tune_id: line.model.fine_tune.to_string(),
        base_model: line.model.base_model.clone(),
        price_version: line.price_version.clone(),
        tokens: line.tokens,
        price_usd: line.price.map(decimal_usd),
        amount_usd: decimal_usd(line.cost),
        presumed_usd: decimal_usd(line.presumed_cost),
    }
}

fn charge(tokens: &PricedTokens) -> TokenCharge {
    let amount = tokens.amount().map(|amount| i128::try_from(amount).unwrap_or(i128::MAX));
    TokenCharge {
        kind: tokens.kind.as_str().to_owned(),
        tokens: tokens.tokens,
        price_usd: tokens.price.map(decimal_usd),
        amount_usd: amount.map(signed_decimal_usd),
    }
}
