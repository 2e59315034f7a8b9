//! What the gateway enforces, through each route: a budget is never overrun by requests at the same time, whatever their
//! wire formats are, and one conversation in several formats makes one call to a model.

use super::wires::{OWN, Prompt, WITH_TOOLS, Wire};
use super::{NOVA, Scene};
use api_tests::{Answer, Person, World};
use futures_util::future::{join, join_all};
use ports::{AiState, ModelAnswer, SpentAmounts, StopReason, ToolCall, Usage};
use serde_json::json;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// The cost of a scripted answer: 1,000 tokens at $0.80 and 200 at $3.20 a million, in nano-dollars.
const COST: u64 = 1_000 * 800 + 200 * 3_200;
/// The requests that the budget pays for.
const FIT: usize = 10;

fn scripted(text: &str, calls: &[(&str, &str)]) -> ModelAnswer {
    let call = |(name, arguments): &(&str, &str)| ToolCall {
        id: "c1".to_owned(),
        name: (*name).to_owned(),
        arguments: (*arguments).to_owned(),
    };
    let stop = if calls.is_empty() { StopReason::EndTurn } else { StopReason::ToolCalls };
    let usage = Usage { input_tokens: 1_000, output_tokens: 200, ..Usage::default() };
    ModelAnswer {
        reasoning: Vec::new(),
        text: text.to_owned(),
        tool_calls: calls.iter().map(call).collect(),
        stop,
        usage: Some(usage),
    }
}

/// The model calls the tool if the prompt has one.
fn answer_to(prompt: &Prompt) -> ModelAnswer {
    let call = [("get_weather", "{\"city\":\"Bonn\"}")];
    scripted("I look.", if prompt.has_tool { &call } else { &[] })
}

async fn spent(world: &World, of: &Person) -> SpentAmounts {
    let state = world.environment().ai_state();
    state.spent(of.tenant, of.account, world.now()).await.unwrap().tenant_month
}

/// The most that a request may cost, in nano-dollars: what is set aside for it while the model works.
async fn bound(world: &World, wire: Wire, prompt: &Prompt) -> u64 {
    let admin = world.admin().await;
    world.model().hold();
    tokio::select! {
        answer = wire.ask(world, &admin, prompt) => panic!("{}", answer.body),
        () = world.model().reached() => {}
    }
    world.model().release();
    spent(world, &admin).await.committed
}

/// Every budget of the organization has this many nano-dollars.
async fn set_budget(world: &World, admin: &Person, nano_usd: u64) {
    let amount = format!("{}.{:09}", nano_usd / 1_000_000_000, nano_usd % 1_000_000_000);
    let body = json!({"tenant_month_usd": amount, "tenant_day_usd": amount, "user_day_usd": amount,
        "feature_month_usd": {}, "expected_month_usd": "0"});
    world.call("updateBudget").by(admin).if_match(0).json(&body).send().await.expect(200);
}

/// Two hundred requests at once, spread over these formats, with a budget for ten and a half.
async fn race(wires: &[Wire], prompt: &Prompt) {
    let world = World::without_limits_of_requests_to_models();
    let mut bounds = Vec::new();
    for wire in wires {
        bounds.push(bound(&world, *wire, prompt).await);
    }
    let bound = bounds[0];
    assert!(bounds.iter().all(|other| *other == bound), "the format changes the price: {bounds:?}");
    let already = world.model().script.calls().len();
    let admin = world.admin().await;
    set_budget(&world, &admin, FIT as u64 * bound + bound / 2).await;
    (0..FIT).for_each(|_| world.model().script.script(Ok(answer_to(prompt))));
    world.model().hold();
    let refused = AtomicUsize::new(0);
    let requests = (0..200).map(|number| {
        let (wire, world, admin, refused) = (wires[number % wires.len()], &world, &admin, &refused);
        async move {
            let answer = wire.ask(world, admin, prompt).await;
            refused.fetch_add(usize::from(answer.status == 402), Ordering::SeqCst);
            (wire, answer)
        }
    });
    // While the ten requests run, every other request is refused.
    let watch = async {
        while refused.load(Ordering::SeqCst) < 200 - FIT {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(world.model().waiting(), FIT);
        assert_eq!(spent(&world, &admin).await.committed, FIT as u64 * bound);
        world.model().release();
    };
    let watch = tokio::time::timeout(Duration::from_secs(60), watch);
    let (answers, watched) = join(join_all(requests), watch).await;
    watched.unwrap();
    let (answered, refused): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|(_, answer)| answer.status == 200);
    assert_eq!((answered.len(), refused.len()), (FIT, 200 - FIT));
    for (wire, answer) in refused {
        assert_eq!(answer.header("x-sextant-cost-usd"), None, "{wire:?}");
        answer.problem(402, "budget_exceeded");
    }
    let text = answer_to(prompt).text;
    for (wire, answer) in answered {
        let told = wire.told(&answer);
        assert_eq!((told.text.as_str(), told.calls.len()), (text.as_str(), usize::from(prompt.has_tool)));
    }
    assert_eq!(world.model().script.calls().len() - already, FIT, "whoever is refused asks nobody");
    let spent = spent(&world, &admin).await;
    assert_eq!((spent.committed, spent.settled), (FIT as u64 * COST, FIT as u64 * COST));
    assert_eq!(world.events("ai_request_metered").await.len(), FIT);
}

#[tokio::test]
async fn of_two_hundred_at_once_in_all_formats_only_those_are_asked_that_the_budget_pays_for() {
    race(&WITH_TOOLS, &Prompt::WEATHER).await;
}

#[tokio::test]
async fn of_two_hundred_at_once_in_one_format_only_those_are_asked_that_the_budget_pays_for() {
    race(&[OWN], &Prompt { has_tool: false, ..Prompt::WEATHER }).await;
    for wires in WITH_TOOLS[..3].iter().zip(&WITH_TOOLS[3..]) {
        race(&[*wires.0, *wires.1], &Prompt::WEATHER).await;
    }
}

fn cache(answer: &Answer) -> &str {
    answer.header("x-sextant-cache").unwrap()
}

#[tokio::test]
async fn one_conversation_in_all_formats_at_once_makes_one_call() {
    for has_tool in [true, false] {
        let scene = Scene::start().await;
        let prompt = Prompt { has_tool, temperature: 0.0, ..Prompt::WEATHER };
        let mut wires = WITH_TOOLS.to_vec();
        if !has_tool {
            wires.push(OWN);
        }
        let model = scene.world.model();
        model.script.script(Ok(answer_to(&prompt)));
        model.hold();
        let requests = wires.iter().map(|wire| wire.ask(&scene.world, &scene.person, &prompt));
        let watch = async {
            model.reached().await;
            // The others look for the answer meanwhile.
            tokio::time::sleep(Duration::from_millis(60)).await;
            model.release();
        };
        let (answers, ()) = join(join_all(requests), watch).await;
        assert_eq!(scene.asked(), 1);
        let answers: Vec<Answer> = answers.into_iter().map(|answer| answer.expect(200)).collect();
        let misses = answers.iter().filter(|answer| cache(answer) == "miss").count();
        let hits = answers.iter().filter(|answer| cache(answer) == "hit").count();
        assert_eq!((misses, hits), (1, wires.len() - 1));
        for (wire, answer) in wires.iter().zip(&answers) {
            let told = wire.told(answer);
            let arguments: Vec<&str> = told.calls.iter().map(|(_, arguments)| arguments.as_str()).collect();
            let expected: &[&str] = if has_tool { &["{\"city\":\"Bonn\"}"] } else { &[] };
            assert_eq!((told.text.as_str(), arguments.as_slice()), ("I look.", expected), "{wire:?}");
        }
        let spent = spent(&scene.world, &scene.person).await;
        assert_eq!((spent.committed, spent.settled), (COST, COST));
        assert_eq!(scene.world.events("ai_request_metered").await.len(), wires.len());
    }
}

/// Each of these prompts is another one for the model, in whatever format it comes.
#[tokio::test]
async fn other_conversations_are_not_mixed() {
    let scene = Scene::start().await;
    let first = Prompt { temperature: 0.0, ..Prompt::WEATHER };
    let prompts = [
        first.clone(),
        Prompt { text: "How is the weather in Rome?", ..first.clone() },
        Prompt { max_tokens: 501, ..first.clone() },
        Prompt { must_call: true, ..first.clone() },
        Prompt { one_at_a_time: true, ..first.clone() },
        Prompt { has_tool: false, ..first },
    ];
    for (number, prompt) in prompts.iter().enumerate() {
        scene.world.model().script.script(Ok(answer_to(prompt)));
        let mut seen = Vec::new();
        for wire in WITH_TOOLS {
            scene.world.pass(2);
            let answer = wire.ask(&scene.world, &scene.person, prompt).await.expect(200);
            seen.push(cache(&answer).to_owned());
        }
        assert_eq!(seen, ["miss", "hit", "hit", "hit", "hit", "hit"], "{prompt:?}");
        assert_eq!(scene.asked(), number + 1, "{prompt:?}");
    }
    assert!(scene.world.model().script.calls().iter().all(|call| call.model == NOVA));
}

#[tokio::test]
async fn every_answer_of_a_model_has_the_gateway_s_headers() {
    let scene = Scene::start().await;
    for (number, wire) in (1..).zip(WITH_TOOLS) {
        scene.world.model().script.script(Ok(answer_to(&Prompt::WEATHER)));
        let answer = wire.ask(&scene.world, &scene.person, &Prompt::WEATHER).await.expect(200);
        for (name, value) in [
            ("x-sextant-model", NOVA),
            ("x-sextant-provider", "bedrock"),
            ("x-sextant-cache", "bypass"),
            ("x-sextant-attempts", "1"),
            ("x-ratelimit-limit-requests", "60"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{wire:?} {name}");
        }
        assert_eq!(answer.number("x-ratelimit-remaining-requests"), 60 - number, "{wire:?}");
        assert!(answer.header("ratelimit").is_some(), "{wire:?}");
        // The cost of a stream is known at its end alone.
        let cost = (!wire.streamed).then_some("0.001440000");
        assert_eq!(answer.header("x-sextant-cost-usd"), cost, "{wire:?}");
    }
}
