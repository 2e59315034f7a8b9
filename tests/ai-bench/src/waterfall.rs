//! What each technique saves of the same week, one after the other. Nothing is computed from a table of percentages: every line
//! asks for every score through the real gateway, which sends what it sends, waits, keeps and settles as in production; what
//! is added up is what it metered.

use crate::counting_model::CountingModel;
use crate::mix::Request;
use crate::naive;
use crate::state::{Bill, Counter, MemoryState, NoLimits, NoTime, Remembers};
use application_ai::gateway::answer;
use application_ai::{AiGateway, Chain, Providers, Registry, Requester};
use application_core::Context;
use application_sales::{LeadJudgement, LeadScorer};
use domain::sales::Engine;
use futures_util::future::join;
use ports::{ModelGateway, Usage};
use serde::Serialize;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The strongest model of the table, and the first of the chain as it is shipped.
const STRONGEST: &str = "us.anthropic.claude-sonnet-4-6";
/// The chain of `template.yaml`.
const SHIPPED: &str = "us.anthropic.claude-sonnet-4-6,us.amazon.nova-pro-v1:0,rules";
/// A cheap model first, the strongest where its answer can't be used.
const TIERED: &str = "us.amazon.nova-pro-v1:0,us.anthropic.claude-sonnet-4-6,rules";

/// How scores are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Way {
    /// The question as it is written first, instead of ours.
    pub naive: bool,
    /// What is remembered of answers.
    pub remembers: Remembers,
    /// Leads that are asked for together are told together.
    pub together: bool,
    /// Which models.
    pub chain: &'static str,
}

/// The techniques in their order, each with all before it.
pub fn ways() -> [(&'static str, Way); 6] {
    let nothing = Remembers { answers: false, making: false };
    let answers = Remembers { answers: true, making: false };
    let all = Remembers { answers: true, making: true };
    let naive = Way { naive: true, remembers: nothing, together: false, chain: STRONGEST };
    let ours = Way { naive: false, chain: SHIPPED, ..naive };
    [
        ("naive", naive),
        ("short question and answer", ours),
        ("cache, 24 hours", Way { remembers: answers, ..ours }),
        ("single flight", Way { remembers: all, ..ours }),
        ("ten leads a question", Way { remembers: all, together: true, ..ours }),
        ("cheap model first", Way { remembers: all, together: true, chain: TIERED, ..ours }),
    ]
}

/// What a way costs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// The technique that is added.
    pub what: String,
    /// Scores.
    pub scores: u64,
    /// Scores that the rules made after all.
    pub by_rules: u64,
    /// What the gateway metered.
    pub bill: Bill,
    /// What the provider itself counted, by model, at the table's prices, in nano-dollars.
    pub counted_cost: u64,
}

impl Line {
    /// Dollars for a score.
    pub fn dollars_each(&self) -> f64 {
        float(self.bill.cost) / 1e9 / float(self.scores.max(1))
    }
}

pub(crate) fn float(number: u64) -> f64 {
    u32::try_from(number / 1_000_000).map_or(f64::INFINITY, f64::from) * 1e6
        + u32::try_from(number % 1_000_000).map_or(0.0, f64::from)
}

/// Every way, for these requests.
pub async fn measure(requests: &[Request]) -> Vec<Line> {
    let mut lines = Vec::new();
    for (what, way) in ways() {
        lines.push(line(what, way, requests).await);
    }
    lines
}

/// One way.
pub async fn line(what: &str, way: Way, requests: &[Request]) -> Line {
    let registry = Registry::shipped().unwrap();
    let state = Arc::new(MemoryState::new(way.remembers));
    let model = Arc::new(CountingModel::new());
    let provider: Arc<dyn ModelGateway> = model.clone();
    let (limits, time) = (Arc::new(NoLimits), Arc::new(NoTime));
    let gateway = Arc::new(AiGateway::new(state.clone(), limits, time, registry.clone()));
    let scorer = LeadScorer {
        gateway,
        providers: Providers { bedrock: provider, openai: None },
        chain: Chain::parse(way.chain, &registry).unwrap(),
        price_version: registry.version.clone(),
    };
    let entropy = Arc::new(Counter::default());
    let (mut scores, mut by_rules) = (0, 0);
    for request in requests {
        model.at(request.at.millis());
        let context = Context {
            now: request.at,
            began: Instant::now(),
            correlation_id: "bench".to_owned(),
            causation_id: None,
            deadline: Instant::now() + Duration::from_secs(29),
            entropy: entropy.clone(),
        };
        let asker = Requester { tenant: request.tenant, account: request.account, api_key: None };
        let once = || scored(&scorer, way, request, &context, &asker);
        let judgements = if request.twice {
            let (mut one, two) = join(once(), once()).await;
            one.extend(two);
            one
        } else {
            once().await
        };
        for judgement in judgements {
            scores += 1;
            by_rules += u64::from(judgement.expect("a score").is_some_and(|engine| engine == Engine::Rules));
        }
    }
    Line {
        what: what.to_owned(),
        scores,
        by_rules,
        bill: state.bill(),
        counted_cost: priced(&registry, &model.usage()),
    }
}

/// Who judged each lead of a request; `None` for a report, which nobody reads as a score.
async fn scored(
    scorer: &LeadScorer,
    way: Way,
    request: &Request,
    context: &Context,
    asker: &Requester,
) -> Vec<Result<Option<Engine>, String>> {
    let engine = |judgement: LeadJudgement| {
        judgement.map(|score| Some(score.engine)).map_err(|error| error.to_string())
    };
    let mut judged = Vec::with_capacity(request.leads.len());
    if way.together && request.leads.len() > 1 {
        let leads: Vec<_> = request.leads.iter().map(|lead| lead.as_ref().clone()).collect();
        judged.extend(scorer.score_all(&leads, context, asker).await.into_iter().map(engine));
        return judged;
    }
    for lead in &request.leads {
        judged.push(if way.naive {
            let ask = naive::ask(lead, scorer.chain.clone());
            let answered = answer(&scorer.gateway, &scorer.providers, context, asker, &ask).await;
            answered.map(|_| None).map_err(|unanswered| unanswered.error.to_string())
        } else {
            engine(scorer.score(lead, context, asker).await.map_err(Arc::new))
        });
    }
    judged
}

fn priced(registry: &Registry, usage: &HashMap<String, Usage>) -> u64 {
    usage.iter().map(|(model, usage)| registry.model(model).unwrap().cost(usage)).sum()
}
