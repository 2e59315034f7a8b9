//! The sign-ins of a network address. It has twenty in a quarter of an hour, and all tests come from one address: each
//! organization of the tests begins with none counted.

use crate::aws::Aws;
use crate::ledger::table;
use serde_json::{Value, json};
use std::sync::{Mutex, MutexGuard, PoisonError};

static COUNTED: Mutex<()> = Mutex::new(());

/// While the guard lives, no test makes the API forget sign-ins.
pub fn keep_sign_ins() -> MutexGuard<'static, ()> {
    COUNTED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes the API forget the sign-ins of all addresses.
pub(crate) fn forget_sign_ins() {
    let _guard = keep_sign_ins();
    let scan = json!({
        "TableName": table("ephemeral"),
        "ConsistentRead": true,
        "ProjectionExpression": "pk, sk",
        "FilterExpression": "begins_with(pk, :counter)",
        "ExpressionAttributeValues": {":counter": {"S": "limit#logins_address#"}},
    });
    let found = Aws::call("DynamoDB_20120810.Scan", &scan);
    let counters: Vec<&Value> = found["Items"].as_array().into_iter().flatten().collect();
    for counter in counters {
        let delete = json!({"TableName": table("ephemeral"), "Key": counter});
        Aws::call("DynamoDB_20120810.DeleteItem", &delete);
    }
}
