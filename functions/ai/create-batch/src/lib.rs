//! `POST /v1/batches`: creates a batch and signs the request that uploads its file, in OpenAI's format.

use application_ai::batches::{self, NewBatch};
use application_core::CurrentVersion;
use contracts::fine_tune::Upload as ShownUpload;
use contracts::openai::CreateBatchRequest;
use domain::authority::{Authority, UseBatches};
use domain::field::{InvalidFields, all_of};
use edge::problem::ProblemFormat;
use edge::{Request, Response, Route, RouteFuture, Uncounted};
use ports::{BatchLinks, Limiter, Store, Upload};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The handler and its ports.
pub struct CreateBatch {
    /// Loads and commits aggregates.
    pub store: Arc<dyn Store>,
    /// Counts batches.
    pub limiter: Arc<dyn Limiter>,
    /// Signs uploads.
    pub links: Arc<dyn BatchLinks>,
}

impl Route for CreateBatch {
    type Permission = UseBatches;
    type Limit = Uncounted;

    fn handle<'a>(&'a self, request: &'a Request, authority: Authority<UseBatches>) -> RouteFuture<'a> {
        let context = request.context();
        let no_pairs = BTreeMap::new();
        let judge = |body: &CreateBatchRequest| {
            all_of(no_file_id(body), batches::check_batch(&context, &authority, &input(body, &no_pairs)))
        };
        let body: CreateBatchRequest = request.json(judge)?;
        judge(&body)?;
        request.precondition()?.check(CurrentVersion::Unversioned)?;
        let key = request.idempotency_key("createBatch")?;
        Ok(Box::pin(async move {
            let no_pairs = BTreeMap::new();
            let input = input(&body, &no_pairs);
            let kept = (self.store.as_ref(), self.limiter.as_ref());
            let links = self.links.as_ref();
            let answer =
                batches::create_batch(kept, links, &context, &authority, &input, key.as_ref()).await?;
            let batches::CreatedBatch { batch, upload: bring } = answer.value;
            let body =
                contracts::openai::Batch { upload: bring.map(upload), ..presentation::batch(&batch.state) };
            Ok(Response::json(201, &body)?.with_etag(batch.version).replayed(answer.replayed))
        }))
    }

    fn problem_format(&self) -> ProblemFormat {
        ProblemFormat::OpenAi
    }
}

/// The body as input of the use case.
fn input<'a>(body: &'a CreateBatchRequest, no_pairs: &'a BTreeMap<String, String>) -> NewBatch<'a> {
    NewBatch {
        endpoint: &body.endpoint,
        completion_window: &body.completion_window,
        bytes: body.input_file.bytes,
        sha256: &body.input_file.sha256,
        metadata: body.metadata.as_ref().unwrap_or(no_pairs),
    }
}

/// Files are not uploaded before their batch.
fn no_file_id(body: &CreateBatchRequest) -> Result<(), InvalidFields> {
    match body.input_file_id {
        None => Ok(()),
        Some(_) => Err(InvalidFields::one(
            "input_file_id",
            "unsupported",
            "must be left out: send the size and SHA-256 of the file as input_file, and then the file itself with the \
             answer's upload",
        )),
    }
}

fn upload(upload: Upload) -> ShownUpload {
    ShownUpload {
        method: upload.method,
        url: upload.url,
        headers: upload.headers,
        expires_at: upload.expires_at.to_string(),
    }
}
