//! Batches: files of requests to models that are answered within a day. A caller creates one and uploads its file by a
//! signed request. A job checks the file, sets the money for all of it aside, asks the lines chunk by chunk while the
//! organization leaves the models alone, and puts the results together. The texts are in the files alone.

mod advance;
mod ask;
mod cancel;
mod check;
mod chunk_lines;
mod create;
mod file_lines;
mod finish;
mod input_window;
mod line_asked;
mod line_format;
mod money;
mod prepaid;
mod provider;
mod provider_results;
mod question;
mod quiet_capacity;
mod read;
mod records;
mod result_places;
mod results;
mod taken_results;
mod unfinished;

pub use advance::{BatchReport, BatchTools, ProviderBatches, advance_batches};
pub use cancel::cancel_batch;
pub use create::{CreatedBatch, NewBatch, check_batch, create_batch};
pub use line_format::{CheckLine, LineError, LineFormat, LineRequest};
pub use read::{BatchLinksOf, BatchPage, get_batch, links_of, list_batches};

use domain::AggregateType;
use domain::id::{BatchId, OrganizationId};
use ports::AggregateKey;

/// The key of a tenant's batch.
fn key(tenant: OrganizationId, id: &BatchId) -> AggregateKey {
    AggregateKey::new(tenant, AggregateType::Batch, id)
}
