//! `GET /v1/leads`: the leads that the caller may see, filtered and ordered.

use application::ports::{BoxFuture, Limiter, ListOrder, Store};
use application::sales::{self, LeadFilters};
use contracts::list::List;
use domain::authority::ReadLeads;
use domain::sales::LeadStatus;
use domain::{Invalid, Timestamp};
use edge::cursor::CursorCodec;
use edge::{Handler, Problem, Request, Response};
use std::str::FromStr;
use std::sync::Arc;

/// What the function needs.
pub struct ListLeads {
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// Counts requests.
    pub limiter: Arc<dyn Limiter>,
    /// Seals the place where a page ended.
    pub cursors: CursorCodec,
}

impl Handler for ListLeads {
    fn handle<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Problem>> {
        Box::pin(async move {
            let caller = request.caller()?;
            let (store, context) = (self.store.as_ref(), request.context());
            let authority = application::authorize::<ReadLeads>(store, &context, &caller).await?;
            request.only_query(&PARAMETERS)?;
            let filters = filters(request)?;
            let page = request.page()?;
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

fn filters(request: &Request) -> Result<LeadFilters, Problem> {
    let order = match request.query("sort")? {
        None | Some("created") => ListOrder::Created,
        Some("score") => ListOrder::Score,
        Some(_) => return Err(Problem::query(Invalid::one("sort", "unknown", "must be created or score"))),
    };
    Ok(LeadFilters {
        owner: parsed(request, "owner", "must be the id of an account")?,
        status: parsed::<LeadStatus>(request, "status", "must be a status of leads")?,
        industry: industry(request)?,
        min_score: min_score(request)?,
        created_from: moment(request, "created_from")?,
        created_to: moment(request, "created_to")?,
        order,
    })
}

fn industry(request: &Request) -> Result<Option<String>, Problem> {
    let wrong = || Problem::query(Invalid::one("industry", "format", "must have 1 to 100 characters"));
    let text = request.query("industry")?;
    text.map(
        |text| if (1..=100).contains(&text.chars().count()) { Ok(text.to_owned()) } else { Err(wrong()) },
    )
    .transpose()
}

fn min_score(request: &Request) -> Result<Option<u8>, Problem> {
    let wrong = || Problem::query(Invalid::one("min_score", "range", "must be a whole number from 0 to 100"));
    let score = |text: &str| {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|score| digits && *score <= 100)
    };
    request.query("min_score")?.map(|text| score(text).ok_or_else(wrong)).transpose()
}

fn moment(request: &Request, name: &str) -> Result<Option<Timestamp>, Problem> {
    let wrong = || Problem::query(Invalid::one(name, "format", "must be an RFC 3339 date-time"));
    request.query(name)?.map(|text| Timestamp::parse(text).map_err(|_| wrong())).transpose()
}

fn parsed<T: FromStr>(request: &Request, name: &str, message: &str) -> Result<Option<T>, Problem> {
    let wrong = || Problem::query(Invalid::one(name, "format", message));
    request.query(name)?.map(|text| text.parse().map_err(|_| wrong())).transpose()
}
