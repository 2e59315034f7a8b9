//! Wires `list-api-keys` to AWS.

use adapter_dynamodb::DynamoKeyUses;
use edge::{Authorized, Handler};
use list_api_keys::ListApiKeys;
use std::process::ExitCode;
use std::sync::Arc;
use wiring_core::Base;

fn main() -> ExitCode {
    edge::http::run("list-api-keys", |settings| {
        Box::pin(async move {
            let base = Base::read(settings)?;
            let key_uses = Arc::new(DynamoKeyUses::new(&base.aws, base.tables()?.ephemeral));
            let store = Arc::new(base.store()?);
            let cursors = wiring_lists::cursors(&base).await?;
            let route = ListApiKeys { store: store.clone(), key_uses, cursors };
            Ok(Box::new(Authorized::new(route, store, base.read_limit()?)) as Box<dyn Handler>)
        })
    })
}
