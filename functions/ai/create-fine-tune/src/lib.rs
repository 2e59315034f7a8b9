//! `POST /v1/ai/fine-tunes`: creates a fine-tune and signs the request that uploads its training file.

use application_ai::Registry;
use application_ai::fine_tunes::{self, NewFineTune};
use application_core::{Configured, CurrentVersion};
use contracts::fine_tune::{self, CreateFineTuneRequest, CreatedFineTune, HyperParametersInput};
use domain::ai::fine_tune::HyperParameters;
use domain::authority::{Authority, ManageFineTunes};
use edge::{Request, Response, Route, RouteFuture, Uncounted};
use ports::{Limiter, Store, TrainingUploads, Upload};
use std::sync::Arc;

/// The handler and its ports.
pub struct CreateFineTune {
    /// Loads and commits aggregates.
    pub store: Arc<dyn Store>,
    /// Counts fine-tunes.
    pub limiter: Arc<dyn Limiter>,
    /// The models that can be fine-tuned.
    pub registry: Configured<Registry>,
    /// Signs uploads.
    pub uploads: Arc<dyn TrainingUploads>,
}

impl Route for CreateFineTune {
    type Permission = ManageFineTunes;
    type Limit = Uncounted;

    fn handle<'a>(&'a self, request: &'a Request, authority: Authority<ManageFineTunes>) -> RouteFuture<'a> {
        let context = request.context();
        let judge =
            |body: &CreateFineTuneRequest| fine_tunes::check_fine_tune(&context, &authority, &input(body));
        let body: CreateFineTuneRequest = request.json(judge)?;
        request.precondition()?.check(CurrentVersion::Unversioned)?;
        let key = request.idempotency_key("createFineTune")?;
        let registry = self.registry.current();
        Ok(Box::pin(async move {
            let input = input(&body);
            let kept = (self.store.as_ref(), self.limiter.as_ref());
            let made_of = (registry.as_ref(), self.uploads.as_ref());
            let answer =
                fine_tunes::create_fine_tune(kept, made_of, &context, &authority, &input, key.as_ref())
                    .await?;
            let fine_tunes::CreatedFineTune { fine_tune, upload: bring } = answer.value;
            let body = CreatedFineTune {
                fine_tune: presentation::fine_tune(&fine_tune.state),
                upload: bring.map(upload),
            };
            Ok(Response::json(201, &body)?.with_etag(fine_tune.version).replayed(answer.replayed))
        }))
    }
}

/// The body as input of the use case.
fn input(body: &CreateFineTuneRequest) -> NewFineTune<'_> {
    NewFineTune {
        name: &body.name,
        base_model: &body.base_model,
        hyper_parameters: hyper_parameters(body.hyper_parameters),
        bytes: body.training_file.bytes,
        sha256: &body.training_file.sha256,
    }
}

fn hyper_parameters(asked: Option<HyperParametersInput>) -> HyperParameters {
    let usual = HyperParameters::default();
    let Some(asked) = asked else { return usual };
    HyperParameters {
        epoch_count: asked.epoch_count.unwrap_or(usual.epoch_count),
        learning_rate: asked.learning_rate.unwrap_or(usual.learning_rate),
        warmup_steps: asked.warmup_steps.unwrap_or(usual.warmup_steps),
    }
}

fn upload(upload: Upload) -> fine_tune::Upload {
    fine_tune::Upload {
        method: upload.method,
        url: upload.url,
        headers: upload.headers,
        expires_at: upload.expires_at.to_string(),
    }
}
