//! `GET /v1/leads`: the leads that the caller may see, filtered and ordered.

use application_sales as sales;
use application_sales::LeadFilters;
use contracts::list::List;
use domain::authority::ReadLeads;
use domain::text;
use edge::cursor::CursorCodec;
use edge::http::Parameters;
use edge::{Handler, Problem, Request, Response};
use ports::{BoxFuture, Limiter, ListOrder, Store};
use std::sync::Arc;

/// The handler and its ports.
pub struct ListLeads {
    /// Loads and commits aggregates.
    pub store: Arc<dyn Store>,
    /// Counts requests.
    pub limiter: Arc<dyn Limiter>,
    /// Signs and verifies cursors.
    pub cursors: CursorCodec,
}

impl Handler for ListLeads {
    fn handle<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Problem>> {
        Box::pin(async move {
            let caller = request.caller()?;
            let (store, context) = (self.store.as_ref(), request.context());
            let authority = application_core::authorize::<ReadLeads>(store, &context, &caller).await?;
            let mut parameters = request.parameters(&PARAMETERS);
            let filters = filters(&mut parameters);
            let page = parameters.page();
            parameters.finish()?;
            let fingerprint = request.list_fingerprint();
            let after =
                page.cursor.map(|cursor| self.cursors.open(cursor, &caller, &fingerprint)).transpose()?;
            let limiter = self.limiter.as_ref();
            let (found, decision) =
                sales::list_leads(store, limiter, &context, &authority, filters, (page.limit, after)).await?;
            let body = List {
                data: found.items.iter().map(presentation::lead).collect(),
                next_cursor: found.next.map(|next| self.cursors.seal(&next, &caller, &fingerprint)),
            };
            Ok(Response::json(200, &body)?.with_rate_limit(decision))
        })
    }
}

/// The query parameters of the route.
const PARAMETERS: [&str; 9] =
    ["owner", "status", "industry", "min_score", "created_from", "created_to", "sort", "limit", "cursor"];

/// The message for a wrong status.
const STATUS: &str = "must be one of new, contacted, qualified, proposal, won, lost";

fn filters(parameters: &mut Parameters<'_>) -> LeadFilters {
    let order = parameters.read("sort", "must be created or score", |text| match text {
        "created" => Some(ListOrder::Created),
        "score" => Some(ListOrder::Score),
        _ => None,
    });
    // The filter has the form in which industries are stored.
    let industry = |text: &str| {
        let industry = text::composed(text::trimmed(text));
        (1..=100).contains(&industry.chars().count()).then(|| industry.into_owned())
    };
    LeadFilters {
        owner: parameters.read("owner", "must be the id of an account", |text| text.parse().ok()),
        status: parameters.read("status", STATUS, |text| text.parse().ok()),
        industry: parameters.read("industry", "must have 1 to 100 characters", industry),
        min_score: parameters.whole_number("min_score", 0..=100).and_then(|score| score.try_into().ok()),
        created_from: parameters.moment("created_from"),
        created_to: parameters.moment("created_to"),
        order: order.unwrap_or(ListOrder::Created),
    }
}
