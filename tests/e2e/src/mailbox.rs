//! The mails that the emulator kept instead of sending them.

use crate::client::agent;
use crate::environment;
use crate::wait::eventually;
use serde_json::Value;
use std::time::Duration;

/// The emulator's list of the mails that were sent.
const MESSAGES: &str = "/_ministack/ses/messages";

/// The token in the newest mail to an address whose link leads to `page`.
pub fn mailed_token(address: &str, page: &str) -> String {
    eventually(&format!("a mail with a link to {page}"), 60, Duration::from_secs(1), || {
        let link = format!("/{page}#token=");
        let texts = texts_to(address);
        let (_, after) = texts.iter().rev().find_map(|text| text.split_once(&link))?;
        Some(after.lines().next().unwrap_or_default().trim().to_owned())
    })
}

/// The texts of the mails to an address, oldest first.
pub fn texts_to(address: &str) -> Vec<String> {
    let url = format!("{}{MESSAGES}", environment().aws_url);
    let mut answer = agent().get(&url).call().expect("the mails of the emulator");
    let text = answer.body_mut().read_to_string().expect("a text");
    let mut mails = Vec::new();
    collect(&serde_json::from_str(&text).expect("JSON"), address, &mut mails);
    mails
}

/// The answer has the mails by account; a mail is an object with `To` and `BodyText`.
fn collect(value: &Value, address: &str, mails: &mut Vec<String>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| collect(value, address, mails)),
        Value::Object(members) => {
            let is_to = |to: &Value| to.as_array().is_some_and(|to| to.iter().any(|to| to == address));
            match (members.get("To"), members.get("BodyText").and_then(Value::as_str)) {
                (Some(to), Some(text)) if is_to(to) => mails.push(text.to_owned()),
                (Some(_), _) => {}
                (None, _) => members.values().for_each(|value| collect(value, address, mails)),
            }
        }
        _ => {}
    }
}
