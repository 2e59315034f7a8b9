//! Fine-tuned models as models that can be asked. Callers, records and bills know one by its own name; the provider
//! knows it by its deployment; everything else is its base model's: provider, abilities, context and prices.

use crate::registry::{Model, ModelUse, Registry, UnknownModel};
use domain::ai::FineTunedModel;
use domain::ai::fine_tune::FineTune;
use domain::id::FineTuneId;
use std::borrow::Cow;

impl Model {
    /// The provider's name for the model.
    pub(crate) fn provider_name(&self) -> &str {
        self.deployment.as_deref().unwrap_or(&self.id)
    }

    /// The model whose prices it has, by its name in the registry.
    pub(crate) fn priced_as(&self) -> &str {
        self.base_model.as_deref().unwrap_or(&self.id)
    }

    /// The fine-tune that made it, if one did.
    pub(crate) fn fine_tune(&self) -> Option<FineTuneId> {
        self.base_model.as_ref()?;
        FineTunedModel::parse(&self.id).map(|name| name.fine_tune)
    }

    /// A model that was trained from this one. It can't be asked without a deployment.
    fn trained(&self, name: &FineTunedModel, deployment: Option<&str>) -> Self {
        Self {
            id: name.to_string(),
            base_model: Some(self.id.clone()),
            deployment: deployment.map(str::to_owned),
            // Bedrock's list of models with a prompt cache has no deployments, and a cache point that a model does not
            // take is refused.
            prompt_cache_from_tokens: None,
            training_model: None,
            // A provider's batch takes base models only.
            batch: None,
            training: None,
            ..self.clone()
        }
    }
}

impl Registry {
    /// The model that a caller names. A fine-tuned model is taken at its name, as its base model: whether the caller's
    /// organization has it is known only after the look-up, and it can't be asked before.
    pub fn named(&self, name: &str) -> Result<Cow<'_, Model>, UnknownModel> {
        let Some(trained) = FineTunedModel::parse(name) else { return self.model(name).map(Cow::Borrowed) };
        let base = self.model(&trained.base_model).map_err(|_| UnknownModel(name.to_owned()))?;
        if base.usage != ModelUse::Chat {
            return Err(UnknownModel(name.to_owned()));
        }
        Ok(Cow::Owned(base.trained(&trained, None)))
    }

    /// The model of a fine-tune; `None` while it can't be asked, and where its base model can't be asked.
    pub(crate) fn fine_tuned(&self, fine_tune: &FineTune) -> Option<Model> {
        let (name, deployment) = (fine_tune.model()?, fine_tune.deployment.as_deref()?);
        let base = self.model(&name.base_model).ok()?;
        (base.usage == ModelUse::Chat).then(|| base.trained(&name, Some(deployment)))
    }

    /// The same models, and those of these fine-tunes that can be asked.
    pub(crate) fn with_fine_tunes(&self, fine_tunes: &[FineTune]) -> Cow<'_, Self> {
        self.with_models(fine_tunes.iter().filter_map(|fine_tune| self.fine_tuned(fine_tune)).collect())
    }

    /// The same models, and these.
    pub(crate) fn with_models(&self, models: Vec<Model>) -> Cow<'_, Self> {
        if models.is_empty() {
            return Cow::Borrowed(self);
        }
        let mut all = self.clone();
        all.models.extend(models);
        Cow::Owned(all)
    }
}
