//! Creates a fine-tune: one count, one write. Its file is brought by whoever has the answer's upload. A repeated request
//! gets the same fine-tune with a new upload, so that who lost the first one can go on.

use super::key;
use crate::ai::Registry;
use crate::idempotency::{Answer, earlier, outcome, remember, repeated, replay};
use crate::limits::{FINE_TUNES, allowed};
use crate::ports::{FileKey, IdempotencyKey, Limiter, Store, TrainingUploads, Transaction, Upload};
use crate::repository::{Actor, Work};
use crate::{Context, Error};
use domain::ai::fine_tune::{self, CreateFineTune, FineTune, HyperParameters};
use domain::authority::{Authority, ManageFineTunes};
use domain::field::Check;
use domain::id::FineTuneId;
use std::time::Duration;

/// How long the file may be brought with one answer.
const UPLOAD_VALID: Duration = Duration::from_secs(3600);

/// The longest name of a model, in characters.
const LONGEST_MODEL: usize = 100;

/// What an administrator asks for.
#[derive(Debug)]
pub struct NewFineTune<'a> {
    /// What it is called.
    pub name: &'a str,
    /// The model that learns, as the registry names it.
    pub base_model: &'a str,
    /// How it learns.
    pub hyper_parameters: HyperParameters,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// SHA-256 of the file, base64.
    pub sha256: &'a str,
}

/// A fine-tune that was created, and how its file is brought.
#[derive(Debug, Clone, PartialEq)]
pub struct CreatedFineTune {
    /// The fine-tune.
    pub fine_tune: FineTune,
    /// The request that brings the file.
    pub upload: Upload,
}

/// Creates a fine-tune of the caller's organization.
pub async fn create_fine_tune(
    (store, limiter): (&dyn Store, &dyn Limiter),
    (registry, uploads): (&Registry, &dyn TrainingUploads),
    context: &Context,
    authority: &Authority<ManageFineTunes>,
    input: &NewFineTune<'_>,
    idempotency: Option<&IdempotencyKey>,
) -> Result<Answer<CreatedFineTune>, Error> {
    let tenant = authority.tenant();
    let mut check = Check::default();
    check.line("base_model", input.base_model, LONGEST_MODEL);
    check.finish(())?;
    let model = registry.model(input.base_model).map_err(|_| Error::UnknownModel)?;
    let training_model = model.training_model.as_deref().ok_or(Error::UnknownModel)?;
    let id: FineTuneId = context.new_id()?;
    let event = fine_tune::create_fine_tune(&CreateFineTune {
        id,
        name: input.name,
        base_model: &model.id,
        training_model,
        hyper_parameters: input.hyper_parameters,
        bytes: input.bytes,
        sha256: input.sha256,
        created_by: authority.account(),
    })?;
    allowed(limiter.take(FINE_TUNES, &tenant.to_string(), context.now).await?)?;
    let mut work = Work::<FineTune>::create(key(tenant, &id), []);
    work.record(&event, context, &Actor::caller(authority.caller()))?;
    let (change, after) = work.finish()?;
    let transaction = Transaction {
        changes: vec![change],
        idempotency: remember(idempotency, || outcome(&id, after.version), context.now),
        ..Transaction::default()
    };
    let created = match store.commit(&transaction).await {
        Ok(()) => Answer::first(after),
        Err(error) => {
            let outcome = earlier(idempotency, repeated(error)?)?;
            let key = |id: &str| id.parse().map(|id| key(tenant, &id)).map_err(|_| Error::NotFound);
            replay::<FineTune>(store, key, outcome).await?
        }
    };
    let Answer { value, replayed } = created;
    let fine_tune = value.state;
    let place = FileKey::new(tenant, &fine_tune.id);
    let upload = uploads.upload(&place, &fine_tune.training_file, context.now, UPLOAD_VALID).await?;
    Ok(Answer { value: CreatedFineTune { fine_tune, upload }, replayed })
}
