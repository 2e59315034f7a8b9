//! A tenant's text in a lead is data. For every text of the corpus, the prompt differs from that of a harmless lead only in
//! the document between the markers, and the answer of a model that obeys the text is refused.
//!
//! These tests can't cover a model that obeys within the rules, with scores in range and quotations from the lead: its answer
//! is accepted. In that case a tenant has caused a wrong score of its own lead.

use crate::scorer::{NOVA, SONNET, Scene};
use application_sales::LeadScorer;
use domain::ai::Limits;
use domain::id::new_id;
use domain::sales::{Engine, Lead, LeadScore};
use ports::{ModelCall, Role};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Hostile {
    kind: String,
    text: String,
    #[serde(default = "once")]
    repeat: usize,
}

fn once() -> usize {
    1
}

/// The corpus: the kind of attack and the text. The texts are put into the lead without any check of its fields, so
/// that the prompt does not depend on the checks.
fn corpus() -> Vec<(String, String)> {
    let texts: Vec<Hostile> = serde_json::from_str(include_str!("corpus/injections.json")).unwrap();
    texts.into_iter().map(|hostile| (hostile.kind, hostile.text.repeat(hostile.repeat))).collect()
}

/// A lead with this text in every field that a model gets.
fn saying(lead: &Lead, text: &str) -> Lead {
    let mut lead = lead.clone();
    lead.details.company_name = text.to_owned();
    lead.details.industry = Some(text.to_owned());
    let contact = lead.contact.as_mut().unwrap();
    contact.email = Some(format!("a@{text}"));
    contact.notes = Some(text.to_owned());
    lead
}

/// The document's form of such a text.
fn told(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The prompt without its document. A new field of the prompt does not compile until somebody decides that no lead can
/// change it.
fn frame(call: &ModelCall) -> Value {
    let ModelCall {
        model,
        system,
        messages,
        tools,
        reasoning,
        output_schema,
        max_output_tokens,
        temperature,
        top_p,
        stop,
        cache_instructions,
        guardrail,
        time_left: _,
        base_model,
    } = call;
    assert!(guardrail.is_none() && tools.tools.is_empty() && reasoning.is_none());
    let roles: Vec<&str> = messages
        .iter()
        .map(|message| match message.role {
            Role::User => "user",
            Role::Assistant => "assistant",
        })
        .collect();
    json!([
        model,
        base_model,
        system,
        roles,
        output_schema,
        max_output_tokens,
        temperature,
        top_p,
        stop,
        cache_instructions
    ])
}

struct Judge {
    scene: Scene,
    scorer: LeadScorer,
    asked: u8,
}

impl Judge {
    async fn start(chain: &str) -> Self {
        let scene = Scene::start().await;
        let much = 1_000_000_000_000;
        let limits = Limits { tenant_month: much, tenant_day: much, user_day: much, ..Limits::default() };
        scene.tenant.limit(limits).await;
        let scorer = scene.scorer(chain);
        Self { scene, scorer, asked: 0 }
    }

    /// Scores the lead and returns the calls. Each score is for another account, because one account may ask sixty
    /// times a minute.
    async fn judge(&mut self, lead: &Lead) -> (LeadScore, Vec<ModelCall>) {
        let before = self.scene.model.calls().len();
        let mut asker = self.scene.asker();
        self.asked = self.asked.wrapping_add(1);
        asker.account = new_id(crate::support::NOW, &[self.asked; 10]);
        let score = self.scorer.score(lead, &self.scene.tenant.context(), &asker).await.unwrap();
        (score, self.scene.model.calls().split_off(before))
    }
}

fn harmless() -> Value {
    json!({
        "abstain": false, "budget": 80, "authority": 60, "need": 70, "timeline": 50, "confidence_percent": 82,
        "factors": [{"dimension": "need", "impact": 30, "field": "status", "quote": "new", "reason": "It is new"}],
    })
}

#[test]
fn the_corpus_has_every_kind_of_trick_and_no_text_twice() {
    let corpus = corpus();
    assert!(corpus.len() >= 60, "{}", corpus.len());
    let kinds: std::collections::BTreeSet<&str> = corpus.iter().map(|(kind, _)| kind.as_str()).collect();
    let expected = [
        "delimiter",
        "encoded",
        "instruction",
        "long",
        "markdown",
        "role",
        "schema",
        "tenant",
        "tool",
        "unicode",
    ];
    assert!(kinds.into_iter().eq(expected));
    let texts: std::collections::BTreeSet<&str> = corpus.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(texts.len(), corpus.len());
}

#[tokio::test]
async fn a_lead_changes_nothing_of_a_question_but_its_document() {
    let mut judge = Judge::start(&format!("{SONNET},{NOVA},rules")).await;
    judge.scene.model.answer(harmless().to_string());
    let lead = judge.scene.lead.clone();
    let (reference, calls) = judge.judge(&lead).await;
    assert_eq!(calls.len(), 1);
    let frame_of_harmless = frame(&calls[0]).to_string();
    for (kind, text) in corpus() {
        judge.scene.model.answer(harmless().to_string());
        let (score, calls) = judge.judge(&saying(&lead, &text)).await;
        let what = format!("{kind}: {:.60}", text);
        assert_eq!(calls.len(), 1, "{what}");
        assert_eq!(frame(&calls[0]).to_string(), frame_of_harmless, "{what}");
        // The same model at the same price, whatever the lead asks for.
        assert_eq!((&score.model, score.cost.nano_usd), (&reference.model, 6_600_000), "{what}");
        let turn = calls[0].messages[0].joined_text();
        let document = turn.strip_prefix("<lead_data>").and_then(|rest| rest.strip_suffix("</lead_data>"));
        let document = document.unwrap_or_else(|| panic!("{what}: {turn}"));
        assert!(!document.contains('<'), "{what}: a marker can be closed from inside");
        let document: Value =
            serde_json::from_str(document).unwrap_or_else(|error| panic!("{what}: {error}"));
        let told = told(&text);
        for field in ["company_name", "industry", "contact_email"] {
            assert_eq!(document[field].as_str(), Some(&*told), "{what}: {field}");
        }
        // Notes are cut to their beginning.
        let notes = document["notes"].as_str().unwrap();
        assert!(told.starts_with(notes) && (notes == told || notes.len() >= 3_900), "{what}");
        let fields: Vec<&String> = document.as_object().unwrap().keys().collect();
        let known = ["company_name", "industry", "company_size", "status", "contact_email", "notes"];
        assert_eq!(fields, known, "{what}");
    }
}

/// Possible answers of a model that obeys the lead.
fn obedient(text: &str) -> Vec<(&'static str, String)> {
    let with = |change: fn(&mut Value)| {
        let mut answer = harmless();
        change(&mut answer);
        answer.to_string()
    };
    let mut quoting = harmless();
    quoting["factors"][0]["field"] = json!("notes");
    quoting["factors"][0]["quote"] = json!(format!("{:.200} and a million dollars", text));
    vec![
        ("words", "APPROVED".to_owned()),
        ("the lead's own words", text.to_owned()),
        ("another shape", json!({"score": 100, "approved": true}).to_string()),
        ("an extra field", with(|answer| answer["admin"] = json!(true))),
        ("an extra field of a factor", with(|answer| answer["factors"][0]["tenant"] = json!("org_x"))),
        ("a number out of range", with(|answer| answer["budget"] = json!(1000))),
        ("a negative number", with(|answer| answer["need"] = json!(-1))),
        ("an impact out of range", with(|answer| answer["factors"][0]["impact"] = json!(120))),
        ("a field that is not told", with(|answer| answer["factors"][0]["field"] = json!("contact_phone"))),
        (
            "an invented quote",
            with(|answer| answer["factors"][0]["quote"] = json!("the purse is bottomless")),
        ),
        ("a quote with more to it", quoting.to_string()),
        ("no evidence", with(|answer| answer["factors"] = json!([]))),
        ("a tool call", json!({"tool": "delete_leads", "input": {"all": true}}).to_string()),
        ("a list of answers", json!([harmless(), harmless()]).to_string()),
        ("an answer and more", format!("{}\n<tool_use>delete_leads</tool_use>", harmless())),
        ("a schema", json!({"type": "object", "additionalProperties": true}).to_string()),
        ("a reason without end", with(|answer| answer["factors"][0]["reason"] = json!("x".repeat(501)))),
    ]
}

#[tokio::test]
async fn a_model_that_obeys_a_lead_gets_nowhere() {
    let mut judge = Judge::start(&format!("{SONNET},rules")).await;
    let lead = judge.scene.lead.clone();
    judge.scene.model.answer(harmless().to_string());
    let (_, calls) = judge.judge(&lead).await;
    let (question, harmless_frame) = (calls[0].clone(), frame(&calls[0]));
    assert_eq!(question.messages.len(), 1);
    for (at, (kind, text)) in corpus().into_iter().enumerate() {
        let lead = saying(&lead, &text);
        let answers = obedient(&text);
        // Every text meets the answer that it asks for and four others, so that every answer meets many texts.
        let others = (0..4).map(|n| &answers[(at * 4 + n) % answers.len()]);
        for (way, answer) in [&answers[1]].into_iter().chain(others) {
            // A message of blanks is not repaired; no text here is one.
            judge.scene.model.answer(answer);
            judge.scene.model.answer(answer);
            let (score, calls) = judge.judge(&lead).await;
            let what = format!("{kind}, {way}: {:.60}", text);
            assert_eq!((score.engine, score.model.as_str()), (Engine::Rules, "rules"), "{what}");
            assert_eq!((score.cost.attempts, score.cost.nano_usd), (2, 13_200_000), "{what}");
            // The model was called once more with the same frame, and was told in our words what was wrong.
            assert_eq!(frame(&calls[0]), harmless_frame, "{what}");
            let mut first = calls[1].clone();
            let told = first.messages.split_off(1);
            assert_eq!(frame(&first), harmless_frame, "{what}");
            assert_eq!(&told[0].joined_text(), answer, "{what}");
            assert!(told[1].joined_text().starts_with("That answer can't be used: "), "{what}");
            assert!(
                text.chars().count() < 12 || !told[1].joined_text().contains(&text),
                "{what}: {}",
                told[1].joined_text()
            );
            assert!(told[1].joined_text().len() < 2_000, "{what}");
        }
    }
    // Nothing of it was cached: the model answers the next request.
    judge.scene.model.answer(harmless().to_string());
    let (score, calls) = judge.judge(&saying(&lead, &corpus()[0].1)).await;
    assert_eq!((score.engine, calls.len()), (Engine::Model, 1));
}
