//! `GET /v1/leads`: the leads that the caller may see, filtered and ordered.

use application_core::Error;
use application_sales as sales;
use application_sales::{LeadFilters, LeadOrder};
use domain::authority::{Authority, ReadLeads};
use domain::text;
use edge::cursor::CursorCodec;
use edge::http::Parameters;
use edge::{ReadLimit, Request, Route, RouteFuture};
use ports::{Page, Store};
use std::sync::Arc;

/// The handler and its ports.
pub struct ListLeads {
    /// Loads and commits aggregates.
    pub store: Arc<dyn Store>,
    /// Signs and verifies cursors.
    pub cursors: CursorCodec,
}

impl Route for ListLeads {
    type Permission = ReadLeads;
    type Limit = ReadLimit;

    fn handle<'a>(&'a self, request: &'a Request, authority: Authority<ReadLeads>) -> RouteFuture<'a> {
        let mut parameters = request.list_parameters(&FILTERS);
        let filters = filters(&mut parameters);
        let page = parameters.requested_page(&self.cursors, authority.caller())?;
        Ok(Box::pin(async move {
            let asked = page.limit_and_start();
            match sales::list_leads(self.store.as_ref(), &authority, filters, asked).await {
                // Another owner's leads are answered as if there were none.
                Err(Error::Refused(refused)) => {
                    let none = Page { items: Vec::new(), next: None };
                    Ok(page.answer(&none, presentation::listed_lead)?.with_refused([*refused]))
                }
                found => page.answer(&found?, presentation::listed_lead),
            }
        }))
    }
}

/// The parameters of the route, beside those of every list.
const FILTERS: [&str; 7] = ["owner", "status", "industry", "min_score", "created_from", "created_to", "sort"];

/// The message for a wrong status.
const STATUS: &str = "must be one of new, contacted, qualified, proposal, won, lost";

fn filters(parameters: &mut Parameters<'_>) -> LeadFilters {
    let order = parameters.read("sort", "must be created or score", |text| match text {
        "created" => Some(LeadOrder::Created),
        "score" => Some(LeadOrder::Score),
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
        order: order.unwrap_or(LeadOrder::Created),
    }
}
