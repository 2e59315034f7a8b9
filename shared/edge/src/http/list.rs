//! Lists: the page that a request asks for, and the answer with the cursor to the next page. Every list of the contract
//! is read and answered here, except lists without pages.

use super::{Parameters, Request, Response};
use crate::Problem;
use crate::cursor::CursorCodec;
use contracts::list::List;
use domain::authority::Caller;
use ports::{Page, Position};
use serde::Serialize;

/// The number of entries of a page without `limit`.
const DEFAULT_LIMIT: u32 = 20;
/// The most entries of a page.
const LARGEST_LIMIT: u32 = 100;

/// The names of the parameters that every list with pages has.
const PAGE_PARAMETERS: [&str; 2] = ["limit", "cursor"];

/// The page of a list that a caller asks for.
pub struct RequestedPage<'a> {
    limit: u32,
    after: Option<Position>,
    cursors: &'a CursorCodec,
    caller: Caller,
    /// Names the list, so that a cursor is good for this list only.
    fingerprint: String,
}

impl Request {
    /// The query parameters of a list: those of every list, and its filters of these names.
    pub fn list_parameters(&self, filters: &[&str]) -> Parameters<'_> {
        let names: Vec<&str> = filters.iter().copied().chain(PAGE_PARAMETERS).collect();
        self.parameters(&names)
    }
}

impl<'a> Parameters<'a> {
    /// The page of a list. 400 when a parameter is wrong; it names all wrong ones. 400 `invalid_cursor` when the cursor
    /// was changed, or made for another list, query or caller.
    pub fn requested_page(
        mut self,
        cursors: &'a CursorCodec,
        caller: &Caller,
    ) -> Result<RequestedPage<'a>, Problem> {
        let limit = self.whole_number("limit", 1..=LARGEST_LIMIT).unwrap_or(DEFAULT_LIMIT);
        let cursor = self.text("cursor");
        let fingerprint = self.request().list_fingerprint();
        self.finish()?;
        let after = cursor.map(|cursor| cursors.open(cursor, caller, &fingerprint)).transpose()?;
        Ok(RequestedPage { limit, after, cursors, caller: caller.clone(), fingerprint })
    }
}

impl RequestedPage<'_> {
    /// The most entries, 1 to 100, and the end of the page before; `None` for the first page.
    pub fn limit_and_start(&self) -> (u32, Option<Position>) {
        (self.limit, self.after.clone())
    }

    /// The answer with the entries that were found, each in the shape of the contract, and the cursor to the next page.
    pub fn answer<T, Entry: Serialize>(
        &self,
        found: &Page<T>,
        entry: impl FnMut(&T) -> Entry,
    ) -> Result<Response, Problem> {
        let next = found.next.as_ref();
        let body = List {
            data: found.items.iter().map(entry).collect(),
            next_cursor: next.map(|next| self.cursors.seal(next, &self.caller, &self.fingerprint)),
        };
        Response::json(200, &body)
    }
}
