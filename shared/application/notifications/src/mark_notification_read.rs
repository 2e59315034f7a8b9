//! Marks one of the caller's notifications as read: one read, one write, and one more to claim an idempotency key.

use application_core::idempotency::{Answer, claim, outcome, remember, replay};
use application_core::repository::{Actor, Work};
use application_core::{Context, Error, denial};
use domain::authority::{Authority, UseNotifications};
use domain::id::NotificationId;
use domain::notification::{self, Notification};
use domain::{AggregateType, Versioned};
use ports::{AggregateKey, IdempotencyKey, Store, Transaction};

/// The most tries when the notification changes at the same time.
const TRIES: usize = 3;

/// Marks it; marking it again changes nothing.
pub async fn mark_notification_read(
    store: &dyn Store,
    context: &Context,
    authority: &Authority<UseNotifications>,
    id: &NotificationId,
    idempotency: Option<&IdempotencyKey>,
) -> Result<Answer<Versioned<Notification>>, Error> {
    if let Some(outcome) = claim(store, idempotency, context).await? {
        let key = |id: &str| {
            let id: NotificationId = id.parse().map_err(|_| Error::NotFound)?;
            Ok(AggregateKey::new(authority.tenant(), AggregateType::Notification, &id))
        };
        let may_show = |notification: &Notification| authority.covers(notification.recipient_id);
        return replay(store, key, outcome, may_show).await?.ok_or(Error::NotFound);
    }
    let (result, remembered) = match mark(store, context, authority, id, idempotency).await {
        Ok((notification, changed)) => (Ok(Answer::first(notification)), changed),
        Err(error) => (Err(error), false),
    };
    if let (Some(key), false) = (idempotency, remembered) {
        // A failed release only delays the retry until the claim ends by itself.
        let _ = store.release(key).await;
    }
    result
}

/// The notification, and whether it was marked now.
async fn mark(
    store: &dyn Store,
    context: &Context,
    authority: &Authority<UseNotifications>,
    id: &NotificationId,
    idempotency: Option<&IdempotencyKey>,
) -> Result<(Versioned<Notification>, bool), Error> {
    let key = AggregateKey::new(authority.tenant(), AggregateType::Notification, id);
    for _ in 0..TRIES {
        let mut work = Work::<Notification>::load(store, key.clone(), &[]).await?.ok_or(Error::NotFound)?;
        let notification = work.state().ok_or(Error::NotFound)?;
        if !authority.covers(notification.recipient_id) {
            let resource = (AggregateType::Notification, id.to_string());
            denial::record(store, context, authority.caller(), authority.permission(), resource).await;
            return Err(Error::NotFound);
        }
        let Some(event) = notification::mark_notification_read(notification) else {
            return Ok((work.finish()?.1, false));
        };
        work.record(&event, context, &Actor::account(authority.account()))?;
        let (change, after) = work.finish()?;
        let transaction = Transaction {
            changes: vec![change],
            idempotency: remember(idempotency, || outcome(id, after.version), context.now),
            idempotency_claimed: idempotency.is_some(),
            ..Transaction::default()
        };
        match store.commit(&transaction).await.map_err(Error::from) {
            Ok(()) => return Ok((after, true)),
            Err(Error::VersionMismatch) => {}
            Err(error) => return Err(error),
        }
    }
    Err(Error::Contended)
}
