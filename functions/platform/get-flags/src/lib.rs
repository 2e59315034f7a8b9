//! `GET /v1/flags`: the feature flags of the caller.

use application_platform::{self as platform, Flags};
use contracts::flags::{Flag, FlagList, FlagValue};
use domain::authority::ReadFlags;
use domain::configuration;
use edge::{Handler, Problem, Request, Response};
use ports::{BoxFuture, Limiter, Store};
use std::sync::Arc;

/// The handler and its ports.
pub struct GetFlags {
    /// Loads organizations.
    pub store: Arc<dyn Store>,
    /// Counts requests.
    pub limiter: Arc<dyn Limiter>,
    /// The configured flags.
    pub flags: Flags,
}

impl Handler for GetFlags {
    fn handle<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Problem>> {
        Box::pin(async move {
            let (store, context) = (self.store.as_ref(), request.context());
            let authority =
                application_core::authorize::<ReadFlags>(store, &context, &request.caller()?).await?;
            let limiter = self.limiter.as_ref();
            let (values, decision) =
                platform::get_flags(store, limiter, &self.flags, &context, &authority).await?;
            let flag = |(name, value)| Flag { name, value: body(value) };
            let body = FlagList { data: values.into_iter().map(flag).collect() };
            Ok(Response::json(200, &body)?.with_rate_limit(decision))
        })
    }
}

fn body(value: configuration::FlagValue) -> FlagValue {
    match value {
        configuration::FlagValue::Switch(on) => FlagValue::Switch(on),
        configuration::FlagValue::Variant(text) => FlagValue::Variant(text),
    }
}
