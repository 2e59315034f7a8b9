//! The next step of a fine-tune: what is asked of the provider, and the event that records it. A step that is asked again
//! finds what it did before, because job, model, deployment and reservation have the fine-tune's name or id.

use super::advance::Tools;
use super::file_check::await_file;
use super::training_charge::{MoneyForTraining, set_aside, settle};
use application_core::{Context, Error};
use domain::ai::fine_tune::{self, Failure, FineTune, FineTuneEvent, FineTuneStatus};
use ports::{
    AggregateKey, DeploymentState, JobName, JobState, ModelDeployment, ProviderJobError, TrainingJob,
};

/// Asks the provider for the next step; the event to record, if the step is done.
pub(super) async fn next_event(
    tools: Tools<'_>,
    context: &Context,
    key: &AggregateKey,
    state: &FineTune,
) -> Result<Option<FineTuneEvent>, Error> {
    match state.status {
        FineTuneStatus::AwaitingFile => await_file(tools.files, context, key, state).await,
        FineTuneStatus::Submitting => submit(tools, context, key, state).await,
        FineTuneStatus::Training => follow_training(tools, context, key, state).await,
        FineTuneStatus::Deploying => deploy(tools, context, key, state).await,
        FineTuneStatus::Canceled | FineTuneStatus::Failed if state.stopping => {
            remove(tools, context, key, state).await
        }
        FineTuneStatus::Completed | FineTuneStatus::Failed | FineTuneStatus::Canceled => Ok(None),
    }
}

/// Sets the money aside, and has the provider train.
async fn submit(
    tools: Tools<'_>,
    context: &Context,
    key: &AggregateKey,
    state: &FineTune,
) -> Result<Option<FineTuneEvent>, Error> {
    match set_aside(tools, context, key.tenant(), state).await? {
        MoneyForTraining::SetAside => {}
        MoneyForTraining::NoRoom(budget) => {
            return Ok(fine_tune::fail_fine_tune(state, Failure::of_budget(budget.as_str())));
        }
        MoneyForTraining::GivenBack => return Ok(fail(state, "The provider took no job.")),
        MoneyForTraining::NoPrice => return Ok(fail(state, "The base model is not trained any more.")),
    }
    match tools.trainer.start(&TrainingJob::of(key.tenant(), state)).await {
        Ok(job) => Ok(fine_tune::start_fine_tune(state, &job)),
        Err(ProviderJobError::Refused(code)) => {
            tracing::warn!(fine_tune = key.id(), code, "the provider refuses a job");
            settle(tools, context, key.tenant(), state, false).await?;
            Ok(fail(state, &code))
        }
        // The answer may have been lost; an existing job is never given up.
        Err(_)
            if state.submission_timed_out(context.now)
                && tools.trainer.job_state(&JobName::of(state.id)).await?.is_none() =>
        {
            settle(tools, context, key.tenant(), state, false).await?;
            Ok(fail(state, "The provider took no job for three days."))
        }
        Err(error) => Err(error.into()),
    }
}

/// Reads the status of the job. Training that ended is charged before its end is recorded.
async fn follow_training(
    tools: Tools<'_>,
    context: &Context,
    key: &AggregateKey,
    state: &FineTune,
) -> Result<Option<FineTuneEvent>, Error> {
    let (trained, event) = match tools.trainer.job_state(&JobName::of(state.id)).await? {
        Some(JobState::Running) => return Ok(None),
        Some(JobState::Completed(model)) => (true, fine_tune::train_fine_tune(state, &model)),
        Some(JobState::Failed { trained }) => (trained, fail(state, "The job failed at the provider.")),
        Some(JobState::Stopped { trained }) => (trained, fail(state, "The job was stopped at the provider.")),
        None => (true, fail(state, "The job is gone at the provider.")),
    };
    settle(tools, context, key.tenant(), state, trained).await?;
    Ok(event)
}

/// Has the provider deploy the model, and waits until it can be asked.
async fn deploy(
    tools: Tools<'_>,
    context: &Context,
    key: &AggregateKey,
    state: &FineTune,
) -> Result<Option<FineTuneEvent>, Error> {
    const TIMED_OUT: &str = "The provider did not deploy the model for three days.";
    let name = JobName::of(state.id);
    let timed_out = state.submission_timed_out(context.now);
    match tools.trainer.deployment_state(&name).await? {
        Some(DeploymentState::Active(deployment)) => {
            return Ok(fine_tune::complete_fine_tune(state, &deployment));
        }
        Some(DeploymentState::Failed) => return Ok(fail(state, "The provider could not deploy the model.")),
        Some(DeploymentState::Creating) if timed_out => return Ok(fail(state, TIMED_OUT)),
        Some(DeploymentState::Creating) => return Ok(None),
        None => {}
    }
    let Some(model) = state.custom_model.clone() else {
        return Ok(fail(state, "The provider named no model."));
    };
    match tools.trainer.deploy(&ModelDeployment { name, model, tenant: key.tenant() }).await {
        Ok(()) => Ok(None),
        Err(ProviderJobError::Refused(code)) => {
            tracing::warn!(fine_tune = key.id(), code, "the provider refuses to deploy a model");
            Ok(fail(state, &code))
        }
        Err(_) if timed_out => Ok(fail(state, TIMED_OUT)),
        Err(error) => Err(error.into()),
    }
}

/// Removes what the provider has of a fine-tune that ended: the deployment first, because a deployed model can't be
/// deleted, then the job and the model. A deployment that appears later meets a model that is gone.
async fn remove(
    tools: Tools<'_>,
    context: &Context,
    key: &AggregateKey,
    state: &FineTune,
) -> Result<Option<FineTuneEvent>, Error> {
    let name = JobName::of(state.id);
    if tools.trainer.deployment_state(&name).await?.is_some() {
        tools.trainer.delete_deployment(&name).await?;
        return Ok(None);
    }
    let trained = match (tools.trainer.job_state(&name).await?, &state.custom_model) {
        (Some(JobState::Running), _) => {
            tools.trainer.stop(&name).await?;
            return Ok(None);
        }
        // A run that was about to start the job when it was canceled may still do so.
        (None, None) if state.may_still_start(context.now) => return Ok(None),
        (Some(JobState::Completed(model)), _) => {
            tools.trainer.delete_model(&model).await?;
            true
        }
        (None, Some(model)) => {
            tools.trainer.delete_model(model).await?;
            true
        }
        (Some(JobState::Failed { trained } | JobState::Stopped { trained }), _) => trained,
        (None, None) => state.provider_job.is_some(),
    };
    settle(tools, context, key.tenant(), state, trained).await?;
    Ok(fine_tune::stop_fine_tune(state))
}

fn fail(state: &FineTune, why: &str) -> Option<FineTuneEvent> {
    fine_tune::fail_fine_tune(state, Failure::of_provider(why))
}
