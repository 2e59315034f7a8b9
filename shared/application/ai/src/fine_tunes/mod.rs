//! Fine-tunes: models that are trained with an organization's own examples. A caller creates one and uploads its file
//! by a signed request; a job checks the file, has the provider train and deploy, and records the end. No part of a file is
//! ever stored here.

mod advance;
mod cancel;
mod create;
mod file_check;
mod read;
mod step;
mod training_charge;

pub use advance::{AdvanceReport, Tools, advance_fine_tunes};
pub use cancel::cancel_fine_tune;
pub use create::{CreatedFineTune, NewFineTune, check_fine_tune, create_fine_tune};
pub use read::{get_fine_tune, list_fine_tunes};

use domain::AggregateType;
use domain::id::{FineTuneId, OrganizationId};
use ports::AggregateKey;

/// The key of a tenant's fine-tune.
fn key(tenant: OrganizationId, id: &FineTuneId) -> AggregateKey {
    AggregateKey::new(tenant, AggregateType::FineTune, id)
}
