//! The bill of an organization for a month: only metered requests to models, because there are no plans yet. Every
//! amount is in whole nano-dollars, and the parts of each sum add up to it exactly.

use super::training::{TrainingLine, split_training};
use application_ai::{OwnPrices, PriceBook, own_version};
use application_core::{Context, Error, repository};
use domain::ai::{AiBudget, AiMonth, AiPricesEvent, Limits, Month, PricesOverridden};
use domain::authority::{Authority, ReadBilling};
use domain::id::OrganizationId;
use domain::{AggregateType, DomainEvent, Timestamp};
use ports::{AggregateKey, AiUsage, AiUsageSum, Store, StoreError, UsageLine};

/// The part of a month that must be over before a forecast: before that, one day weighs too much.
const FORECAST_FROM_MILLIS: i64 = 3 * 24 * 3600 * 1000;

/// A kind of tokens, which has a price of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// Input tokens at full price.
    Input,
    /// Output tokens.
    Output,
    /// Input tokens that were read from a provider's prompt cache.
    CacheRead,
    /// Input tokens that were written to a provider's prompt cache.
    CacheWrite,
}

impl TokenKind {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Output => "output",
            Self::CacheRead => "cache_read",
            Self::CacheWrite => "cache_write",
        }
    }
}

/// Tokens of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PricedTokens {
    /// The kind.
    pub kind: TokenKind,
    /// The number of tokens.
    pub tokens: u64,
    /// The price of one token in nano-dollars; `None` when the version of the prices is not known any more.
    pub price: Option<u64>,
}

impl PricedTokens {
    /// The cost of the tokens at that price, in nano-dollars.
    pub fn amount(&self) -> Option<u128> {
        self.price.map(|price| u128::from(self.tokens) * u128::from(price))
    }
}

/// A line of a bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceLine {
    /// Feature, model and version of the prices.
    pub line: UsageLine,
    /// The usage and the cost, which is the amount of the line.
    pub sum: AiUsageSum,
    /// Its tokens at the prices of the line.
    pub tokens: [PricedTokens; 4],
    /// The part of the amount that tokens at these prices and presumed charges do not explain: 0 unless prices were
    /// changed under the same version. `None` when the prices are not known.
    pub difference: Option<i128>,
}

/// A month's bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bill {
    /// The month.
    pub month: Month,
    /// The sum of the lines, those of training included.
    pub total: AiUsageSum,
    /// The lines of requests to models.
    pub lines: Vec<InvoiceLine>,
    /// The current limits, whatever they were in the month.
    pub limits: Limits,
    /// The percentages of the expected cost that were reported in the month.
    pub told: Vec<u16>,
    /// The forecast: the cost of the whole month if it goes on as it began, in nano-dollars; only for the current
    /// month, once three days of it are over.
    pub forecast: Option<u64>,
    /// The lines of the training of models.
    pub training: Vec<TrainingLine>,
}

impl Bill {
    /// The spent part of the expected cost, in whole percent, rounded down; `None` when it is 0.
    pub fn percent_of_expected(&self) -> Option<u64> {
        percent(self.total.cost, self.limits.expected_month)
    }

    /// The spent part of the month's limit, in whole percent, rounded down; `None` when it is 0.
    pub fn percent_of_limit(&self) -> Option<u64> {
        percent(self.total.cost, self.limits.tenant_month)
    }
}

/// Reads the lines of a month, the budget and the reported percentages, all at the same time; afterwards the tenant's own prices, if a line names them.
pub async fn get_billing(
    store: &dyn Store,
    (usage, prices): (&dyn AiUsage, &PriceBook),
    context: &Context,
    authority: &Authority<ReadBilling>,
    month: Month,
) -> Result<Bill, Error> {
    let tenant = authority.tenant();
    let budget = AggregateKey::new(tenant, AggregateType::AiBudget, &tenant);
    let told = AggregateKey::new(tenant, AggregateType::AiMonth, &month.id());
    let lines = async {
        let lines = usage.lines(tenant, &month).await?;
        let own = own_prices(store, tenant, &lines).await?;
        Ok((lines, own))
    };
    let budget = async { Ok::<_, Error>(repository::load::<AiBudget>(store, &budget).await?) };
    let told = async { Ok(repository::load::<AiMonth>(store, &told).await?) };
    let ((lines, own), budget, told) = futures_util::future::try_join3(lines, budget, told).await?;
    let total = lines.iter().fold(AiUsageSum::default(), |total, (_, sum)| total.plus(*sum));
    let (training, lines) = split_training(prices, lines);
    Ok(Bill {
        training,
        forecast: forecast(total.cost, &month, context.now),
        lines: lines.into_iter().map(|(line, sum)| invoice_line(prices, &own, line, sum)).collect(),
        limits: budget.map_or_else(Limits::default, |budget| budget.state.limits),
        told: told.map(|told| told.state.reached.into_iter().collect()).unwrap_or_default(),
        total,
        month,
    })
}

/// The tenant's own prices in every version that lines name, from the ledger, which alone keeps earlier ones: one
/// query, or none when no line names any.
async fn own_prices(
    store: &dyn Store,
    tenant: OrganizationId,
    lines: &[(UsageLine, AiUsageSum)],
) -> Result<OwnPrices, Error> {
    let versions = lines.iter().filter_map(|(line, _)| own_version(&line.price_version));
    let Some(last) = versions.max() else { return Ok(OwnPrices::new()) };
    let key = AggregateKey::new(tenant, AggregateType::AiPrices, &tenant);
    let mut own = OwnPrices::new();
    for record in repository::history_at(store, &key, last).await? {
        let event = AiPricesEvent::decode(&record.event).map_err(|error| StoreError::Decode(error.into()))?;
        // Each event sets all of them.
        let AiPricesEvent::Overridden(PricesOverridden { prices, .. }) = event;
        own.insert(record.version, prices);
    }
    Ok(own)
}

fn invoice_line(prices: &PriceBook, own: &OwnPrices, line: UsageLine, sum: AiUsageSum) -> InvoiceLine {
    let model = prices.model(&line.price_version, &line.model, own);
    let model = model.as_ref();
    let tokens = [
        (TokenKind::Input, sum.input_tokens, model.map(|model| model.input)),
        (TokenKind::Output, sum.output_tokens, model.map(|model| model.output)),
        (TokenKind::CacheRead, sum.cache_read_tokens, model.map(|model| model.cache_read)),
        (TokenKind::CacheWrite, sum.cache_write_tokens, model.map(|model| model.cache_write)),
    ]
    .map(|(kind, tokens, price)| PricedTokens { kind, tokens, price });
    let priced: Option<u128> = tokens.iter().map(PricedTokens::amount).sum();
    let difference = priced.map(|priced| {
        let explained = i128::try_from(priced).unwrap_or(i128::MAX).saturating_add(sum.presumed_cost.into());
        i128::from(sum.cost).saturating_sub(explained)
    });
    InvoiceLine { line, sum, tokens, difference }
}

/// A linear forecast: each second of the rest costs as much as each second so far.
fn forecast(cost: u64, month: &Month, now: Timestamp) -> Option<u64> {
    let (start, end) = month.bounds();
    if now >= end {
        return None;
    }
    let over = now.millis().checked_sub(start.millis()).filter(|over| *over >= FORECAST_FROM_MILLIS)?;
    let (over, all) = (u128::try_from(over).ok()?, u128::try_from(end.millis() - start.millis()).ok()?);
    u64::try_from(u128::from(cost).checked_mul(all)?.checked_div(over)?).ok()
}

fn percent(part: u64, of: u64) -> Option<u64> {
    let percent = (u128::from(part) * 100).checked_div(u128::from(of))?;
    Some(u64::try_from(percent).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_of_a_month_is_reckoned_from_three_days_on() {
        let month = Month::parse("2026-11").unwrap();
        let at = |text: &str| forecast(3_000_000_000, &month, Timestamp::parse(text).unwrap());
        assert_eq!(at("2026-11-01T00:00:00Z"), None);
        assert_eq!(at("2026-11-03T23:59:59.999Z"), None);
        assert_eq!(at("2026-11-04T00:00:00Z"), Some(30_000_000_000));
        assert_eq!(at("2026-11-16T00:00:00Z"), Some(6_000_000_000));
        assert!(at("2026-11-30T23:59:59.999Z").unwrap() >= 3_000_000_000);
        // The month is over, so its cost is final.
        assert_eq!(at("2026-12-01T00:00:00Z"), None);
        assert_eq!(forecast(u64::MAX, &month, Timestamp::parse("2026-11-04T00:00:00Z").unwrap()), None);
    }

    #[test]
    fn parts_are_rounded_down_and_of_nothing_there_are_none() {
        assert_eq!(percent(799_999_999, 1_000_000_000), Some(79));
        assert_eq!(percent(800_000_000, 1_000_000_000), Some(80));
        assert_eq!(percent(u64::MAX, 1), Some(u64::MAX));
        assert_eq!(percent(5, 0), None);
    }
}
