//! A secret store with the same text under every name (Secrets Manager).

use crate::service::Service;
use serde_json::json;

/// Long enough for the key of cursors.
const SECRET: &str = "a key of the bench that is long enough to be one";

pub(crate) fn start() -> Service {
    Service::start(
        "secretsmanager.GetSecretValue",
        |body| json!({"Name": body["SecretId"], "SecretString": SECRET}),
    )
}
