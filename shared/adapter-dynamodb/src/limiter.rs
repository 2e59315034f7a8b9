//! Rate limits by the generic cell rate algorithm (ITU-T I.371). All that is kept of a limit is one moment, the
//! theoretical arrival time: until when the requests counted so far use it up. A request moves it on by one interval and
//! is refused when it would be more than a period ahead.
//!
//! DynamoDB can't take the later of two moments in an update, so there are two forms of it, for a limit that is at rest
//! and for one that is in use. The process remembers the moment it saw last to guess the right one; a wrong guess costs
//! a second update and changes nothing else. A refused request writes nothing.

use crate::failure::{failed, given_up};
use crate::keys::{Item, ItemKey};
use crate::state_item::EXPIRES_AT;
use crate::value::digits;
use adapter_aws::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use domain::Timestamp;
use ports::{BoxFuture, LimitDecision, Limiter, RateLimit, StoreError};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The theoretical arrival time, Unix nanoseconds.
const ARRIVAL: &str = "tat";
/// How many limits the process remembers; then it forgets all and begins anew.
const MOST_REMEMBERED: usize = 4096;
/// Other processes only ever move the moment on, so each guess can be wrong once; another try is for the item's purge
/// in between.
const MOST_UPDATES: u32 = 4;

/// Counts requests on DynamoDB.
pub struct DynamoLimiter {
    client: Client,
    table: String,
    remembered: Mutex<HashMap<String, i128>>,
}

impl fmt::Debug for DynamoLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamoLimiter").field("table", &self.table).finish_non_exhaustive()
    }
}

impl DynamoLimiter {
    /// A limiter on the ephemeral table.
    pub fn new(config: &SdkConfig, ephemeral_table: String) -> Self {
        Self { client: Client::new(config), table: ephemeral_table, remembered: Mutex::default() }
    }

    async fn count(&self, limit: RateLimit, who: &str, now: Timestamp) -> Result<LimitDecision, StoreError> {
        let key = ItemKey::limit(limit.name, who);
        let gcra = Gcra::new(limit, now);
        let mut arrival = self.remembered().get(key.partition()).copied();
        for _ in 0..MOST_UPDATES {
            let update = self.update(&key, &gcra, arrival.is_some_and(|arrival| arrival > gcra.now));
            match update.await? {
                Update::Counted(counted) => {
                    self.remember(&key, counted);
                    return Ok(gcra.allowed(limit, counted));
                }
                Update::Refused(found) => arrival = found,
            }
            if let Some(found) = arrival.filter(|found| *found > gcra.latest) {
                self.remember(&key, found);
                return Ok(gcra.refused(limit, found));
            }
        }
        Err(given_up("UpdateItem", "the limit keeps moving"))
    }

    async fn update(&self, key: &ItemKey, gcra: &Gcra, in_use: bool) -> Result<Update, StoreError> {
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
        let update = if in_use {
            update
                .update_expression("SET #tat = #tat + :interval, #expires_at = :expires_at")
                .condition_expression("#tat > :now AND #tat <= :latest")
                .expression_attribute_values(":interval", digits(gcra.interval))
                .expression_attribute_values(":latest", digits(gcra.latest))
        } else {
            update
                .update_expression("SET #tat = :first, #expires_at = :expires_at")
                .condition_expression("attribute_not_exists(#tat) OR #tat <= :now")
                .expression_attribute_values(":first", digits(gcra.now + gcra.interval))
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

    fn remember(&self, key: &ItemKey, arrival: i128) {
        let mut remembered = self.remembered();
        if remembered.len() >= MOST_REMEMBERED && !remembered.contains_key(key.partition()) {
            remembered.clear();
        }
        remembered.insert(key.partition().to_owned(), arrival);
    }

    /// What is remembered is only a guess, so it is good even after a panic elsewhere.
    fn remembered(&self) -> MutexGuard<'_, HashMap<String, i128>> {
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

const NANOS: i128 = 1_000_000_000;

/// The numbers of one request, in nanoseconds.
struct Gcra {
    now: i128,
    period: i128,
    /// Between two requests at an even rate. Rounded down, so that a whole burst fits into the period.
    interval: i128,
    /// The latest arrival time at which another request is allowed.
    latest: i128,
    /// After this second nothing of the limit is in use any more.
    expires_at: i64,
}

impl Gcra {
    fn new(limit: RateLimit, now: Timestamp) -> Self {
        let period = i128::from(limit.period_seconds.max(1)) * NANOS;
        let interval = period / i128::from(limit.burst.max(1));
        let at = i128::from(now.millis()) * 1_000_000;
        let expires_at = now.seconds().saturating_add(i64::from(limit.period_seconds)).saturating_add(1);
        Self { now: at, period, interval, latest: at + period - interval, expires_at }
    }

    fn allowed(&self, limit: RateLimit, arrival: i128) -> LimitDecision {
        let left = self.now + self.period - arrival;
        LimitDecision {
            limit,
            allowed: true,
            remaining: u32::try_from(left / self.interval).unwrap_or_default(),
            retry_after_seconds: 0,
            reset_seconds: seconds(arrival - self.now),
        }
    }

    fn refused(&self, limit: RateLimit, arrival: i128) -> LimitDecision {
        LimitDecision {
            limit,
            allowed: false,
            remaining: 0,
            retry_after_seconds: seconds(arrival - self.latest).max(1),
            reset_seconds: seconds(arrival - self.now),
        }
    }
}

/// Whole seconds, rounded up.
fn seconds(nanos: i128) -> u32 {
    u32::try_from((nanos.max(0) + NANOS - 1) / NANOS).unwrap_or(u32::MAX)
}
