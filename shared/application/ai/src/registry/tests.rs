//! Tests of the table of models.

use super::*;
use domain::ai::nano_per_token;

#[test]
fn every_shipped_price_is_exact_and_sourced() {
    let table = Registry::shipped().unwrap();
    let sonnet = table.model("us.anthropic.claude-sonnet-4-5-20250929-v1:0").unwrap();
    assert_eq!(
        (sonnet.input, sonnet.output, sonnet.cache_read, sonnet.cache_write),
        (3300, 16500, 330, 4125)
    );
    let rows: serde_json::Value = serde_json::from_str(SHIPPED).unwrap();
    for row in rows["models"].as_array().unwrap() {
        assert!(!row["source"].as_str().unwrap().is_empty());
        assert_eq!(row["as_of"].as_str().unwrap().len(), 10);
        assert!(table.model(row["id"].as_str().unwrap()).is_ok());
    }
    assert!(table.model("no-such-model").is_err());
}

#[test]
fn counts_each_kind_of_token_at_its_own_price() {
    let table = Registry::shipped().unwrap();
    let price = table.model("amazon.nova-pro-v1:0").unwrap();
    let usage = Usage {
        input_tokens: 1000,
        output_tokens: 100,
        cache_read_tokens: 10,
        cache_write_tokens: 1,
        reasoning_tokens: 0,
    };
    assert_eq!(price.cost(&usage), 1000 * 800 + 100 * 3200 + 10 * 200 + 800);
}

#[test]
fn batches_have_their_own_prices_in_their_own_regions() {
    let table = Registry::shipped().unwrap();
    let lite = table.model("amazon.nova-lite-v1:0").unwrap();
    let usage = Usage { input_tokens: 1000, output_tokens: 100, ..Usage::default() };
    assert_eq!(lite.cost(&usage), 1000 * 60 + 100 * 240);
    assert_eq!(lite.in_batch("us-east-1").unwrap().cost(&usage), 1000 * 30 + 100 * 120);
    assert!(lite.in_batch("us-west-2").is_none());
    assert!(table.model("eu.amazon.nova-lite-v1:0").unwrap().in_batch("eu-west-1").is_some());
    assert!(table.model("gpt-4.1-mini").unwrap().in_batch("us-east-1").is_none());
}

#[test]
fn only_conversation_models_of_bedrock_have_batches() {
    let table = |provider: &str, batch: &str| {
        format!(
            r#"{{"version": "v", "models": [{{"id": "m", "provider": "{provider}", "use": "chat", "input": "2",
            "output": "4", "cache_read": "0", "cache_write": "0", "context_tokens": 1, "max_output_tokens": 1,
            "batch": {{"regions": ["us-east-1"], {batch}, "source": "https://a", "price_source": "https://b",
            "where": "half", "as_of": "2026-11-30"}}}}]}}"#
        )
    };
    let prices = r#""input": "1", "output": "2""#;
    assert!(Registry::parse(&table("bedrock", prices)).is_ok());
    let rounded = r#""input": "0.0001", "output": "2""#;
    for (provider, batch) in [("openai", prices), ("bedrock", rounded)] {
        let refused = Registry::parse(&table(provider, batch)).unwrap_err();
        assert!(matches!(refused, RegistryError::NoBatches(model) if model == "m"));
    }
}

#[test]
fn refuses_prices_that_would_be_rounded() {
    for bad in ["0.0001", "-1", "1e3", "", ".", "1,5"] {
        assert_eq!(nano_per_token(bad), None, "{bad}");
    }
}
