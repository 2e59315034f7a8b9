//! The protection between the internet and the functions: the web ACL, the addresses of the API, and its throttling.

use crate::contract::contract;
use crate::gaps::settle;
use crate::schema::{faults, json_schema};
use crate::stacks::{Stack, functions, stacks, template};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn api() -> &'static Stack {
    stacks().iter().find(|stack| stack.name == "api").expect("infra/api.yaml")
}

fn only(of_type: &'static str) -> &'static Value {
    let (_, resource) = api().resources(of_type).next().unwrap_or_else(|| panic!("no {of_type}"));
    &resource["Properties"]
}

/// Every statement that matches bytes, below a value.
fn byte_matches<'a>(value: &'a Value, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("ByteMatchStatement"));
            members.values().for_each(|value| byte_matches(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| byte_matches(value, found)),
        _ => {}
    }
}

/// `/v1/%61uth/`, `/v1/x/../auth/` and `/V1/AUTH/` are the same path.
#[test]
fn the_web_acl_compares_paths_as_the_gateway_reads_them() {
    let mut matches = Vec::new();
    byte_matches(&only("AWS::WAFv2::WebACL")["Rules"], &mut matches);
    assert!(!matches.is_empty());
    let mut wrong = Vec::new();
    for statement in matches.into_iter().filter(|statement| statement["FieldToMatch"]["UriPath"].is_object())
    {
        let transformations = statement["TextTransformations"].as_array().unwrap();
        let kinds: Vec<&str> = transformations.iter().map(|one| one["Type"].as_str().unwrap()).collect();
        let searched = statement["SearchString"].as_str().unwrap();
        if kinds != ["URL_DECODE", "NORMALIZE_PATH", "LOWERCASE"] || searched != searched.to_lowercase() {
            wrong.push(format!("{searched}: {kinds:?}"));
        }
    }
    settle("web acl", wrong);
}

/// Bodies are people's texts, larger than 8 KB, about anything, so rules only count what they find in them.
#[test]
fn managed_rules_refuse_attacks_and_only_count_what_people_write() {
    let rules = only("AWS::WAFv2::WebACL")["Rules"].as_array().unwrap();
    let groups: Vec<&Value> = rules
        .iter()
        .map(|rule| &rule["Statement"]["ManagedRuleGroupStatement"])
        .filter(|group| group.is_object())
        .collect();
    let names: BTreeSet<&str> = groups.iter().map(|group| group["Name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        BTreeSet::from([
            "AWSManagedRulesAmazonIpReputationList",
            "AWSManagedRulesCommonRuleSet",
            "AWSManagedRulesKnownBadInputsRuleSet",
        ])
    );
    let counted: BTreeSet<&str> = groups
        .iter()
        .filter_map(|group| group["RuleActionOverrides"].as_array())
        .flatten()
        .inspect(|rule| assert_eq!(rule["ActionToUse"], json!({"Count": {}})))
        .map(|rule| rule["Name"].as_str().unwrap())
        .collect();
    let others: Vec<_> = counted.iter().filter(|name| !name.ends_with("_BODY")).collect();
    assert_eq!(others, [&"NoUserAgent_HEADER"]);
    assert!(counted.contains("SizeRestrictions_BODY"));
    // Nothing else may switch a rule group off.
    assert!(rules.iter().all(|rule| rule.get("OverrideAction").is_none_or(|it| *it == json!({"None": {}}))));
}

/// A client that is told 429 comes back, which is right for what counts requests and wrong for what looks like an attack.
#[test]
fn what_counts_requests_answers_429_and_what_finds_attacks_403() {
    let acl = only("AWS::WAFv2::WebACL");
    let counting: Vec<&Value> = acl["Rules"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|rule| rule["Statement"]["RateBasedStatement"].is_object())
        .collect();
    assert_eq!(counting.len(), 2);
    let schema = json_schema(&contract()["components"]["schemas"]["Problem"]);
    for rule in counting {
        let answer = &rule["Action"]["Block"]["CustomResponse"];
        let headers = answer["ResponseHeaders"].as_array().unwrap();
        let has = |name: &str, value: &str| headers.contains(&json!({"Name": name, "Value": value}));
        assert!(has("Retry-After", "60") && has("Cache-Control", "no-store"), "{headers:?}");
        let key = answer["CustomResponseBodyKey"].as_str().unwrap();
        let content = &acl["CustomResponseBodies"][key];
        assert_eq!(content["ContentType"], "APPLICATION_JSON");
        let body: Value = serde_json::from_str(content["Content"].as_str().unwrap()).unwrap();
        assert_eq!(faults(&schema, &body), Vec::<String>::new());
        assert_eq!((&answer["ResponseCode"], &body["status"]), (&json!(429), &json!(429)));
        assert_eq!((&body["code"], &body["error"]["code"]), (&json!("rate_limited"), &json!("rate_limited")));
    }
    let blocked = &contract()["x-amazon-apigateway-gateway-responses"]["WAF_FILTERED"];
    assert_eq!(blocked["statusCode"], "403");
}

#[test]
fn the_web_acl_logs_without_tokens() {
    let logging = only("AWS::WAFv2::LoggingConfiguration");
    let redacted = logging["RedactedFields"].as_array().unwrap();
    for name in ["authorization", "x-api-key"] {
        assert!(redacted.contains(&json!({"SingleHeader": {"Name": name}})), "{name}");
    }
    let group = api().resources("AWS::Logs::LogGroup").find(|(id, _)| *id == "WebAclLogs").unwrap().1;
    let name = group["Properties"]["LogGroupName"]["Fn::Sub"].as_str().unwrap();
    // AWS WAF accepts only names with this prefix.
    assert!(name.starts_with("aws-waf-logs-"), "{name}");
}

#[test]
fn with_a_domain_there_is_one_way_in() {
    let closed = &only("AWS::Serverless::Api")["DisableExecuteApiEndpoint"];
    assert_eq!(*closed, json!({"Fn::If": ["HasDomain", true, false]}));
}

#[test]
fn the_api_takes_what_an_account_can_serve() {
    let settings = &only("AWS::Serverless::Api")["MethodSettings"][0];
    assert_eq!(settings["ThrottlingRateLimit"], json!({"Ref": "RequestsPerSecond"}));
    assert_eq!(settings["ThrottlingBurstLimit"], json!({"Ref": "RequestBurst"}));
    let parameters = &template("template.yaml")["Parameters"];
    // An account has a Lambda concurrency of 1,000 by default. A request needs the authorizer and a function.
    assert!(parameters["RequestBurst"]["Default"].as_u64().unwrap() * 2 <= 1_000);
    assert!(parameters["RequestsPerSecond"]["Default"].as_u64().unwrap() <= 1_000);
    assert!((1..=200).contains(&parameters["AuthorizerConcurrency"]["Default"].as_u64().unwrap()));
    let reserved: Vec<String> = functions()
        .iter()
        .filter(|function| function.properties.get("ReservedConcurrentExecutions").is_some())
        .map(|function| function.name.clone())
        .collect();
    assert_eq!(reserved, ["authorize-request"]);
}

#[test]
fn production_is_refused_without_somebody_to_tell() {
    let rule = &template("template.yaml")["Rules"]["ProductionNeedsAlarmTopic"];
    assert_eq!(rule["RuleCondition"], json!({"Fn::Equals": [{"Ref": "Environment"}, "production"]}));
    let told = json!({"Fn::Not": [{"Fn::Equals": [{"Ref": "AlarmTopicArn"}, ""]}]});
    assert_eq!(rule["Assertions"][0]["Assert"], told);
}
