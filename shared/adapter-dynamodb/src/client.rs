//! The only place that creates DynamoDB clients. Every client requests the used capacity of each call, and treats an empty
//! answer as a failure of the network, which the SDK repeats.
//!
//! DynamoDB answers `{}` to `GetItem` of an item that does not exist, and to most writes. An answer that a proxy or a load
//! balancer emptied looks the same and would mean "no such item" or "written". With `ReturnConsumedCapacity` a real answer
//! always contains the capacity, at no cost.

use crate::endpoint::OneEndpoint;
use adapter_aws::{PostSigning, SdkConfig};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::{
    BeforeSerializationInterceptorContextMut, FinalizerInterceptorContextMut,
};
use aws_sdk_dynamodb::config::{Builder, ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::operation::batch_get_item::{BatchGetItemInput, BatchGetItemOutput};
use aws_sdk_dynamodb::operation::get_item::{GetItemInput, GetItemOutput};
use aws_sdk_dynamodb::operation::put_item::{PutItemInput, PutItemOutput};
use aws_sdk_dynamodb::operation::query::{QueryInput, QueryOutput};
use aws_sdk_dynamodb::operation::transact_write_items::{TransactWriteItemsInput, TransactWriteItemsOutput};
use aws_sdk_dynamodb::operation::update_item::{UpdateItemInput, UpdateItemOutput};
use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use aws_smithy_runtime_api::client::interceptors::context::{Input, Output};
use aws_smithy_runtime_api::client::interceptors::{SharedInterceptor, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::OrchestratorError;

/// A client with this configuration.
pub(crate) fn client(config: &SdkConfig) -> Client {
    let signing = PostSigning::new(config, "dynamodb");
    let mut builder = Builder::from(config)
        .endpoint_resolver(OneEndpoint::default())
        .push_auth_scheme(signing.clone())
        .interceptor(signing.clone())
        .retry_classifier(signing);
    builder.push_interceptor(SharedInterceptor::permanent(EachCall));
    Client::from_conf(builder.build())
}

/// An empty answer.
#[derive(Debug, thiserror::Error)]
#[error("the answer is empty")]
struct EmptyAnswer;

#[derive(Debug)]
struct EachCall;

#[dyn_dispatch_hint]
impl Intercept for EachCall {
    fn name(&self) -> &'static str {
        "EachCall"
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        ask_for_capacity(context.input_mut());
        Ok(())
    }

    fn modify_before_attempt_completion(
        &self,
        context: &mut FinalizerInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(result) = context.output_or_error_mut()
            && result.as_ref().is_ok_and(says_nothing)
        {
            *result = Err(OrchestratorError::response(EmptyAnswer.into()));
        }
        Ok(())
    }
}

/// Requests the capacity in the input, whatever its operation is.
macro_rules! ask_in {
    ($input:expr, $($kind:ty),+) => {
        $(if let Some(input) = $input.downcast_mut::<$kind>() {
            input.return_consumed_capacity = Some(ReturnConsumedCapacity::Total);
            return;
        })+
    };
}

fn ask_for_capacity(input: &mut Input) {
    ask_in!(
        input,
        GetItemInput,
        BatchGetItemInput,
        QueryInput,
        PutItemInput,
        UpdateItemInput,
        TransactWriteItemsInput
    );
}

/// Whether an answer has neither a capacity nor any other output of its operation.
fn says_nothing(answer: &Output) -> bool {
    if let Some(answer) = answer.downcast_ref::<GetItemOutput>() {
        return answer.consumed_capacity.is_none() && answer.item.is_none();
    }
    if let Some(answer) = answer.downcast_ref::<BatchGetItemOutput>() {
        return answer.consumed_capacity.is_none()
            && answer.responses.is_none()
            && answer.unprocessed_keys.is_none();
    }
    if let Some(answer) = answer.downcast_ref::<QueryOutput>() {
        return answer.consumed_capacity.is_none() && answer.items.is_none();
    }
    if let Some(answer) = answer.downcast_ref::<PutItemOutput>() {
        return answer.consumed_capacity.is_none() && answer.attributes.is_none();
    }
    if let Some(answer) = answer.downcast_ref::<UpdateItemOutput>() {
        return answer.consumed_capacity.is_none() && answer.attributes.is_none();
    }
    answer
        .downcast_ref::<TransactWriteItemsOutput>()
        .is_some_and(|answer| answer.consumed_capacity.is_none() && answer.item_collection_metrics.is_none())
}

#[cfg(test)]
mod tests {
    /// Every operation that this crate calls.
    const KNOWN: [&str; 6] =
        ["batch_get_item", "get_item", "put_item", "query", "transact_write_items", "update_item"];

    #[test]
    fn every_operation_that_is_called_is_watched() {
        let sources = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut folders = vec![sources];
        let mut called = std::collections::BTreeSet::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let text = std::fs::read_to_string(&path).unwrap();
                assert!(
                    path.ends_with("client.rs") || !text.contains("Client::new("),
                    "{} makes a client that does not watch its answers",
                    path.display()
                );
                let text = text.split("#[cfg(test)]").next().unwrap();
                for import in text.split("aws_sdk_dynamodb::operation::").skip(1) {
                    called.extend(import.split("::").next().map(str::to_owned));
                }
                for operation in
                    ["scan", "delete_item", "batch_write_item", "transact_get_items", "execute_statement"]
                {
                    assert!(
                        !text.contains(&format!(".{operation}()")),
                        "{} calls {operation}",
                        path.display()
                    );
                }
            }
        }
        assert_eq!(called.iter().map(String::as_str).collect::<Vec<_>>(), KNOWN);
    }
}
