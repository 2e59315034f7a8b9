//! The registry of models (`models.json`): its shape, the source of each price, and that every chain and every
//! permission of the deployment names a model of it. The rules compare the file's own dates, so that an old commit
//! stays green.

use crate::gaps::settle;
use crate::schema::faults;
use crate::stacks::stacks;
use crate::tree::read_json;
use domain::Timestamp;
use domain::ai::{ChainStep, nano_per_token};
use serde_json::Value;
use std::collections::BTreeSet;

const REGISTRY: &str = "shared/application/ai/src/models.json";
/// The most days by which a price may be older than the file's last change: a change of the file includes a look at
/// older prices.
const OLDEST: i64 = 500;
/// The model of the local model server, which speaks Bedrock's wire format and costs nothing.
const LOCAL: &str = "self-hosted";
/// The most models whose breakers fit into the gateway's one look-up, beside budget, prices and completion.
const MOST_CHAT: usize = 90;

fn day(text: &str) -> Option<i64> {
    let day = Timestamp::parse(&format!("{text}T00:00:00Z")).ok()?;
    Some(day.millis() / 86_400_000)
}

/// A model was launched before its page was read, which was before the table changed; its life ends after it began.
fn lifecycle_is_right(lifecycle: &Value, changed: i64) -> bool {
    if lifecycle.is_null() {
        return true;
    }
    let at = |name: &str| lifecycle[name].as_str().and_then(day);
    let (launched, read, earliest) = (at("launched"), at("as_of"), at("eol_not_before"));
    let ends = lifecycle.get("eol").is_none() || at("eol") >= earliest;
    launched.is_some() && launched <= read && read <= Some(changed) && launched < earliest && ends
}

/// Batches cost no more than calls, and their pages were read before the table changed, and not too long before.
fn batch_is_right(model: &Value, changed: i64) -> bool {
    let batch = &model["batch"];
    if batch.is_null() {
        return true;
    }
    let price = |of: &Value, name: &str| nano_per_token(of[name].as_str().unwrap()).unwrap();
    let cheaper = ["input", "output"].iter().all(|name| price(batch, name) <= price(model, name));
    let read = batch["as_of"].as_str().and_then(day);
    cheaper && read.is_some_and(|day| day <= changed && changed - day <= OLDEST)
}

/// Fine-tuning is stated by pages that were read before the table changed, and trained models cost something to train.
fn fine_tuning_is_right(tuning: &Value, changed: i64) -> bool {
    if tuning.is_null() {
        return true;
    }
    let pages = [tuning, &tuning["price"], &tuning["on_demand"]];
    let read = |page: &&Value| page["as_of"].as_str().and_then(day).is_some_and(|day| day <= changed);
    let price = tuning["price"]["training"].as_str().and_then(nano_per_token);
    pages.iter().all(read) && price.is_some_and(|price| price > 0)
}

/// The faults of a table of models.
fn wrong_with(table: &Value) -> Vec<String> {
    let schema = read_json("shared/application/ai/src/models.schema.json");
    let mut wrong = faults(&schema, table);
    if !wrong.is_empty() {
        return wrong;
    }
    let Some(changed) = day(table["version"].as_str().unwrap()) else { return vec!["version".to_owned()] };
    let (mut ids, mut chat) = (BTreeSet::new(), 0);
    for model in table["models"].as_array().unwrap() {
        let text = |name: &str| model[name].as_str().unwrap();
        let price = |name: &str| nano_per_token(text(name)).unwrap();
        let tokens = |name: &str| model[name].as_u64().unwrap_or_default();
        let free = ["input", "output", "cache_read", "cache_write"].iter().all(|name| price(name) == 0);
        let is_chat = text("use") == "chat";
        chat += usize::from(is_chat);
        let as_of = day(text("as_of"));
        for (so, what) in [
            (ids.insert(text("id")), "it is there twice"),
            (free || text("source").starts_with("https://"), "its source is no https address"),
            (!free || text("provider") == "openai" || text("id") == LOCAL, "Bedrock has no free models"),
            (as_of.is_some_and(|day| day <= changed), "its date is not in or before the table's version"),
            (as_of.is_some_and(|day| changed - day <= OLDEST), "its price was not looked at for too long"),
            (price("cache_read") <= price("input"), "reading the prompt cache costs more than reading"),
            (price("output") >= price("input") || !is_chat, "an answer costs less than its question"),
            (is_chat == (tokens("max_output_tokens") > 0), "max_output_tokens does not fit its use"),
            (is_chat != (tokens("dimensions") > 0), "dimensions do not fit its use"),
            (
                tokens("max_output_tokens") <= tokens("context_tokens"),
                "its answers are longer than its context",
            ),
            (lifecycle_is_right(&model["lifecycle"], changed), "the dates of its life are out of order"),
            (batch_is_right(model, changed), "its batches cost more than calls, or were not looked at"),
            (fine_tuning_is_right(&model["fine_tune"], changed), "its fine-tuning has no price or no date"),
        ] {
            if !so {
                wrong.push(format!("{}: {what}", text("id")));
            }
        }
    }
    if chat > MOST_CHAT {
        wrong.push(format!("{chat} models converse: the gateway's look has room for {MOST_CHAT}"));
    }
    wrong
}

#[test]
fn the_registry_is_whole_sourced_and_dated() {
    settle("registry", wrong_with(&read_json(REGISTRY)));
}

#[test]
fn whatever_is_wrong_with_a_registry_is_found() {
    let table = read_json(REGISTRY);
    let first = |name: &str, value: Value| {
        let mut table = table.clone();
        table["models"][0][name] = value;
        table
    };
    let twice = table["models"][1]["id"].clone();
    let batch = |input: &str, as_of: &str| {
        serde_json::json!({
            "regions": ["us-east-1"], "input": input, "output": "1", "source": "https://a", "price_source": "https://b",
            "where": "half", "as_of": as_of,
        })
    };
    let fine_tune = |training: &str, as_of: &str| {
        let (source, day) = ("https://a", "2026-11-30");
        let price = serde_json::json!({
            "training": training, "storage_month": "1.95", "source": source, "where": "a", "as_of": as_of,
        });
        serde_json::json!({
            "model": "a", "regions": ["us-east-1"], "source": source, "as_of": day, "price": price,
            "on_demand": {"source": source, "as_of": day},
        })
    };
    for (broken, what) in [
        (first("source", "Amazon".into()), "no https address"),
        (first("as_of", "2999-01-01".into()), "in or before"),
        (first("as_of", "2020-01-01".into()), "too long"),
        (first("as_of", "2025-13-01".into()), "in or before"),
        (first("id", twice), "twice"),
        (first("cache_read", "4".into()), "prompt cache"),
        (first("output", "0.1".into()), "less than its question"),
        (first("max_output_tokens", 0.into()), "does not fit"),
        (first("max_output_tokens", 9_000_000.into()), "longer than its context"),
        (first("dimensions", 3.into()), "do not fit"),
        (first("context_tokens", Value::Null), "context_tokens"),
        (first("input", "1e3".into()), "input"),
        (first("note", "more".into()), "note"),
        (first("fine_tune", fine_tune("2.00", "2999-01-01")), "its fine-tuning"),
        (first("fine_tune", fine_tune("0", "2026-11-30")), "its fine-tuning"),
        (
            first(
                "lifecycle",
                serde_json::json!({
                    "launched": "2026-02-01", "eol_not_before": "2026-01-01", "source": "https://a", "as_of": "2026-03-01",
                }),
            ),
            "out of order",
        ),
        (first("batch", batch("4", "2026-11-30")), "its batches cost more"),
        (first("batch", batch("1", "2999-01-01")), "not looked at"),
        (first("batch", batch("1e3", "2026-11-30")), "input"),
    ] {
        let wrong = wrong_with(&broken);
        assert!(wrong.iter().any(|it| it.contains(what)), "{what}: {wrong:?}");
    }
    let mut free = table.clone();
    for name in ["input", "output", "cache_read", "cache_write"] {
        free["models"][0][name] = "0".into();
    }
    assert!(wrong_with(&free).iter().any(|it| it.contains("no free models")));
}

/// The ids of models that converse, or of those on Bedrock.
fn ids(only: impl Fn(&Value) -> bool) -> BTreeSet<String> {
    let table = read_json(REGISTRY);
    let models = table["models"].as_array().unwrap().iter().filter(|model| only(model));
    models.map(|model| model["id"].as_str().unwrap().to_owned()).collect()
}

/// Every chain of the default configuration, with its feature.
fn chains() -> Vec<(String, Vec<String>)> {
    let default = read_json("infra/configuration.default.json");
    let steps = |chain: &Value| {
        chain.as_array().unwrap().iter().map(|step| step.as_str().unwrap().to_owned()).collect()
    };
    default["chains"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(feature, chain)| (feature.clone(), steps(chain)))
        .collect()
}

/// A default model must not end unexpectedly; `cargo xtask models` says how long it is served.
#[test]
fn the_life_of_every_model_in_a_chain_is_written_down() {
    let known = ids(|model| model["lifecycle"].is_object() || model["id"] == LOCAL);
    let mut wrong = Vec::new();
    for (place, chain) in chains() {
        for step in chain.iter().filter(|step| *step != "rules" && !known.contains(*step)) {
            wrong.push(format!("{place}: {step}"));
        }
    }
    settle("lives", wrong);
}

#[test]
fn every_chain_names_models_that_converse() {
    let chat = ids(|model| model["use"] == "chat");
    let chains = chains();
    assert_eq!(chains.len(), 2, "{chains:?}");
    let mut wrong = Vec::new();
    for (place, chain) in chains {
        for step in &chain {
            match ChainStep::parse(step) {
                Ok(ChainStep::Models(parts)) => wrong.extend(
                    parts
                        .iter()
                        .filter(|(_, model)| !chat.contains(model))
                        .map(|(_, model)| format!("{place}: {model}")),
                ),
                Ok(ChainStep::Rules) if place != "lead_scoring" => wrong.push(format!("{place}: rules")),
                Ok(ChainStep::Rules) => {}
                Err(error) => wrong.push(format!("{place}: {error}")),
            }
        }
    }
    settle("chains", wrong);
}

/// Whether a model of Bedrock is an inference profile: its name begins with a part of the world.
fn is_profile(id: &str) -> bool {
    ["us.", "eu.", "apac.", "global."].iter().any(|part| id.starts_with(part))
}

#[test]
fn what_may_be_asked_on_bedrock_is_what_the_registry_has_there() {
    let everything = ids(|model| model["provider"] == "bedrock");
    let chat = ids(|model| model["provider"] == "bedrock" && model["use"] == "chat");
    let mut wrong = Vec::new();
    for (stack, wanted) in [("ai", &everything), ("sales", &chat)] {
        let stack = stacks().iter().find(|other| other.name == stack).unwrap();
        let mut policies = 0;
        for (id, policy) in stack.resources("AWS::IAM::Policy") {
            policies += 1;
            let statements = policy["Properties"]["PolicyDocument"]["Statement"].as_array().unwrap();
            let arns = |value: &Value| -> BTreeSet<String> {
                let listed = value.as_array().unwrap();
                listed.iter().map(|arn| arn["Fn::Sub"].as_str().unwrap().to_owned()).collect()
            };
            let bedrock = "arn:${AWS::Partition}:bedrock:${AWS::Region}";
            let arn = |id: &String| match is_profile(id) {
                true => format!("{bedrock}:${{AWS::AccountId}}:inference-profile/{id}"),
                false => format!("{bedrock}::foundation-model/{id}"),
            };
            let all: BTreeSet<String> = wanted.iter().map(arn).collect();
            let profiles: BTreeSet<String> = wanted.iter().filter(|id| is_profile(id)).map(arn).collect();
            // A model that a profile calls in other regions may be called only through the profile.
            let through = &statements[1]["Condition"]["StringEquals"]["bedrock:InferenceProfileArn"];
            if arns(&statements[0]["Resource"]) != all || arns(through) != profiles || statements.len() != 2 {
                wrong.push(format!("{} {id}", stack.name));
            }
        }
        assert!(policies >= 2, "{policies}");
    }
    settle("models", wrong);
}

/// The service asks models of other regions through a profile, in the name of the role of batch jobs.
#[test]
fn batch_jobs_may_ask_the_profiles_that_take_batches() {
    let profiles = ids(|model| model["batch"].is_object() && is_profile(model["id"].as_str().unwrap()));
    let stack = stacks().iter().find(|stack| stack.name == "ai").unwrap();
    let (_, role) = stack.resources("AWS::IAM::Role").find(|(id, _)| *id == "BatchInferenceRole").unwrap();
    let policies = role["Properties"]["Policies"].as_array().unwrap();
    let statements = policies[0]["PolicyDocument"]["Statement"].as_array().unwrap();
    let asks: Vec<&Value> = statements
        .iter()
        .filter(|statement| statement["Action"] == serde_json::json!(["bedrock:InvokeModel"]))
        .collect();
    let named = |value: &Value| -> BTreeSet<String> {
        let arns = value.as_array().unwrap().iter().map(|arn| arn["Fn::Sub"].as_str().unwrap());
        arns.map(|arn| arn.rsplit('/').next().unwrap().to_owned()).collect()
    };
    assert_eq!(asks.len(), 2);
    assert_eq!(named(&asks[0]["Resource"]), profiles);
    assert_eq!(named(&asks[1]["Condition"]["StringEquals"]["bedrock:InferenceProfileArn"]), profiles);
}
