//! Rate limits by the generic cell rate algorithm (ITU-T I.371). The only stored state of a limit is one time, the theoretical
//! arrival time: the time until which the counted requests use up the limit. Each request adds one interval. A request is
//! refused if the new time would be more than one period ahead.
//!
//! An update in DynamoDB can't take the later of two times, so there are two forms of it: one for a limit at rest and one for a
//! limit in use. The process remembers the time that it saw last to guess the right form. A wrong guess costs a second update and
//! changes nothing else. A request that this limit refuses writes nothing to it.
//!
//! A process whose clock is ahead stores times that would block all other processes for as long as its clock is ahead. So a
//! stored time that no current request can have produced is not trusted; the limit then counts as at rest, apart from the
//! requests that this process counted itself.

mod gcra;

use crate::client::client;
use crate::failure::{failed, given_up};
use crate::keys::{Item, ItemKey};
use crate::state_item::EXPIRES_AT;
use crate::value::digits;
use adapter_aws::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use domain::Timestamp;
use gcra::{Form, Full, Gcra};
use ports::{BoxFuture, LimitDecision, Limiter, RateLimit, StoreError};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The theoretical arrival time, Unix nanoseconds.
const ARRIVAL: &str = "tat";
/// The most limits that the process remembers. When it has more, it forgets all of them.
const MOST_REMEMBERED: usize = 4096;
/// Other processes only ever move the moment on, so each guess can be wrong once; another try is for the item's purge
/// in between.
const MOST_UPDATES: u32 = 4;

/// Counts requests on DynamoDB.
pub struct DynamoLimiter {
    client: Client,
    table: String,
    remembered: Mutex<HashMap<String, Remembered>>,
}

/// The arrival time of a limit as this process last saw it.
#[derive(Debug, Clone, Copy)]
struct Remembered {
    arrival: i128,
    /// The time of the request that saw it.
    seen: i128,
}

impl fmt::Debug for DynamoLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamoLimiter").field("table", &self.table).finish_non_exhaustive()
    }
}

impl DynamoLimiter {
    /// A limiter on the ephemeral table.
    pub fn new(config: &SdkConfig, ephemeral_table: String) -> Self {
        Self { client: client(config), table: ephemeral_table, remembered: Mutex::default() }
    }

    async fn count(&self, limit: RateLimit, who: &str, now: Timestamp) -> Result<LimitDecision, StoreError> {
        let key = ItemKey::limit(limit.name, who);
        let gcra = Gcra::new(limit, now);
        let own =
            self.remembered().get(key.partition()).map(|own| own.arrival).filter(|own| gcra.believes(*own));
        // A guess of the stored time; the first answer corrects it.
        let mut form =
            if own.is_some_and(|own| own > gcra.now) { Form::InUse } else { Form::AtRest(gcra.now) };
        for _ in 0..MOST_UPDATES {
            let found = match self.update(&key, &gcra, form).await? {
                Update::Counted(counted) => {
                    self.remember(&key, counted, gcra.now);
                    return Ok(gcra.allowed(limit, counted));
                }
                Update::Refused(found) => found,
            };
            form = match gcra.form(found, own) {
                Ok(form) => form,
                Err(Full(arrival)) => {
                    self.remember(&key, arrival, gcra.now);
                    return Ok(gcra.refused(limit, arrival));
                }
            };
        }
        Err(given_up("UpdateItem", "the limit keeps moving"))
    }

    async fn update(&self, key: &ItemKey, gcra: &Gcra, form: Form) -> Result<Update, StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key.attributes()))
            .expression_attribute_names("#tat", ARRIVAL)
            .expression_attribute_names("#expires_at", EXPIRES_AT)
            .expression_attribute_values(":now", digits(gcra.now))
            .expression_attribute_values(":expires_at", digits(gcra.expires_at))
            .return_values(ReturnValue::UpdatedNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let update = match form {
            Form::InUse => update
                .update_expression("SET #tat = #tat + :interval, #expires_at = :expires_at")
                .condition_expression("#tat > :now AND #tat <= :latest")
                .expression_attribute_values(":interval", digits(gcra.interval))
                .expression_attribute_values(":latest", digits(gcra.latest)),
            Form::AtRest(from) => update
                .update_expression("SET #tat = :first, #expires_at = :expires_at")
                .condition_expression("attribute_not_exists(#tat) OR #tat <= :now OR #tat > :believable")
                .expression_attribute_values(":first", digits(from + gcra.interval))
                .expression_attribute_values(":believable", digits(gcra.believable)),
        };
        let error = match update.send().await {
            Ok(answer) => {
                let counted =
                    answer.attributes.as_ref().and_then(arrival).ok_or(StoreError::Malformed(ARRIVAL))?;
                return Ok(Update::Counted(counted));
            }
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                Ok(Update::Refused(refused.item().and_then(arrival)))
            }
            _ => Err(failed("UpdateItem", error)),
        }
    }

    /// Stores a time one interval earlier, unless the limit is at rest; then nothing has to be taken back.
    async fn uncount(&self, limit: RateLimit, who: &str, now: Timestamp) -> Result<(), StoreError> {
        let key = ItemKey::limit(limit.name, who);
        let gcra = Gcra::new(limit, now);
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key.attributes()))
            .update_expression("SET #tat = #tat - :interval")
            .condition_expression("#tat > :now")
            .expression_attribute_names("#tat", ARRIVAL)
            .expression_attribute_values(":interval", digits(gcra.interval))
            .expression_attribute_values(":now", digits(gcra.now))
            .return_values(ReturnValue::UpdatedNew);
        match update.send().await {
            Ok(answer) => {
                if let Some(arrival) = answer.attributes.as_ref().and_then(arrival) {
                    self.remember(&key, arrival, gcra.now);
                }
                Ok(())
            }
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(()),
                _ => Err(failed("UpdateItem", error)),
            },
        }
    }

    /// A remembered time that still fills the limit. Other processes move it on, or give requests back, so it is believed for
    /// one interval of the limit only; then a request asks the table again.
    fn remembered_refusal(&self, limit: RateLimit, who: &str, now: Timestamp) -> Option<LimitDecision> {
        let key = ItemKey::limit(limit.name, who);
        let gcra = Gcra::new(limit, now);
        let Remembered { arrival, seen } = self.remembered().get(key.partition()).copied()?;
        let is_recent = (gcra.now - seen).abs() <= gcra.interval;
        let fills = gcra.believes(arrival) && arrival > gcra.latest;
        (is_recent && fills).then(|| gcra.refused(limit, arrival))
    }

    fn remember(&self, key: &ItemKey, arrival: i128, seen: i128) {
        let mut remembered = self.remembered();
        if remembered.len() >= MOST_REMEMBERED && !remembered.contains_key(key.partition()) {
            remembered.clear();
        }
        remembered.insert(key.partition().to_owned(), Remembered { arrival, seen });
    }

    /// The remembered times are only guesses, so they can be used even after a panic in another thread.
    fn remembered(&self) -> MutexGuard<'_, HashMap<String, Remembered>> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Limiter for DynamoLimiter {
    fn take<'a>(
        &'a self,
        limit: RateLimit,
        who: &'a str,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<LimitDecision, StoreError>> {
        Box::pin(self.count(limit, who, now))
    }

    fn known_refusal(&self, limit: RateLimit, who: &str, now: Timestamp) -> Option<LimitDecision> {
        self.remembered_refusal(limit, who, now)
    }

    fn give_back<'a>(
        &'a self,
        limit: RateLimit,
        who: &'a str,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.uncount(limit, who, now))
    }
}

enum Update {
    /// The request is counted; the arrival time now.
    Counted(i128),
    /// The condition did not hold; the arrival time found, if there was any.
    Refused(Option<i128>),
}

fn arrival(item: &Item) -> Option<i128> {
    item.get(ARRIVAL)?.as_n().ok()?.parse().ok()
}
