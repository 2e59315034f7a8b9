//! The query parameters of a route. They are read one by one, and all wrong ones are named at once.

use super::Request;
use crate::Problem;
use domain::Timestamp;
use domain::field::{FieldError, InvalidFields};
use std::ops::RangeInclusive;

/// The most unknown parameters that are named.
const MOST_UNKNOWN: usize = 100;

/// Reads the query parameters of a request.
#[derive(Debug)]
pub struct Parameters<'a> {
    request: &'a Request,
    wrong: Vec<FieldError>,
}

impl Request {
    /// The query parameters; the route has parameters of these names. Another parameter is wrong: a misspelled filter
    /// must not give a wider answer.
    pub fn parameters(&self, names: &[&str]) -> Parameters<'_> {
        let mut parameters = Parameters { request: self, wrong: Vec::new() };
        for name in self.query.keys().filter(|name| !names.contains(&name.as_str())).take(MOST_UNKNOWN) {
            // The name is the caller's text: it is cut, and characters that are not printable are removed.
            let name: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
            parameters.is_wrong(&name, "unknown", "is not a parameter of this route");
        }
        parameters
    }
}

impl<'a> Parameters<'a> {
    pub(super) fn request(&self) -> &'a Request {
        self.request
    }

    /// A parameter as text. One that is given several times is wrong.
    pub fn text(&mut self, name: &str) -> Option<&'a str> {
        match self.request.query_all(name) {
            [] => None,
            [value] => Some(value),
            [..] => {
                self.is_wrong(name, "format", "must be given once");
                None
            }
        }
    }

    /// A parameter that `read` understands; `must` is the message for others, such as `must be the id of an account`.
    pub fn read<T>(&mut self, name: &str, must: &str, read: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let value = read(self.text(name)?);
        if value.is_none() {
            self.is_wrong(name, "format", must);
        }
        value
    }

    /// A whole number.
    pub fn whole_number(&mut self, name: &str, range: RangeInclusive<u32>) -> Option<u32> {
        let text = self.text(name)?;
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|number| digits && range.contains(number));
        if number.is_none() {
            let message = format!("must be a whole number from {} to {}", range.start(), range.end());
            self.is_wrong(name, "range", message);
        }
        number
    }

    /// A timestamp. An unescaped plus arrives as a space, so the message says how to send it.
    pub fn moment(&mut self, name: &str) -> Option<Timestamp> {
        let text = self.text(name)?;
        let moment = Timestamp::parse(text).ok();
        if moment.is_none() {
            let message = if text.contains(' ') && Timestamp::parse(&text.replace(' ', "+")).is_ok() {
                "must be an RFC 3339 date-time; write the plus of its offset as %2B, because a plus means a space"
            } else {
                "must be an RFC 3339 date-time"
            };
            self.is_wrong(name, "format", message);
        }
        moment
    }

    /// The result of `judge` for a parameter, or for its absence.
    pub fn judged<T>(
        &mut self,
        name: &str,
        judge: impl FnOnce(Option<&str>) -> Result<T, InvalidFields>,
    ) -> Option<T> {
        let known = self.wrong.len();
        let text = self.text(name);
        if self.wrong.len() > known {
            return None;
        }
        judge(text).map_err(|InvalidFields(errors)| self.wrong.extend(errors)).ok()
    }

    /// Adds a wrong parameter.
    pub fn is_wrong(&mut self, name: &str, code: &'static str, message: impl Into<String>) {
        self.wrong.push(FieldError { field: name.to_owned(), code, message: message.into() });
    }

    /// 400 when a parameter is wrong; it names all wrong ones.
    pub fn finish(self) -> Result<(), Problem> {
        if self.wrong.is_empty() { Ok(()) } else { Err(Problem::query(InvalidFields(self.wrong))) }
    }
}
