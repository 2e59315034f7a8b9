//! `GET /v1/flags`: the feature flags of the caller.

use application_platform::{self as platform, Flags};
use contracts::flags::{Flag, FlagList, FlagValue};
use domain::authority::{Authority, ReadFlags};
use domain::configuration;
use edge::{ReadLimit, Request, Response, Route, RouteFuture};
use ports::Store;
use std::sync::Arc;

/// The handler and its ports.
pub struct GetFlags {
    /// Loads organizations.
    pub store: Arc<dyn Store>,
    /// The configured flags.
    pub flags: Flags,
}

impl Route for GetFlags {
    type Permission = ReadFlags;
    type Limit = ReadLimit;

    fn handle<'a>(&'a self, request: &'a Request, authority: Authority<ReadFlags>) -> RouteFuture<'a> {
        let context = request.context();
        Ok(Box::pin(async move {
            let values = platform::get_flags(self.store.as_ref(), &self.flags, &context, &authority).await?;
            let flag = |(name, value)| Flag { name, value: body(value) };
            Response::json(200, &FlagList { data: values.into_iter().map(flag).collect() })
        }))
    }
}

fn body(value: configuration::FlagValue) -> FlagValue {
    match value {
        configuration::FlagValue::Switch(on) => FlagValue::Switch(on),
        configuration::FlagValue::Variant(text) => FlagValue::Variant(text),
    }
}
