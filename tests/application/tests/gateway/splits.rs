//! Split steps: a subject keeps its side, the sides are cached apart, and every request says which side it was assigned
//! to, whichever model answered.

use super::scene::{HAIKU, NOVA, SONNET, Scene, ask, cacheable, chain, limits, until};
use application_ai::gateway::{SubjectSide, models_by_subject};
use application_ai::{Chain, GatewayRequest, Registry};
use domain::ai::{CacheUse, Feature, Limits};
use ports::ModelError;
use std::collections::BTreeMap;

/// An organization whose conversations use these steps.
async fn choosing(steps: &[&str]) -> Scene {
    let scene = Scene::start();
    let steps = steps.iter().map(|step| (*step).to_owned()).collect();
    let chains = [(Feature::Completion, steps)].into();
    scene.set_limits(Limits { chains, ..limits(1_000_000_000_000) }).await;
    scene.model.always("Paris");
    scene
}

fn split() -> String {
    format!("{SONNET}:50|{NOVA}:50")
}

fn of(subject: &str, ask: GatewayRequest) -> GatewayRequest {
    GatewayRequest { subject: subject.to_owned(), ..ask }
}

/// Subjects on the side of a model.
fn subjects_of(model: &str) -> impl Iterator<Item = String> {
    let (split, model) = (chain(&split()), model.to_owned());
    (0..).map(|number| format!("subject {number}")).filter(move |it| split.models(it)[0].id == model)
}

fn subject_of(model: &str) -> String {
    subjects_of(model).next().unwrap()
}

/// A request in the ledger: its outcome, its model, and its experiment and variant.
type Recorded = (String, String, Option<(String, String)>);

async fn recorded(scene: &Scene) -> Vec<Recorded> {
    let items = scene.environment.items(&scene.environment.tables().ledger).await;
    let metered = items.iter().filter(|item| item["event_type"].as_s().unwrap() == "ai_request_metered");
    let mut recorded: Vec<Recorded> = metered
        .map(|item| {
            let data = item["data"].as_m().unwrap();
            let text = |name: &str| data[name].as_s().unwrap().clone();
            let variant = data.get("variant").map(|variant| variant.as_m().unwrap());
            let version = item["schema_version"].as_n().unwrap();
            assert_eq!(version, if variant.is_some() { "2" } else { "1" });
            let part = |name: &str| variant.map(|it| it[name].as_s().unwrap().clone());
            (text("outcome"), text("model"), part("experiment").zip(part("model")))
        })
        .collect();
    recorded.sort();
    recorded
}

fn assigned(outcome: &str, model: &str, variant: &str) -> Recorded {
    (outcome.to_owned(), model.to_owned(), Some((split(), variant.to_owned())))
}

#[tokio::test]
async fn a_subject_keeps_its_side_of_the_organizations_split() {
    let scene = choosing(&[&split(), HAIKU]).await;
    let mut sides: BTreeMap<String, usize> = BTreeMap::new();
    for number in 0..30 {
        let subject = format!("subject {number}");
        let first = scene.complete(&of(&subject, ask(HAIKU))).await.unwrap().head.model;
        // The value of configured splits has no effect, and neither has the prompt.
        let mut other = GatewayRequest { sticky: format!("{number}"), ..of(&subject, ask(HAIKU)) };
        other.conversation.system = format!("Prompt {number}");
        assert_eq!(scene.complete(&other).await.unwrap().head.model, first);
        *sides.entry(first).or_default() += 1;
    }
    assert_eq!(sides.keys().collect::<Vec<_>>(), [NOVA, SONNET]);
    assert!((5..=25).contains(&sides[NOVA]), "{sides:?}");
}

#[tokio::test]
async fn a_configured_split_has_one_side_for_all_subjects() {
    let scene = Scene::start();
    scene.model.always("Paris");
    for number in 0..10 {
        scene.complete(&of(&format!("subject {number}"), ask(&split()))).await.unwrap();
    }
    let side = chain(&split()).models("tenant")[0].id.clone();
    assert_eq!(scene.model.asked(), vec![side.clone(); 10]);
    assert_eq!(recorded(&scene).await, vec![assigned("answered", &side, &side); 10]);
}

#[tokio::test]
async fn the_sides_are_cached_apart_and_subjects_of_a_side_share_a_completion() {
    let scene = choosing(&[&split()]).await;
    let (a, b) = (subject_of(SONNET), subject_of(NOVA));
    let also_a = subjects_of(SONNET).nth(1).unwrap();
    for (subject, model, cache) in [
        (&a, SONNET, CacheUse::Miss),
        (&b, NOVA, CacheUse::Miss),
        (&a, SONNET, CacheUse::Hit),
        (&b, NOVA, CacheUse::Hit),
        (&also_a, SONNET, CacheUse::Hit),
    ] {
        scene.calls();
        let answer = scene.complete(&of(subject, cacheable(HAIKU))).await.unwrap();
        assert_eq!((answer.head.model.as_str(), answer.head.cache), (model, cache), "{subject}");
    }
    // The one read more: the side is known only after the look-up.
    assert_eq!(scene.calls(), ["BatchGetItem", "GetItem", "PutItem", "UpdateItem", "UpdateItem"]);
    assert_eq!(scene.model.asked(), [SONNET, NOVA]);
    // Hits have the variant too.
    let (of_a, of_b) = (assigned("answered", SONNET, SONNET), assigned("answered", NOVA, NOVA));
    assert_eq!(recorded(&scene).await, [of_b.clone(), of_b, of_a.clone(), of_a.clone(), of_a]);
}

#[tokio::test]
async fn no_side_waits_for_the_completion_of_the_other() {
    let scene = choosing(&[&split()]).await;
    scene.model.hold();
    let one = scene.begin(of(&subject_of(SONNET), cacheable(HAIKU)));
    until(|| scene.model.calls().len() == 1).await;
    let other = scene.begin(of(&subject_of(NOVA), cacheable(HAIKU)));
    until(|| scene.model.calls().len() == 2).await;
    assert!(scene.timer.pauses().is_empty());
    scene.model.let_go(2);
    assert_eq!(one.await.unwrap().unwrap().head.model, SONNET);
    assert_eq!(other.await.unwrap().unwrap().head.model, NOVA);
}

#[tokio::test]
async fn whichever_model_answers_the_variant_is_the_assigned_side() {
    let scene = choosing(&[&split(), HAIKU]).await;
    let subject = subject_of(SONNET);
    scene.model.fail(ModelError::NoSuchModel);
    assert_eq!(scene.complete(&of(&subject, ask(NOVA))).await.unwrap().head.model, HAIKU);
    scene.model.fail(ModelError::NoSuchModel);
    scene.model.fail(ModelError::NoSuchModel);
    scene.complete(&of(&subject, ask(NOVA))).await.unwrap_err();
    assert_eq!(scene.model.asked(), [SONNET, HAIKU, SONNET, HAIKU]);
    let right = [assigned("answered", HAIKU, SONNET), assigned("failed", HAIKU, SONNET)];
    assert_eq!(recorded(&scene).await, right);
}

#[tokio::test]
async fn a_request_without_a_split_step_has_no_variant() {
    let scene = choosing(&[HAIKU, NOVA]).await;
    scene.complete(&ask(&split())).await.unwrap();
    let named = Chain::of(Registry::shipped().unwrap().model(SONNET).unwrap());
    scene.complete(&GatewayRequest { chain: named, ..ask(NOVA) }).await.unwrap();
    let plain = |model: &str| ("answered".to_owned(), model.to_owned(), None);
    assert_eq!(recorded(&scene).await, [plain(HAIKU), plain(SONNET)]);
}

#[tokio::test]
async fn a_process_that_died_leaves_the_variant() {
    let scene = choosing(&[&split()]).await;
    scene.model.hold();
    let dies = scene.begin(of(&subject_of(NOVA), ask(HAIKU)));
    until(|| !scene.model.calls().is_empty()).await;
    dies.abort();
    assert_eq!(scene.sweep().await, 1);
    assert_eq!(recorded(&scene).await, [assigned("presumed", NOVA, NOVA)]);
}

#[tokio::test]
async fn subjects_that_may_share_a_prompt_are_told() {
    let subjects: Vec<String> = subjects_of(SONNET)
        .take(2)
        .chain(subjects_of(NOVA).take(1))
        .chain(subjects_of(SONNET).take(1))
        .collect();
    let configured = chain(&split());
    let (sonnet, nova) = (side(Some(SONNET), &[SONNET, HAIKU]), side(Some(NOVA), &[NOVA, HAIKU]));
    let (first, second) = (side(Some(SONNET), &[SONNET, NOVA]), side(Some(NOVA), &[SONNET, NOVA]));
    let none = || [(); 4].map(|()| side(None, &[]));
    for (steps, right) in [
        (vec![split(), HAIKU.to_owned()], [sonnet.clone(), sonnet.clone(), nova, sonnet]),
        // Sides that ask the same models are sides nevertheless.
        (vec![SONNET.to_owned(), split(), NOVA.to_owned()], [first.clone(), first.clone(), second, first]),
        // An own chain without a split, and no own chain, make no difference between subjects.
        (vec![HAIKU.to_owned()], none()),
        (vec!["gone".to_owned()], none()),
    ] {
        let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
        let scene = choosing(&steps).await;
        let (context, asker) = (scene.context(0), scene.asker());
        let asked = (Feature::Completion, &configured);
        let models = models_by_subject(&scene.gateway, &context, &asker, asked, &subjects).await.unwrap();
        assert_eq!(models, right, "{steps:?}");
        assert_eq!(scene.calls(), ["BatchGetItem"]);
    }
}

fn side(variant: Option<&str>, models: &[&str]) -> SubjectSide {
    let models = models.iter().map(|model| (*model).to_owned()).collect();
    SubjectSide { variant: variant.map(str::to_owned), models }
}
