//! `GET /v1/analytics/usage`: the usage of models in a month.

use application_analytics as analytics;
use application_analytics::report_month;
use contracts::analytics::{
    AccountUsage, ApiKeyUsage, FeatureUsage, ModelUsage, Usage, UsageReport, VariantUsage,
};
use domain::ai::{Month, decimal_usd};
use domain::authority::{Authority, ReadAnalytics};
use edge::{ReadLimit, Request, Response, Route, RouteFuture};
use ports::{AiUsage, AiUsageSum, AiVariantSum, UsageVariant};
use std::sync::Arc;

/// The handler and its ports.
pub struct GetUsage {
    /// The monthly sums of usage.
    pub usage: Arc<dyn AiUsage>,
}

impl Route for GetUsage {
    type Permission = ReadAnalytics;
    type Limit = ReadLimit;

    fn handle<'a>(&'a self, request: &'a Request, authority: Authority<ReadAnalytics>) -> RouteFuture<'a> {
        let now = request.now();
        let mut parameters = request.parameters(&["month"]);
        let month = parameters.judged("month", |month| report_month(month, now));
        parameters.finish()?;
        let month = month.unwrap_or_else(|| Month::of(now));
        Ok(Box::pin(async move {
            let report = analytics::get_usage(self.usage.as_ref(), &authority, month).await?;
            Response::json(200, &body(report))
        }))
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
        variants: report.variants.into_iter().map(|(of, sum)| variant(of, &sum)).collect(),
    }
}

fn variant(UsageVariant { feature, variant }: UsageVariant, sum: &AiVariantSum) -> VariantUsage {
    VariantUsage {
        feature: feature.as_str().to_owned(),
        experiment: variant.experiment,
        variant: variant.model,
        usage: usage(sum.usage),
        failed_requests: sum.failed,
        timed_requests: sum.timed,
        mean_latency_ms: sum.latency_ms.checked_div(sum.timed),
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
