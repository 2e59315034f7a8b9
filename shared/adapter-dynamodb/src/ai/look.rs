//! Reads everything that decides about a request, in one batch read over two tables.

use super::DynamoAiState;
use super::answer::{check_owner, read_cached};
use super::breaker::read_breaker;
use crate::batch::get_many;
use crate::keys::ItemKey;
use crate::state_item::read_state_item;
use domain::AggregateType;
use domain::ai::fine_tune::FineTune;
use domain::ai::{AiBudget, AiPrices};
use ports::{AggregateKey, CachedCompletion, RequestLookup, RequestState, StoreError};

impl DynamoAiState {
    pub(super) async fn read_all(&self, look: &RequestLookup<'_>) -> Result<RequestState, StoreError> {
        let budget = AggregateKey::new(look.tenant, AggregateType::AiBudget, &look.tenant);
        let prices = AggregateKey::new(look.tenant, AggregateType::AiPrices, &look.tenant);
        let state = self.tables.state.as_str();
        let mut wanted = vec![(state, ItemKey::state(&budget)), (state, ItemKey::state(&prices))];
        if let Some(key) = &look.cache {
            check_owner(key, look.tenant)?;
            wanted.push((&self.tables.ephemeral, ItemKey::ai_answer(key)));
        }
        let fine_tune = |id| AggregateKey::new(look.tenant, AggregateType::FineTune, id);
        for id in look.fine_tunes {
            wanted.push((state, ItemKey::state(&fine_tune(id))));
        }
        for model in look.models {
            wanted.push((&self.tables.ephemeral, ItemKey::ai_breaker(model)));
        }
        let items = get_many(&self.client, wanted).await?;
        let budget = match items.get(&ItemKey::state(&budget)) {
            Some(item) => Some(read_state_item(item)?.decode::<AiBudget>()?.state),
            None => None,
        };
        let prices = match items.get(&ItemKey::state(&prices)) {
            Some(item) => Some(read_state_item(item)?.decode::<AiPrices>()?),
            None => None,
        };
        let cached = match &look.cache {
            Some(key) => read_cached(items.get(&ItemKey::ai_answer(key)), look.now)?,
            None => CachedCompletion::Nothing,
        };
        let breakers = look
            .models
            .iter()
            .map(|model| read_breaker(items.get(&ItemKey::ai_breaker(model)), look.now))
            .collect::<Result<_, _>>()?;
        let found = look.fine_tunes.iter().filter_map(|id| items.get(&ItemKey::state(&fine_tune(id))));
        let fine_tunes = found
            .map(|item| Ok(read_state_item(item)?.decode::<FineTune>()?.state))
            .collect::<Result<_, StoreError>>()?;
        Ok(RequestState { budget, prices, cached, breakers, fine_tunes })
    }
}
