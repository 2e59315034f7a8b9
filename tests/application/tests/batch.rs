//! Many leads in one prompt: each gets its own score, and the cost of the prompt is shared exactly to the nano-dollar.

use crate::scorer::{NOVA, SONNET, Scene};
use crate::support::{NOW, input};
use application_ai::{Chain, Registry, SplitSubject};
use application_core::{Error, Precondition};
use application_sales::{LeadOutcome, ScoreLead, delete_lead, score_leads};
use domain::ai::{Feature, Limits};
use domain::authority::{ScoreManyLeads, WriteLeads};
use domain::id::{AccountId, LeadId, new_id};
use domain::sales::{Engine, Lead, LeadInput, LeadScore};
use domain::tenancy::Role;
use ports::{ModelAnswer, ModelError, StopReason, Usage};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

const HAIKU: &str = "us.anthropic.claude-haiku-4-5-20251001-v1:0";

/// Leads with different notes.
fn leads(scene: &Scene, many: usize) -> Vec<Lead> {
    let of = |at: usize| {
        let mut lead = scene.lead.clone();
        lead.contact.as_mut().unwrap().notes = Some(format!("budget of lead{at} is approved"));
        lead
    };
    (0..many).map(of).collect()
}

/// A score that quotes the notes of the lead with this number.
fn judgement(lead: usize) -> Value {
    json!({
        "abstain": false, "budget": lead, "authority": 60, "need": 70, "timeline": 50, "confidence_percent": 82,
        "factors": [{"dimension": "budget", "impact": 30, "field": "notes", "quote": format!("lead{lead}"),
            "reason": "Money is there"}],
    })
}

fn answer(leads: impl IntoIterator<Item = usize>) -> Map<String, Value> {
    leads.into_iter().enumerate().map(|(at, lead)| (at.to_string(), judgement(lead))).collect()
}

fn give(scene: &Scene, answer: &Map<String, Value>) {
    scene.model.answer(Value::from(answer.clone()).to_string());
}

async fn score(scene: &Scene, chain: &str, leads: &[Lead]) -> Vec<Result<LeadScore, Arc<Error>>> {
    scene.scorer(chain).score_all(leads, &scene.tenant.context(), &scene.asker()).await
}

fn budgets(scores: &[LeadScore]) -> Vec<u8> {
    scores.iter().map(|score| score.assessment.outcome.as_ref().unwrap().budget).collect()
}

#[tokio::test]
async fn ten_leads_are_one_question_and_share_its_cost() {
    let scene = Scene::start().await;
    // Both prompts are sent at the same time, in any order.
    for (lead, group) in [("lead9 ", 0..10), ("lead12 ", 10..13)] {
        scene.model.reply(lead, Value::from(answer(group)).to_string());
    }
    let scores = score(&scene, &format!("{SONNET},rules"), &leads(&scene, 13)).await;
    let scores: Vec<LeadScore> = scores.into_iter().map(Result::unwrap).collect();
    assert_eq!(budgets(&scores), (0..13).collect::<Vec<u8>>());
    let calls = scene.model.calls();
    let mut asked: Vec<_> = calls.iter().map(|call| (call.max_output_tokens, call.temperature)).collect();
    asked.sort_by_key(|(tokens, _)| *tokens);
    assert_eq!(asked, [(4_500, Some(0.0)), (15_000, Some(0.0))]);
    // 6,600,000 nano-dollars for each prompt, shared by ten and by three leads; the tokens are shared too.
    for (group, each) in [(&scores[..10], 660_000), (&scores[10..], 2_200_000)] {
        assert!(group.iter().all(|score| score.cost.nano_usd == each && score.engine == Engine::Model));
        assert_eq!(group.iter().map(|score| score.cost.input_tokens).sum::<u64>(), 1000);
        assert_eq!(group.iter().map(|score| score.cost.output_tokens).sum::<u64>(), 200);
    }
}

/// Leads of two prompts and leads that are scored alone: a split step chooses one model for a tenant.
#[tokio::test]
async fn a_split_step_has_one_side_however_leads_are_asked() {
    let scene = Scene::start().await;
    let mut leads = leads(&scene, 20);
    for (number, lead) in leads.iter_mut().enumerate() {
        lead.id = new_id(NOW, &[u8::try_from(number).unwrap(); 10]);
        lead.contact.as_mut().unwrap().notes = Some(format!("budget of lead0 is approved, {number}"));
    }
    // The answer is usable for the first lead only, so each other lead is scored again alone.
    scene.model.always(Value::from(answer([0])).to_string());
    score(&scene, &format!("{SONNET}:50|{NOVA}:50,rules"), &leads).await;
    let mut asked = scene.model.asked();
    assert!(asked.len() > 20, "{asked:?}");
    asked.dedup();
    assert_eq!(asked.len(), 1, "{asked:?}");
}

/// The sides of the organization's own split are those of the leads, whether they are scored together or alone.
#[tokio::test]
async fn leads_keep_their_sides_of_the_organizations_split_together_and_alone() {
    let scene = Scene::start().await;
    let split = format!("{SONNET}:50|{NOVA}:50");
    let chains = [(Feature::LeadScoring, vec![split.clone(), "rules".to_owned()])].into();
    scene.tenant.limit(Limits { chains, ..Limits::default() }).await;
    let mut leads = leads(&scene, 24);
    for (number, lead) in leads.iter_mut().enumerate() {
        lead.id = new_id(NOW, &[u8::try_from(number).unwrap(); 10]);
        lead.contact.as_mut().unwrap().notes = Some(format!("budget of lead0 is approved, number{number}."));
    }
    let split = Chain::parse(&split, &Registry::shipped().unwrap()).unwrap();
    let side = |lead: &Lead| {
        let subject = SplitSubject::Item(&lead.id.to_string()).hashed(&scene.asker(), Feature::LeadScoring);
        split.models(&subject)[0].id.clone()
    };
    // The answer is usable for one lead of each prompt only, so each other lead is scored again alone.
    scene.model.always(Value::from(answer([0])).to_string());
    score(&scene, &format!("{HAIKU},rules"), &leads).await;
    let calls = scene.model.calls();
    let mut asked: BTreeMap<&str, usize> = BTreeMap::new();
    for call in &calls {
        let prompt = call.messages[0].joined_text();
        let about: Vec<&Lead> = leads
            .iter()
            .enumerate()
            .filter(|(number, _)| prompt.contains(&format!("number{number}.")))
            .map(|(_, lead)| lead)
            .collect();
        assert!(!about.is_empty());
        assert!(about.iter().all(|lead| side(lead) == call.model), "{} leads in a prompt", about.len());
        if about.len() > 1 {
            *asked.entry(call.model.as_str()).or_default() += about.len();
        }
    }
    // Nearly every lead stood in a shared prompt, one of both sides may have been left over.
    assert_eq!(asked.keys().copied().collect::<Vec<_>>(), [NOVA, SONNET]);
    assert!(asked.values().sum::<usize>() >= 22, "{asked:?}");
}

#[tokio::test]
async fn what_can_t_be_divided_is_borne_by_the_first() {
    let scene = Scene::start().await;
    let usage = Usage { input_tokens: 11, output_tokens: 1, ..Usage::default() };
    let text = Value::from(answer(0..7)).to_string();
    scene.model.script(Ok(ModelAnswer {
        reasoning: Vec::new(),
        tool_calls: Vec::new(),
        text,
        stop: StopReason::EndTurn,
        usage: Some(usage),
    }));
    let scores = score(&scene, SONNET, &leads(&scene, 7)).await;
    let costs: Vec<u64> = scores.iter().map(|score| score.as_ref().unwrap().cost.nano_usd).collect();
    // 11 * 3,300 + 16,500 = 52,800, which is not divisible by seven.
    assert_eq!(costs.iter().sum::<u64>(), 52_800);
    assert_eq!((costs[0], costs[6]), (7_543, 7_542));
}

/// One lead's part of the answer can be unusable in these ways while the other parts are usable.
#[tokio::test]
async fn a_part_of_no_use_is_asked_for_again_alone_and_costs_no_other_its_score() {
    let mut spoiled = judgement(1);
    spoiled["budget"] = json!(101);
    let mut extra = judgement(1);
    extra["admin"] = json!(true);
    // A quotation of another lead's notes.
    let parts =
        [None, Some(spoiled), Some(extra), Some(judgement(0)), Some(json!("text")), Some(Value::Null)];
    for part in parts {
        let scene = Scene::start().await;
        let mut together = answer(0..3);
        together.remove("1");
        together.extend(part.clone().map(|part| ("1".to_owned(), part)));
        give(&scene, &together);
        scene.model.answer(judgement(1).to_string());
        let scores = score(&scene, &format!("{SONNET},rules"), &leads(&scene, 3)).await;
        let scores: Vec<LeadScore> = scores.into_iter().map(Result::unwrap).collect();
        assert_eq!(budgets(&scores), [0, 1, 2], "{part:?}");
        let calls = scene.model.calls();
        assert_eq!(calls.len(), 2, "{part:?}");
        assert!(
            calls[1].messages[0].joined_text().contains("lead1")
                && !calls[1].messages[0].joined_text().contains("lead0")
        );
        let costs: Vec<u64> = scores.iter().map(|score| score.cost.nano_usd).collect();
        assert_eq!(costs, [2_200_000, 8_800_000, 2_200_000], "{part:?}");
        assert_eq!(scores.iter().map(|score| score.cost.attempts).collect::<Vec<_>>(), [1, 2, 1]);
    }
}

#[tokio::test]
async fn a_lead_that_no_model_can_judge_is_left_to_the_rules_or_fails_alone() {
    for rules in [true, false] {
        let scene = Scene::start().await;
        let mut together = answer(0..3);
        together.remove("2");
        give(&scene, &together);
        scene.model.answer("no");
        scene.model.answer("still no");
        let chain = if rules { format!("{SONNET},rules") } else { SONNET.to_owned() };
        let scores = score(&scene, &chain, &leads(&scene, 3)).await;
        assert!(scores[..2].iter().all(|score| score.as_ref().unwrap().engine == Engine::Model));
        match &scores[2] {
            Ok(score) => {
                assert!(rules);
                assert_eq!((score.engine, score.cost.nano_usd), (Engine::Rules, 2_200_000 + 13_200_000));
            }
            Err(error) => assert!(!rules && matches!(**error, Error::AnswerUnusable)),
        }
    }
}

#[tokio::test]
async fn a_refusal_of_all_is_tried_with_each_and_a_failure_of_all_is_left_to_the_rules() {
    let scene = Scene::start().await;
    scene.model.fail(ModelError::Refused("400".into()));
    // The two prompts are sent at the same time, in any order, so the answer fits both.
    let mut either = judgement(0);
    either["factors"][0]["quote"] = json!("is approved");
    scene.model.answer(either.to_string());
    scene.model.fail(ModelError::Refused("400".into()));
    let scores = score(&scene, &format!("{SONNET},rules"), &leads(&scene, 2)).await;
    let by_model = scores.iter().filter(|score| score.as_ref().unwrap().engine == Engine::Model);
    assert_eq!((by_model.count(), scene.model.calls().len()), (1, 3));

    let scene = Scene::start().await;
    scene.model.fail(ModelError::NoSuchModel);
    scene.model.fail(ModelError::NoSuchModel);
    let scores = score(&scene, &format!("{SONNET},{NOVA},rules"), &leads(&scene, 4)).await;
    assert!(scores.iter().all(|score| score.as_ref().unwrap().engine == Engine::Rules));
    assert_eq!(scene.model.calls().len(), 2);
}

fn needs(scene: &Scene, chain: &str) -> ScoreLead {
    ScoreLead {
        store: Arc::clone(&scene.tenant.store),
        limiter: Arc::new(scene.tenant.environment.limiter()),
        scorer: scene.scorer(chain),
    }
}

async fn outcomes(scene: &Scene, needs: &ScoreLead, ids: &[LeadId]) -> Result<Vec<LeadOutcome>, Error> {
    let authority = scene.tenant.authority_of::<ScoreManyLeads>(Role::Manager);
    Ok(score_leads(needs, &scene.tenant.context(), &authority, ids, None).await?.0.value)
}

#[tokio::test]
async fn each_lead_has_an_outcome_and_a_command_of_its_own() {
    let scene = Scene::start().await;
    let tenant = &scene.tenant;
    let own =
        tenant.add_lead(11, tenant.owner, &LeadInput { notes: Some("budget of lead1"), ..input() }).await;
    let deleted = tenant.add_lead(12, tenant.owner, &input()).await;
    let writes = tenant.authority::<WriteLeads>();
    delete_lead(tenant.store.as_ref(), &tenant.context(), &writes, &deleted, &Precondition::NONE)
        .await
        .unwrap();
    let colleague: AccountId = new_id(NOW, &[9; 10]);
    let of_a_colleague =
        tenant.add_lead(13, colleague, &LeadInput { notes: Some("lead2 has a budget"), ..input() }).await;
    let nowhere: LeadId = new_id(NOW, &[14; 10]);

    let mut together = Map::new();
    together.insert("0".to_owned(), json!("nonsense"));
    together.insert("1".to_owned(), judgement(2));
    together.insert("2".to_owned(), judgement(1));
    give(&scene, &together);
    let ids = [nowhere, tenant.lead, of_a_colleague, own, deleted];
    let outcomes = outcomes(&scene, &needs(&scene, &format!("{SONNET},rules")), &ids).await.unwrap();
    // The model's answer was unusable for the first of the three leads, and then no model answered, so the rules scored
    // it.
    let [
        LeadOutcome::NotFound,
        LeadOutcome::Scored(first),
        LeadOutcome::Scored(colleagues),
        LeadOutcome::Scored(second),
        LeadOutcome::NotFound,
    ] = outcomes.as_slice()
    else {
        panic!("{outcomes:?}")
    };
    assert_eq!((first.score.engine, second.score.engine), (Engine::Rules, Engine::Model));
    assert_eq!((first.lead.state.id, second.lead.state.id), (tenant.lead, own));
    assert_eq!((first.lead.version, second.lead.version), (2, 2));
    assert_eq!((colleagues.score.engine, colleagues.lead.state.id), (Engine::Model, of_a_colleague));
    let costs = [first, second, colleagues].map(|scored| scored.score.cost.nano_usd);
    assert_eq!(costs.iter().sum::<u64>(), 6_600_000);
    assert_eq!(tenant.load().await, first.lead);
    // The prompt contains only the three leads that exist.
    let told = scene.model.calls()[0].messages[0].joined_text();
    assert!(told.contains("\"2\":") && !told.contains("\"3\":"), "{told}");
}

#[tokio::test]
async fn a_score_that_can_t_be_written_fails_alone() {
    let scene = Scene::start().await;
    let ids = [
        scene.tenant.lead,
        scene.tenant.add_lead(11, scene.tenant.owner, &input()).await,
        scene.tenant.add_lead(12, scene.tenant.owner, &input()).await,
    ];
    let wire = scene.tenant.environment.wire();
    let needs = needs(&scene, "rules");
    // The first write fails more often than it is retried; the other writes succeed.
    wire.fail_next(
        "TransactWriteItems",
        testkit::Fault::Answer(400, json!({"__type": "ValidationException"})),
    );
    let outcomes = outcomes(&scene, &needs, &ids).await.unwrap();
    let failed = outcomes.iter().filter(|outcome| matches!(outcome, LeadOutcome::Failed(_))).count();
    let scored = outcomes.iter().filter(|outcome| matches!(outcome, LeadOutcome::Scored(_))).count();
    assert_eq!((failed, scored), (1, 2), "{outcomes:?}");
}

#[tokio::test]
async fn a_request_names_from_one_to_fifty_leads_and_none_twice() {
    let scene = Scene::start().await;
    let needs = needs(&scene, "rules");
    let many = |many: u8| (0..many).map(|at| new_id(NOW, &[at; 10])).collect::<Vec<LeadId>>();
    for wrong in [vec![], many(51), vec![scene.tenant.lead; 2]] {
        assert!(matches!(outcomes(&scene, &needs, &wrong).await, Err(Error::Invalid(_))));
    }
    assert_eq!(outcomes(&scene, &needs, &many(50)).await.unwrap().len(), 50);
    // The request counts once in the limit of scores, however many leads it names. A request with wrong fields does not
    // count.
    for _ in 1..10 {
        outcomes(&scene, &needs, &many(1)).await.unwrap();
    }
    assert!(matches!(outcomes(&scene, &needs, &many(1)).await, Err(Error::Limited(_))));
}
