//! Creates a fine-tune: a claim when there is an idempotency key, a read and a query of the organization's limits, one
//! count, one write. The file is uploaded with the answer's upload. A repeated request gets the same fine-tune with a
//! new upload while it waits for its file, and does not count, so that a client that lost the first upload can go on.

use super::key;
use crate::Registry;
use crate::file_work::{UPLOAD_VALID, WorkLimits, upload_of};
use application_core::command::{Command, Creation, create_once};
use application_core::idempotency::RepeatableResult;
use application_core::limits::{FINE_TUNES, OPEN_FINE_TUNES};
use application_core::repository::{self, Actor};
use application_core::{AccessDecision, Context, Error};
use domain::ai::AiBudget;
use domain::ai::fine_tune::{self, CreateFineTune, FineTune, FineTuneEvent, FineTuneStatus, HyperParameters};
use domain::authority::{Authority, ManageFineTunes};
use domain::field::{FieldChecks, InvalidFields, all_of};
use domain::id::{FineTuneId, OrganizationId};
use domain::{AggregateType, Versioned};
use futures_util::future::try_join;
use ports::{AggregateKey, FileKey, IdempotencyKey, Limiter, Store, TrainingUploads, Upload};

/// The most characters of a model's name.
const LONGEST_MODEL: usize = 100;

/// How many fine-tunes an organization may create and have open. An open one, also one that is being stopped, is looked for
/// in a day for its file, and longer than any training takes.
const LIMITS: WorkLimits<FineTune> = WorkLimits {
    created: FINE_TUNES,
    open: OPEN_FINE_TUNES,
    by_time: FineTune::BY_TIME,
    longest_open: 30 * 24 * 3600,
    is_open: FineTune::is_open,
};

/// The request of an admin.
#[derive(Debug)]
pub struct NewFineTune<'a> {
    /// The name of the fine-tune.
    pub name: &'a str,
    /// The model to train, by its name in the registry.
    pub base_model: &'a str,
    /// The parameters of the training.
    pub hyper_parameters: HyperParameters,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// SHA-256 of the file, base64.
    pub sha256: &'a str,
}

/// A created fine-tune and the upload of its file.
#[derive(Debug, Clone, PartialEq)]
pub struct CreatedFineTune {
    /// The fine-tune.
    pub fine_tune: Versioned<FineTune>,
    /// The request that uploads the file; `None` if a repeated request finds that the fine-tune waits for no file any
    /// more.
    pub upload: Option<Upload>,
}

/// Checks the fields of a fine-tune.
pub fn check_fine_tune(
    context: &Context,
    authority: &Authority<ManageFineTunes>,
    input: &NewFineTune<'_>,
) -> Result<(), InvalidFields> {
    // The id is not checked; without randomness the request itself fails.
    let Ok(id) = context.new_id() else { return Ok(()) };
    decide(id, authority, input, input.base_model, "").map(drop)
}

fn decide(
    id: FineTuneId,
    authority: &Authority<ManageFineTunes>,
    input: &NewFineTune<'_>,
    base_model: &str,
    training_model: &str,
) -> Result<FineTuneEvent, InvalidFields> {
    let mut check = FieldChecks::default();
    check.line("base_model", input.base_model, LONGEST_MODEL);
    let event = fine_tune::create_fine_tune(&CreateFineTune {
        id,
        name: input.name,
        base_model,
        training_model,
        hyper_parameters: input.hyper_parameters,
        bytes: input.bytes,
        sha256: input.sha256,
        created_by: authority.account(),
    });
    all_of(check.finish(()), event)
}

/// Creates a fine-tune of the caller's organization.
pub async fn create_fine_tune(
    (store, limiter): (&dyn Store, &dyn Limiter),
    (registry, uploads): (&Registry, &dyn TrainingUploads),
    context: &Context,
    authority: &Authority<ManageFineTunes>,
    input: &NewFineTune<'_>,
    idempotency: Option<&IdempotencyKey>,
) -> Result<RepeatableResult<CreatedFineTune>, Error> {
    let tenant = authority.tenant();
    check_fine_tune(context, authority, input)?;
    let model = registry.model(input.base_model).map_err(|_| Error::UnknownModel)?;
    let training_model = model.training_model.as_deref().ok_or(Error::UnknownModel)?;
    let id: FineTuneId = context.new_id()?;
    let event = decide(id, authority, input, &model.id, training_model)?;
    let actor = Actor::caller(authority.caller());
    let command = Command { store, context, actor, idempotency: idempotency.into() };
    let creation = Creation {
        key: key(tenant, &id),
        subjects: &[],
        event: &event,
        access: &|_: &FineTune| AccessDecision::Granted,
        admission: Some(Box::pin(admit((store, limiter), context, tenant, &model.id))),
    };
    let RepeatableResult { value: fine_tune, replayed } = create_once(&command, creation).await?;
    let place = FileKey::new(tenant, &fine_tune.state.id);
    let awaits_file = |fine_tune: &FineTune| fine_tune.status == FineTuneStatus::AwaitingFile;
    let upload = uploads.upload(&place, &fine_tune.state.training_file, context.now, UPLOAD_VALID);
    let upload = upload_of(store, &key(tenant, &fine_tune.state.id), replayed, awaits_file, upload).await?;
    Ok(RepeatableResult { value: CreatedFineTune { fine_tune, upload }, replayed })
}

/// Whether the organization may have one more fine-tune of this model. The request counts in its limit.
async fn admit(
    (store, limiter): (&dyn Store, &dyn Limiter),
    context: &Context,
    tenant: OrganizationId,
    base_model: &str,
) -> Result<(), Error> {
    let budget = AggregateKey::new(tenant, AggregateType::AiBudget, &tenant);
    let (budget, open) = try_join(
        async { Ok(repository::load::<AiBudget>(store, &budget).await?) },
        LIMITS.count_open(store, tenant, context.now),
    )
    .await?;
    if budget.is_some_and(|budget| !budget.state.limits.allows(base_model)) {
        return Err(Error::UnknownModel);
    }
    LIMITS.admit(limiter, context, tenant, open).await
}
