//! `GET /v1/analytics/usage`: the usage of models in a month.

use application_analytics as analytics;
use application_analytics::report_month;
use contracts::analytics::{AccountUsage, ApiKeyUsage, FeatureUsage, ModelUsage, Usage, UsageReport};
use domain::ai::{Month, decimal_usd};
use domain::authority::ReadAnalytics;
use edge::{Handler, Problem, Request, Response};
use ports::{AiUsage, AiUsageSum, BoxFuture, Limiter, Store};
use std::sync::Arc;

/// The handler and its ports.
pub struct GetUsage {
    /// Records refused accesses.
    pub store: Arc<dyn Store>,
    /// The monthly sums of usage.
    pub usage: Arc<dyn AiUsage>,
    /// Counts requests.
    pub limiter: Arc<dyn Limiter>,
}

impl Handler for GetUsage {
    fn handle<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Problem>> {
        Box::pin(async move {
            let (store, context) = (self.store.as_ref(), request.context());
            let authority =
                application_core::authorize::<ReadAnalytics>(store, &context, &request.caller()?).await?;
            let mut parameters = request.parameters(&["month"]);
            let month = parameters.judged("month", |month| report_month(month, context.now));
            parameters.finish()?;
            let month = month.unwrap_or_else(|| Month::of(context.now));
            let (usage, limiter) = (self.usage.as_ref(), self.limiter.as_ref());
            let (report, decision) =
                analytics::get_usage(usage, limiter, &context, &authority, month).await?;
            Ok(Response::json(200, &body(report))?.with_rate_limit(decision))
        })
    }
}

fn body(report: analytics::UsageReport) -> UsageReport {
    let features = report.features.into_iter();
    let models = report.models.into_iter();
    let accounts = report.accounts.into_iter();
    let api_keys = report.api_keys.into_iter();
    UsageReport {
        month: report.month.to_string(),
        total: usage(report.total),
        by_feature: features
            .map(|(feature, sum)| FeatureUsage { feature: feature.as_str().to_owned(), usage: usage(sum) })
            .collect(),
        by_model: models
            .map(|((model, price_version), sum)| ModelUsage { model, price_version, usage: usage(sum) })
            .collect(),
        by_account: accounts
            .map(|(id, sum)| AccountUsage { account_id: id.to_string(), usage: usage(sum) })
            .collect(),
        by_api_key: api_keys
            .map(|(id, sum)| ApiKeyUsage { api_key_id: id.to_string(), usage: usage(sum) })
            .collect(),
        others: report.others.map(usage),
    }
}

fn usage(sum: AiUsageSum) -> Usage {
    Usage {
        requests: sum.requests,
        cache_hits: sum.hits,
        presumed_requests: sum.presumed,
        input_tokens: sum.input_tokens,
        output_tokens: sum.output_tokens,
        cache_read_tokens: sum.cache_read_tokens,
        cache_write_tokens: sum.cache_write_tokens,
        cost_usd: decimal_usd(sum.cost),
        presumed_usd: decimal_usd(sum.presumed_cost),
    }
}
