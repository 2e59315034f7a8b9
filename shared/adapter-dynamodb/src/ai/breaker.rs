//! Breakers: a model that fails too often is left alone by all functions. One item for each model holds the calls of
//! the current window. Once the breaker has opened, the item also holds until when it is open, and for which requests:
//! while some calls are answered, requests without another model go on asking. After that time one call may probe the
//! model; its end closes the breaker or opens it again. Until then the breaker stays open or half-open, whatever is
//! counted meanwhile.

mod item;

use super::DynamoAiState;
use crate::failure::{failed, given_up};
use crate::keys::{Item, ItemKey};
use crate::random::random;
use crate::state_item::EXPIRES_AT;
use crate::value::{binary, digits, read_number};
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use domain::Timestamp;
use item::{
    ANSWERS_SOME, CALLS, FAILURES, OPEN_UNTIL, PROBE_ID, PROBE_UNTIL, RESTING_UNTIL, THROTTLED_UNTIL,
    WINDOW_STARTED, answers_too_few, by_failures, fails, open_until,
};
use ports::{Breaker, CallObservation, ModelName, StoreError};
use std::time::Duration;

pub(super) use item::read_breaker;

const WINDOW_MILLIS: i64 = 60_000;
/// A provider that asks to be left alone for longer is asked again after this time.
const LONGEST_THROTTLED: Duration = Duration::from_secs(60);
/// How long the item of an unused model stays, in seconds.
const KEEP: i64 = 24 * 3600;
/// Other processes may begin or close the window in between.
const MOST_WINDOWS: u32 = 4;

/// The result of an update.
enum Updated {
    /// The update was made; the new item.
    Done(Item),
    /// The condition did not hold; the existing item, if there is one.
    Refused(Option<Item>),
}

impl DynamoAiState {
    pub(super) async fn count_calls(
        &self,
        model: &ModelName,
        seen: CallObservation,
        now: Timestamp,
    ) -> Result<Breaker, StoreError> {
        let mut in_window = true;
        for _ in 0..MOST_WINDOWS {
            let counted = if in_window {
                self.add_to_window(model, seen, now).await?
            } else {
                self.begin_window(model, seen, now).await?
            };
            match counted {
                Updated::Done(item) if fails(&item)? => return self.open(model, &item, seen, now).await,
                // A throttled caller knows how long to wait.
                Updated::Done(item) => return by_failures(Some(&item), now),
                Updated::Refused(_) => in_window = !in_window,
            }
        }
        Err(given_up("UpdateItem", "the window keeps moving"))
    }

    async fn add_to_window(
        &self,
        model: &ModelName,
        seen: CallObservation,
        now: Timestamp,
    ) -> Result<Updated, StoreError> {
        let update = self
            .update(model, now)
            .update_expression(format!(
                "SET #expires_at = :expires_at{} ADD #calls :calls, #failures :failures",
                named_time(seen)
            ))
            .condition_expression("#window_started > :over");
        send(window(update, seen, now)).await
    }

    async fn begin_window(
        &self,
        model: &ModelName,
        seen: CallObservation,
        now: Timestamp,
    ) -> Result<Updated, StoreError> {
        let update = self
            .update(model, now)
            .update_expression(format!(
                "SET #expires_at = :expires_at, #window_started = :now, #calls = :calls, #failures = :failures{}",
                named_time(seen)
            ))
            .condition_expression("attribute_not_exists(#window_started) OR #window_started <= :over")
            .expression_attribute_values(":now", digits(now.millis()));
        send(window(update, seen, now)).await
    }

    /// Opens a closed breaker, or an open one for all requests, if the window in which it failed is still the current
    /// one.
    async fn open(
        &self,
        model: &ModelName,
        item: &Item,
        seen: CallObservation,
        now: Timestamp,
    ) -> Result<Breaker, StoreError> {
        let answers_too_few = answers_too_few(item)?;
        let is_open = item.contains_key(OPEN_UNTIL);
        if is_open && !(answers_too_few && item.contains_key(ANSWERS_SOME)) {
            return read_breaker(Some(item), now);
        }
        let update = self
            .update(model, now)
            .expression_attribute_names("#open_until", OPEN_UNTIL)
            .expression_attribute_names("#answers_some", ANSWERS_SOME)
            .expression_attribute_names("#window_started", WINDOW_STARTED)
            .expression_attribute_values(":window", digits(read_number::<i64>(item, WINDOW_STARTED)?));
        let update = if is_open {
            update
                .update_expression("SET #expires_at = :expires_at REMOVE #answers_some")
                .condition_expression("attribute_exists(#open_until) AND #window_started = :window")
        } else {
            let level = if answers_too_few { " REMOVE #answers_some" } else { ", #answers_some = :window" };
            update
                .update_expression(format!("SET #expires_at = :expires_at, #open_until = :until{level}"))
                .condition_expression("attribute_not_exists(#open_until) AND #window_started = :window")
                .expression_attribute_values(":until", digits(open_until(seen.retry_after, now).millis()))
        };
        match send(update).await? {
            Updated::Done(item) => read_breaker(Some(&item), now),
            Updated::Refused(found) => read_breaker(found.as_ref(), now),
        }
    }

    pub(super) async fn take_probe(
        &self,
        model: &ModelName,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Breaker, StoreError> {
        let prober = binary(random::<16>()?);
        let update = self
            .update(model, now)
            .update_expression("SET #expires_at = :expires_at, #probe_until = :until, #prober = :prober")
            .condition_expression(
                "#open_until <= :now AND (attribute_not_exists(#probe_until) OR #probe_until <= :now)",
            )
            .expression_attribute_names("#open_until", OPEN_UNTIL)
            .expression_attribute_names("#probe_until", PROBE_UNTIL)
            .expression_attribute_names("#prober", PROBE_ID)
            .expression_attribute_values(":now", digits(now.millis()))
            .expression_attribute_values(":until", digits(until.millis()))
            .expression_attribute_values(":prober", prober.clone());
        match send(update).await? {
            Updated::Done(_) => Ok(Breaker::HalfOpen),
            // The answer to this process's own write was lost and the SDK sent it again.
            Updated::Refused(Some(item)) if item.get(PROBE_ID) == Some(&prober) => Ok(Breaker::HalfOpen),
            Updated::Refused(found) => read_breaker(found.as_ref(), now),
        }
    }

    /// A new window begins in either case: earlier counts say nothing about the model's present state.
    pub(super) async fn end_probe(
        &self,
        model: &ModelName,
        succeeded: bool,
        retry_after: Option<Duration>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let update = self
            .update(model, now)
            .condition_expression("attribute_exists(#open_until)")
            .expression_attribute_names("#open_until", OPEN_UNTIL)
            .expression_attribute_names("#probe_until", PROBE_UNTIL)
            .expression_attribute_names("#prober", PROBE_ID)
            .expression_attribute_names("#window_started", WINDOW_STARTED);
        let update = if succeeded {
            update.expression_attribute_names("#answers_some", ANSWERS_SOME).update_expression(
                "SET #expires_at = :expires_at \
                 REMOVE #open_until, #answers_some, #probe_until, #prober, #window_started",
            )
        } else {
            update
                .update_expression(
                    "SET #expires_at = :expires_at, #open_until = :until \
                     REMOVE #probe_until, #prober, #window_started",
                )
                .expression_attribute_values(":until", digits(open_until(retry_after, now).millis()))
        };
        // A closed breaker needs no update.
        send(update).await.map(|_| ())
    }

    fn update(&self, model: &ModelName, now: Timestamp) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.tables.ephemeral)
            .set_key(Some(ItemKey::ai_breaker(model).attributes()))
            .expression_attribute_names("#expires_at", EXPIRES_AT)
            .expression_attribute_values(":expires_at", digits(now.seconds().saturating_add(KEEP)))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }
}

/// The part of an update for a time that the provider named.
fn named_time(seen: CallObservation) -> &'static str {
    if seen.retry_after.is_some() { ", #named_until = :named_until" } else { "" }
}

fn window(update: UpdateItemFluentBuilder, seen: CallObservation, now: Timestamp) -> UpdateItemFluentBuilder {
    let update = match seen.retry_after {
        None => update,
        Some(wait) => update
            .expression_attribute_names(
                "#named_until",
                if seen.failures > 0 { RESTING_UNTIL } else { THROTTLED_UNTIL },
            )
            .expression_attribute_values(
                ":named_until",
                digits(now.plus(wait.min(LONGEST_THROTTLED)).millis()),
            ),
    };
    update
        .expression_attribute_names("#window_started", WINDOW_STARTED)
        .expression_attribute_names("#calls", CALLS)
        .expression_attribute_names("#failures", FAILURES)
        .expression_attribute_values(":calls", digits(seen.calls))
        .expression_attribute_values(":failures", digits(seen.failures))
        .expression_attribute_values(":over", digits(now.millis().saturating_sub(WINDOW_MILLIS)))
}

async fn send(update: UpdateItemFluentBuilder) -> Result<Updated, StoreError> {
    let error = match update.send().await {
        Ok(answer) => return Ok(Updated::Done(answer.attributes.unwrap_or_default())),
        Err(error) => error,
    };
    match error.as_service_error() {
        Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
            Ok(Updated::Refused(refused.item().cloned()))
        }
        _ => Err(failed("UpdateItem", error)),
    }
}
