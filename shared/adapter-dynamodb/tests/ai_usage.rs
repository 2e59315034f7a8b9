//! What a month used: every request once, however often and wherever at once it is told; whole sums or none.

use crate::support::ai::{Gateway, limits, settlement, tenant};
use crate::support::{START, at, random_bytes};
use adapter_dynamodb::DynamoAiUsage;
use domain::Timestamp;
use domain::ai::{
    AiRequestMetered, AssignedVariant, CacheUse, Feature, ModelUsage, Month, RequestOutcome, TokenCounts,
    UnmeteredUsage,
};
use domain::id::{AccountId, ApiKeyId, new_id};
use futures_util::future::join_all;
use ports::{
    AiState, AiUsage, AiUsageSum, AiVariantSum, MeteredRequest, RequestMoney, Settlement, StoreError,
    UsageByAsker, UsageLine, UsageVariant,
};
use testkit::Fault;

const TRANSACT: &str = "TransactWriteItems";
const TOKENS: TokenCounts = TokenCounts { input: 1, output: 10, cache_read: 100, cache_write: 1000 };

struct Meter {
    gateway: Gateway,
    usage: DynamoAiUsage,
}

impl Meter {
    fn start() -> Self {
        let gateway = Gateway::start();
        let usage = gateway.environment.ai_usage();
        Self { gateway, usage }
    }

    fn request(&self, change: impl FnOnce(&mut AiRequestMetered)) -> MeteredRequest {
        let mut metered = AiRequestMetered {
            tokens: TOKENS,
            cost_nano_usd: 7,
            outcome: RequestOutcome::Answered,
            ..self.gateway.request(at(0), 0).presumed
        };
        change(&mut metered);
        let (tenant, event_id) = (self.gateway.tenant, new_id(START, &random_bytes()));
        MeteredRequest { tenant, event_id, at: metered.began().unwrap(), metered }
    }

    async fn lines(&self) -> Vec<(UsageLine, AiUsageSum)> {
        self.usage.lines(self.gateway.tenant, &Month::of(START)).await.unwrap()
    }

    async fn askers(&self, most: u32) -> UsageByAsker {
        self.usage.askers(self.gateway.tenant, &Month::of(START), most).await.unwrap()
    }

    /// A request that was assigned to a side.
    fn assigned(&self, model: &str, change: impl FnOnce(&mut AiRequestMetered)) -> MeteredRequest {
        self.request(|metered| {
            metered.variant = Some(variant(model).variant);
            change(metered);
        })
    }

    async fn variants(&self, most: u32) -> Vec<(UsageVariant, AiVariantSum)> {
        let mut variants = self.usage.variants(self.gateway.tenant, &Month::of(START), most).await.unwrap();
        variants.sort_by(|(one, _), (other, _)| one.cmp(other));
        variants
    }

    async fn cost(&self) -> u64 {
        self.usage.month_cost(self.gateway.tenant, &Month::of(START)).await.unwrap()
    }

    /// Everything that is kept of usage.
    async fn items(&self) -> usize {
        let table = self.gateway.environment.tables().ephemeral;
        self.gateway.count(&table, "#ai_usage#").await + self.gateway.count(&table, "#ai_metered#").await
    }
}

/// A side of an experiment whose text has the delimiter of keys.
fn variant(model: &str) -> UsageVariant {
    let variant = AssignedVariant { experiment: "a#b:90|c:10".to_owned(), model: model.to_owned() };
    UsageVariant { feature: Feature::LeadScoring, variant }
}

fn line(model: &str) -> UsageLine {
    UsageLine { feature: Feature::LeadScoring, model: model.to_owned(), price_version: "2026-01".to_owned() }
}

/// So many requests of [`Meter::request`].
fn sum(requests: u64) -> AiUsageSum {
    AiUsageSum {
        requests,
        input_tokens: requests,
        output_tokens: 10 * requests,
        cache_read_tokens: 100 * requests,
        cache_write_tokens: 1000 * requests,
        cost: 7 * requests,
        ..AiUsageSum::default()
    }
}

#[tokio::test]
async fn a_request_is_counted_once_however_often_it_is_told() {
    let meter = Meter::start();
    let request = meter.request(|_| {});
    assert!(meter.usage.add(&request).await.unwrap());
    // Four items of at most a kilobyte, each twice for the transaction: the mark, the total, the account and the line.
    assert_eq!(meter.gateway.calls(), (vec![TRANSACT.to_owned()], 8.0));
    for _ in 0..3 {
        assert!(!meter.usage.add(&request).await.unwrap());
    }
    assert_eq!(meter.lines().await, [(line("claude-sonnet"), sum(1))]);
    let askers = meter.askers(10).await;
    assert_eq!(askers.accounts, [(meter.gateway.account, sum(1))]);
    assert_eq!((askers.api_keys, askers.complete, meter.cost().await), (vec![], true, 7));
    assert_eq!(meter.items().await, 4);
}

#[tokio::test]
async fn requests_that_are_told_at_once_are_counted_once_each() {
    let meter = Meter::start();
    // What DynamoDB says to transactions that meet, which the embedded one never does.
    for _ in 0..100 {
        meter.gateway.environment.wire().fail_next(TRANSACT, Fault::canceled(&["TransactionConflict"]));
    }
    let requests: Vec<_> = (0..20).map(|_| meter.request(|_| {})).collect();
    let told = requests.iter().chain(&requests).chain(&requests).map(|request| meter.usage.add(request));
    let added: Vec<bool> = join_all(told).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(meter.gateway.environment.wire().faults_left(), 0);
    assert_eq!(added.iter().filter(|added| **added).count(), 20);
    assert_eq!(meter.lines().await, [(line("claude-sonnet"), sum(20))]);
    assert_eq!((meter.askers(10).await.accounts[0].1, meter.cost().await), (sum(20), 140));
}

#[tokio::test]
async fn a_lost_answer_counts_once() {
    let meter = Meter::start();
    let request = meter.request(|_| {});
    meter.gateway.environment.wire().fail_next(TRANSACT, Fault::LostAnswer);
    meter.usage.add(&request).await.unwrap();
    assert!(!meter.usage.add(&request).await.unwrap());
    assert_eq!((meter.lines().await[0].1, meter.cost().await), (sum(1), 7));
}

#[tokio::test]
async fn hits_presumed_requests_and_api_keys_are_told_apart() {
    let meter = Meter::start();
    let key: ApiKeyId = new_id(START, &random_bytes());
    let requests = [
        meter.request(|_| {}),
        meter.request(|metered| {
            *metered = AiRequestMetered {
                cache: CacheUse::Hit,
                tokens: TokenCounts::default(),
                cost_nano_usd: 0,
                ..metered.clone()
            };
        }),
        meter.request(|metered| metered.outcome = RequestOutcome::Presumed),
        meter.request(|metered| metered.api_key_id = Some(key)),
        meter.request(|metered| metered.outcome = RequestOutcome::Failed),
    ];
    for request in &requests {
        assert!(meter.usage.add(request).await.unwrap());
    }
    // Nobody knows what the presumed one used, and the hit used nothing.
    let by_account = AiUsageSum { requests: 4, hits: 1, presumed: 1, cost: 21, presumed_cost: 7, ..sum(2) };
    let all = AiUsageSum { requests: 5, hits: 1, presumed: 1, cost: 28, presumed_cost: 7, ..sum(3) };
    let askers = meter.askers(10).await;
    assert_eq!(askers.accounts, [(meter.gateway.account, by_account)]);
    assert_eq!(askers.api_keys, [(key, sum(1))]);
    assert_eq!(meter.lines().await, [(line("claude-sonnet"), all)]);
}

#[tokio::test]
async fn a_variant_is_one_sum_more_and_is_counted_once() {
    let meter = Meter::start();
    let request = meter.assigned("a#b", |_| {});
    assert!(meter.usage.add(&request).await.unwrap());
    // The four items of a request without a variant, and the sum of the variant.
    assert_eq!(meter.gateway.calls(), (vec![TRANSACT.to_owned()], 10.0));
    for _ in 0..3 {
        assert!(!meter.usage.add(&request).await.unwrap());
    }
    let counted = AiVariantSum { usage: sum(1), failed: 0, timed: 1, latency_ms: 900 };
    assert_eq!(meter.variants(10).await, [(variant("a#b"), counted)]);
    assert_eq!((meter.lines().await, meter.cost().await), (vec![(line("claude-sonnet"), sum(1))], 7));
    assert_eq!(meter.items().await, 5);
}

#[tokio::test]
async fn a_variant_tells_its_failures_and_its_time() {
    let meter = Meter::start();
    let free = |metered: &mut AiRequestMetered| {
        (metered.tokens, metered.cost_nano_usd) = (TokenCounts::default(), 0);
    };
    for request in [
        meter.assigned("c", |metered| metered.latency_ms = 100),
        // Another model answered, after the assigned one had failed.
        meter.assigned("c", |metered| metered.latency_ms = 401),
        meter.assigned("c", |metered| metered.outcome = RequestOutcome::Failed),
        meter.assigned("c", |metered| {
            free(metered);
            (metered.cache, metered.attempts) = (CacheUse::Hit, 0);
        }),
        // Nobody knows how long it took, and whether it was answered.
        meter.assigned("c", |metered| metered.outcome = RequestOutcome::Presumed),
        meter.assigned("a#b", free),
        meter.assigned("c", |metered| metered.feature = Feature::Completion),
        meter.request(|_| {}),
    ] {
        assert!(meter.usage.add(&request).await.unwrap());
    }
    let usage = AiUsageSum { requests: 5, hits: 1, presumed: 1, cost: 28, presumed_cost: 7, ..sum(3) };
    let of_c = AiVariantSum { usage, failed: 1, timed: 3, latency_ms: 1401 };
    let nothing = AiUsageSum { requests: 1, ..AiUsageSum::default() };
    let one = AiVariantSum { usage: sum(1), failed: 0, timed: 1, latency_ms: 900 };
    let completion = UsageVariant { feature: Feature::Completion, ..variant("c") };
    let right =
        [(variant("a#b"), AiVariantSum { usage: nothing, ..one }), (variant("c"), of_c), (completion, one)];
    assert_eq!(meter.variants(10).await, right);
    assert_eq!(meter.variants(2).await.len(), 2);
    let elsewhere = meter.usage.variants(tenant(), &Month::of(START), 10).await.unwrap();
    assert_eq!(elsewhere, []);
}

#[tokio::test]
async fn each_model_has_its_line_and_a_request_is_counted_in_one() {
    let meter = Meter::start();
    // A model's name may hold what separates the parts of a key.
    let other = |model: &str, cost| ModelUsage {
        model: model.to_owned(),
        tokens: TokenCounts { input: 1, output: 4, cache_read: 0, cache_write: 0 },
        cost_nano_usd: cost,
        unmetered: UnmeteredUsage::default(),
    };
    let request = meter.request(|metered| metered.other_models = vec![other("a#b#c", 5)]);
    meter.usage.add(&request).await.unwrap();
    let left = AiUsageSum { input_tokens: 0, output_tokens: 6, cost: 2, ..sum(1) };
    let of_other = AiUsageSum { input_tokens: 1, output_tokens: 4, cost: 5, ..AiUsageSum::default() };
    assert_eq!(meter.lines().await, [(line("a#b#c"), of_other), (line("claude-sonnet"), left)]);
    assert_eq!((meter.askers(1).await.accounts[0].1, meter.cost().await), (sum(1), 7));
}

#[tokio::test]
async fn what_nobody_metered_is_counted_as_presumed_and_not_in_tokens() {
    let meter = Meter::start();
    let lost =
        UnmeteredUsage { tokens: TokenCounts { output: 4, ..TokenCounts::default() }, cost_nano_usd: 5 };
    let other =
        ModelUsage { model: "other".to_owned(), tokens: lost.tokens, cost_nano_usd: 5, unmetered: lost };
    let request = meter.request(|metered| {
        (metered.other_models, metered.unmetered) = (vec![other], lost);
    });
    meter.usage.add(&request).await.unwrap();
    // The request is counted where the model answered, its charge where it was lost.
    let left = AiUsageSum { presumed: 1, output_tokens: 6, cost: 2, ..sum(1) };
    let of_other = AiUsageSum { cost: 5, presumed_cost: 5, ..AiUsageSum::default() };
    assert_eq!(meter.lines().await, [(line("claude-sonnet"), left), (line("other"), of_other)]);
    let whole = AiUsageSum { presumed: 1, output_tokens: 6, presumed_cost: 5, ..sum(1) };
    assert_eq!((meter.askers(1).await.accounts[0].1, meter.cost().await), (whole, 7));
    let poison = meter.request(|metered| metered.unmetered = UnmeteredUsage { cost_nano_usd: 8, ..lost });
    meter.usage.add(&poison).await.unwrap_err();
}

#[tokio::test]
async fn a_request_whose_parts_can_t_be_counts_nothing() {
    let meter = Meter::start();
    let other = ModelUsage {
        model: "other".to_owned(),
        tokens: TOKENS,
        cost_nano_usd: 8,
        unmetered: UnmeteredUsage::default(),
    };
    let poison = meter.request(|metered| metered.other_models = vec![other]);
    for _ in 0..2 {
        let error = meter.usage.add(&poison).await.unwrap_err();
        assert!(matches!(error, StoreError::Malformed(_)), "{error:?}");
    }
    assert_eq!(meter.gateway.calls().0, Vec::<String>::new());
    assert_eq!(meter.items().await, 0);
    assert!(meter.usage.add(&meter.request(|_| {})).await.unwrap());
    assert_eq!(meter.cost().await, 7);
}

#[tokio::test]
async fn nothing_is_counted_by_halves() {
    let meter = Meter::start();
    let request = meter.request(|_| {});
    for _ in 0..40 {
        let broken = serde_json::json!({"__type": "InternalServerError"});
        meter.gateway.environment.wire().fail_next(TRANSACT, Fault::Answer(500, broken));
    }
    meter.usage.add(&request).await.unwrap_err();
    assert_eq!(meter.items().await, 0);
}

#[tokio::test]
async fn months_and_tenants_are_apart() {
    let meter = Meter::start();
    let mut last = meter.request(|_| {});
    last.at = Timestamp::from_millis(START.millis() - 1);
    let mut stranger = meter.request(|_| {});
    stranger.tenant = tenant();
    for request in [&last, &stranger, &meter.request(|_| {})] {
        meter.usage.add(request).await.unwrap();
    }
    assert_eq!(meter.lines().await, [(line("claude-sonnet"), sum(1))]);
    let before = Month::parse("2025-12").unwrap();
    let lines = meter.usage.lines(meter.gateway.tenant, &before).await.unwrap();
    assert_eq!(lines, [(line("claude-sonnet"), sum(1))]);
    let elsewhere = meter.usage.lines(stranger.tenant, &Month::of(START)).await.unwrap();
    assert_eq!(elsewhere, [(line("claude-sonnet"), sum(1))]);
    let nothing = meter.usage.lines(stranger.tenant, &before).await.unwrap();
    assert_eq!(nothing, []);
}

#[tokio::test]
async fn no_more_askers_are_read_than_are_wanted() {
    let meter = Meter::start();
    let mut accounts: Vec<AccountId> = (0..5).map(|_| new_id(START, &random_bytes())).collect();
    for account in &accounts {
        meter.usage.add(&meter.request(|metered| metered.account_id = *account)).await.unwrap();
    }
    let key: ApiKeyId = new_id(START, &random_bytes());
    meter.usage.add(&meter.request(|metered| metered.api_key_id = Some(key))).await.unwrap();
    accounts.sort_unstable_by_key(ToString::to_string);
    for (most, complete) in [(1, false), (4, false), (5, true), (6, true)] {
        let askers = meter.askers(most).await;
        let found: Vec<AccountId> = askers.accounts.into_iter().map(|(id, _)| id).collect();
        let expected: Vec<_> = accounts.iter().copied().take(most.try_into().unwrap()).collect();
        assert_eq!((found, askers.complete), (expected, complete), "{most}");
        assert_eq!(askers.api_keys, [(key, sum(1))]);
    }
}

/// What is told of every budget: the same for all.
async fn charged(gateway: &Gateway, at: &str) -> (u64, u64) {
    gateway.committed_and_settled(Timestamp::parse(at).unwrap()).await
}

#[tokio::test]
async fn a_request_over_midnight_is_released_and_charged_where_it_was_set_aside() {
    let gateway = Gateway::start();
    // The last millisecond of a month and a year.
    let before = Timestamp::from_millis(START.millis() - 1);
    let answered = gateway.reserved(before, 100).await;
    let died = gateway.reserved(before, 40).await;
    assert_eq!(charged(&gateway, "2025-12-31T23:59:59.999Z").await, (140, 0));
    let end = Settlement { at: at(5), ..settlement(&answered, 30) };
    assert!(gateway.state.settle(&end).await.unwrap());
    let found = gateway.state.expired(at(100), 10).await.unwrap();
    assert_eq!(found, std::slice::from_ref(&died));
    let swept = Settlement { at: at(100), metered: found[0].presumed.clone(), ..settlement(&died, 0) };
    assert!(gateway.state.settle(&swept).await.unwrap());
    assert_eq!(charged(&gateway, "2025-12-31T23:59:59.999Z").await, (70, 70));
    assert_eq!(charged(&gateway, "2026-01-01T00:00:00Z").await, (0, 0));
}

/// A request that waited over midnight for somebody else's answer counts where its usage does: when it began.
#[tokio::test]
async fn a_request_that_is_set_aside_after_midnight_counts_when_it_began() {
    let gateway = Gateway::start();
    let mut request = gateway.request(Timestamp::from_millis(START.millis() - 1), 100);
    request.at = at(3);
    gateway.reserve(&mut request, &limits(1000)).await.unwrap();
    let mut larger = request.clone();
    gateway.state.extend(&mut larger, 150, &limits(1000)).await.unwrap();
    assert_eq!(charged(&gateway, "2025-12-31T12:00:00Z").await, (150, 0));
    let end = Settlement { at: at(9), ..settlement(&larger, 30) };
    assert!(gateway.state.settle(&end).await.unwrap());
    assert_eq!(charged(&gateway, "2025-12-31T12:00:00Z").await, (30, 30));
    assert_eq!(charged(&gateway, "2026-01-01T12:00:00Z").await, (0, 0));
    assert_eq!(Month::of(end.metered.began().unwrap()).as_str(), "2025-12");
}
