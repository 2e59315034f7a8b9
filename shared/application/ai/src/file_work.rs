//! What batches and fine-tunes have in common: an organization creates one, uploads a file for it by a signed request, has
//! only so many open at once, and may cancel it.

use application_core::command::{Change, Command, change};
use application_core::idempotency::RepeatableResult;
use application_core::limits::allowed;
use application_core::repository::{self, Actor};
use application_core::{AccessDecision, Context, Error, Precondition, lists};
use domain::authority::Caller;
use domain::id::OrganizationId;
use domain::lists::List;
use domain::{Aggregate, Timestamp, Versioned};
use ports::{
    AggregateKey, BoxFuture, FileError, IdempotencyKey, LimitDecision, Limiter, ListQuery, ListScope,
    RankBound, RateLimit, Store, Upload,
};
use std::time::Duration;

/// How long an upload is valid.
pub(crate) const UPLOAD_VALID: Duration = Duration::from_secs(3600);
/// The number of entries that a query for open work reads.
const PAGE: u32 = 100;

/// How much of one kind of work an organization may create and have open.
pub(crate) struct WorkLimits<A> {
    /// The limit of creations.
    pub(crate) created: RateLimit,
    /// The limit of open work: its `burst` is the most at once, its period the time after which a refused caller asks again.
    pub(crate) open: RateLimit,
    /// The list of the organization's work by time.
    pub(crate) by_time: List,
    /// The longest time for which open work is looked for, in seconds.
    pub(crate) longest_open: i64,
    /// Whether work is open.
    pub(crate) is_open: fn(&A) -> bool,
}

impl<A: Aggregate> WorkLimits<A> {
    /// The number of the organization's open work, counted no further than the most. The list is an index that follows its
    /// table: work that was created at this very moment may be missing.
    pub(crate) async fn count_open(
        &self,
        store: &dyn Store,
        tenant: OrganizationId,
        now: Timestamp,
    ) -> Result<u32, Error> {
        let mut query = ListQuery::of::<A>(self.by_time, ListScope::Organization(tenant), PAGE, None);
        query.at_least = Some(RankBound::Time(now.plus_seconds(-self.longest_open)));
        let most = usize::try_from(self.open.burst).unwrap_or(usize::MAX);
        let open = lists::count(store, query, most, self.is_open).await?;
        Ok(u32::try_from(open).unwrap_or(u32::MAX))
    }

    /// Whether an organization with so much open work may create more. The request counts in its limit.
    pub(crate) async fn admit(
        &self,
        limiter: &dyn Limiter,
        context: &Context,
        tenant: OrganizationId,
        open: u32,
    ) -> Result<(), Error> {
        if open >= self.open.burst {
            // The time at which one of them ends is not known; the caller may cancel one.
            let wait = self.open.period_seconds;
            return Err(Error::Limited(LimitDecision {
                limit: self.open,
                allowed: false,
                remaining: 0,
                retry_after_seconds: wait,
                reset_seconds: wait,
            }));
        }
        allowed(limiter.take(self.created, &tenant.to_string(), context.now).await?)?;
        Ok(())
    }
}

/// The upload of the file of work that was created; `None` if a repeated request finds that it waits for no file any more.
/// The state of a repetition is the created one, and the work may have gone on since.
pub(crate) async fn upload_of<A: Aggregate>(
    store: &dyn Store,
    key: &AggregateKey,
    replayed: bool,
    awaits_file: fn(&A) -> bool,
    upload: BoxFuture<'_, Result<Upload, FileError>>,
) -> Result<Option<Upload>, Error> {
    if replayed {
        let current = repository::load::<A>(store, key).await?;
        if !current.is_some_and(|current| awaits_file(&current.state)) {
            return Ok(None);
        }
    }
    Ok(Some(upload.await?))
}

/// A caller's request to cancel work.
pub(crate) struct CancelRequest<'a> {
    /// The store of the work.
    pub(crate) store: &'a dyn Store,
    /// The context of the request.
    pub(crate) context: &'a Context,
    /// The caller.
    pub(crate) caller: &'a Caller,
    /// The caller's condition on the version that is canceled.
    pub(crate) precondition: &'a Precondition,
    /// The key by which a repetition is recognized.
    pub(crate) idempotency: Option<&'a IdempotencyKey>,
}

/// Cancels work by the event that `decide` names; without one it stays as it is.
pub(crate) async fn cancel<A: Aggregate>(
    request: CancelRequest<'_>,
    key: AggregateKey,
    access: &(dyn Fn(&A) -> AccessDecision + Sync),
    decide: &(dyn Fn(&A) -> Option<A::Event> + Sync),
) -> Result<RepeatableResult<Versioned<A>>, Error> {
    let CancelRequest { store, context, caller, precondition, idempotency } = request;
    let command = Command { store, context, actor: Actor::caller(caller), idempotency: idempotency.into() };
    let cancellation = Change {
        key,
        subjects: &[],
        precondition,
        access,
        decide: &|found: &Versioned<A>| Ok(decide(&found.state).into_iter().collect()),
        erases: &[],
        removes: false,
    };
    change(&command, &cancellation).await
}
