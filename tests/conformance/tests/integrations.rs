//! The integrations of operations in `infra/openapi.yaml`: each calls the function with the operation's name.

use crate::contract::operations;
use crate::gaps::settle;
use crate::tree::kebab;
use serde_json::Value;

/// The role by which the gateway invokes functions, named in `infra/api.yaml`.
const API_ROLE: &str =
    "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/sextant-${Environment}-${AWS::Region}-api";

/// The live version of a function, made from its name.
fn live_arn(function: &str) -> String {
    format!(
        "arn:${{AWS::Partition}}:lambda:${{AWS::Region}}:${{AWS::AccountId}}:function:sextant-${{Environment}}-{function}:live"
    )
}

/// The faults of an operation's integration. A function streams or it does not, and the URI and the transfer mode must
/// both say so: otherwise the gateway misreads the answer.
pub(crate) fn integration_faults(id: &str, integration: &Value) -> Vec<&'static str> {
    let mode = integration.get("responseTransferMode");
    let (version, action) = match mode.and_then(Value::as_str) {
        Some("STREAM") => ("2021-11-15", "response-streaming-invocations"),
        _ => ("2015-03-31", "invocations"),
    };
    let uri = format!(
        "arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}:lambda:path/{version}/functions/{}/{action}",
        live_arn(&kebab(id))
    );
    [
        ("type", integration["type"] == "aws_proxy"),
        ("httpMethod", integration["httpMethod"] == "POST"),
        ("uri", integration["uri"]["Fn::Sub"] == uri),
        ("credentials", integration["credentials"]["Fn::Sub"] == API_ROLE),
        // An integration without a mode is buffered.
        ("responseTransferMode", mode.is_none_or(|mode| mode == "STREAM")),
    ]
    .into_iter()
    .filter_map(|(what, right)| (!right).then_some(what))
    .collect()
}

#[test]
fn integrations_name_the_function_of_their_operation() {
    let mut wrong = Vec::new();
    for operation in operations() {
        let faults = integration_faults(operation.id, &operation.node["x-amazon-apigateway-integration"]);
        wrong.extend(faults.into_iter().map(|what| format!("{} {what}", operation.id)));
    }
    settle("integrations", wrong);
}

#[test]
fn integrations_stream_as_a_whole_or_not_at_all() {
    let integration = |path: &str, action: &str, mode: Value| {
        let uri = format!(
            "arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}:lambda:path/{path}/functions/{}/{action}",
            live_arn("ask")
        );
        let mut integration = serde_json::json!({
            "type": "aws_proxy", "httpMethod": "POST", "uri": {"Fn::Sub": uri},
            "credentials": {"Fn::Sub": API_ROLE},
        });
        if !mode.is_null() {
            integration["responseTransferMode"] = mode;
        }
        integration_faults("ask", &integration)
    };
    let (whole, streaming) = ("invocations", "response-streaming-invocations");
    let none = Vec::<&str>::new();
    assert_eq!(integration("2015-03-31", whole, Value::Null), none);
    assert_eq!(integration("2021-11-15", streaming, "STREAM".into()), none);
    assert_eq!(integration("2021-11-15", streaming, Value::Null), ["uri"]);
    assert_eq!(integration("2015-03-31", whole, "STREAM".into()), ["uri"]);
    assert_eq!(integration("2015-03-31", streaming, "STREAM".into()), ["uri"]);
    assert_eq!(integration("2021-11-15", whole, "STREAM".into()), ["uri"]);
    assert_eq!(integration("2015-03-31", whole, "BUFFERED".into()), ["responseTransferMode"]);
    assert_eq!(integration("2021-11-15", streaming, "stream".into()), ["uri", "responseTransferMode"]);
}
