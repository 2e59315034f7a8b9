//! What is wrong with a value that a caller sent, named by field, so that the answer can name it too.
//! It must never hold the value itself: it may be personal.

use crate::email_address::EmailAddress;
use crate::text::{self, TextFault};
use std::fmt;

/// One wrong field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// Name of the field as the contract spells it, nested with dots (`contact.email`).
    pub field: String,
    /// Stable code for programs: `required`, `too_long`, `too_short`, `format`, `range`, `unknown`, `type`.
    pub code: &'static str,
    /// For people; never the value.
    pub message: String,
}

/// A command was refused because of these fields; never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct InvalidFields(pub Vec<FieldError>);

impl InvalidFields {
    /// One wrong field.
    pub fn one(field: &str, code: &'static str, message: impl Into<String>) -> Self {
        Self(vec![FieldError { field: field.to_owned(), code, message: message.into() }])
    }
}

impl fmt::Display for InvalidFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invalid fields:")?;
        for error in &self.0 {
            write!(f, " {} ({})", error.field, error.code)?;
        }
        Ok(())
    }
}

/// The value of the second if nothing is wrong with either, else everything that is wrong with both. What the first says of
/// a field is enough.
pub fn all_of<T>(
    first: Result<(), InvalidFields>,
    second: Result<T, InvalidFields>,
) -> Result<T, InvalidFields> {
    match (first, second) {
        (Ok(()), second) => second,
        (Err(first), Ok(_)) => Err(first),
        (Err(InvalidFields(mut errors)), Err(InvalidFields(more))) => {
            for error in more {
                if errors.iter().all(|known| known.field != error.field) {
                    errors.push(error);
                }
            }
            Err(InvalidFields(errors))
        }
    }
}

/// Collects every wrong field of a command, so that a caller sees all of them at once.
#[derive(Debug, Default)]
pub struct FieldChecks(Vec<FieldError>);

impl FieldChecks {
    /// Notes a wrong field.
    pub fn wrong(&mut self, field: &str, code: &'static str, message: impl Into<String>) {
        self.0.push(FieldError { field: field.to_owned(), code, message: message.into() });
    }

    /// A text that is passed on as it is: at most `longest` characters, any but NUL, which tools take for a text's end.
    pub fn verbatim(&mut self, field: &str, value: &str, longest: usize) {
        if value.chars().count() > longest {
            self.wrong(field, "too_long", format!("must have at most {longest} characters"));
        }
        if value.contains('\0') {
            self.wrong(field, "format", "must not hold NUL");
        }
    }

    /// A line of text: trimmed, 1 to `longest` characters, in Normalization Form C, without the characters that
    /// [`text::fault_of_line`] refuses.
    pub fn line(&mut self, field: &str, value: &str, longest: usize) -> String {
        let value = text::composed(text::trimmed(value));
        if value.is_empty() {
            self.wrong(field, "required", "must not be empty");
        }
        self.judged(field, &value, longest, text::fault_of_line(&value));
        value.into_owned()
    }

    /// An optional line of text; one that looks blank counts as absent.
    pub fn optional_line(&mut self, field: &str, value: Option<&str>, longest: usize) -> Option<String> {
        let value = value.map(text::trimmed).filter(|text| !text.is_empty())?;
        Some(self.line(field, value, longest))
    }

    /// Optional text of several lines; one that looks blank counts as absent.
    pub fn optional_text(&mut self, field: &str, value: Option<&str>, longest: usize) -> Option<String> {
        let value = value.map(text::trimmed).filter(|text| !text.is_empty())?;
        self.judged(field, value, longest, text::fault_of_lines(value));
        Some(value.to_owned())
    }

    /// A text that is only ever compared, such as a password: 1 to `longest` characters of any kind.
    pub fn secret(&mut self, field: &str, value: &str, longest: usize) {
        if value.is_empty() {
            self.wrong(field, "required", "must not be empty");
        }
        if value.chars().count() > longest {
            self.wrong(field, "too_long", format!("must have at most {longest} characters"));
        }
    }

    /// An e-mail address in the form of [`EmailAddress`].
    pub fn email(&mut self, field: &str, value: &str) -> String {
        if let Some(address) = EmailAddress::parse(value) {
            return address.as_str().to_owned();
        }
        self.wrong(field, "format", "must be an e-mail address");
        value.trim().to_lowercase()
    }

    fn judged(&mut self, field: &str, value: &str, longest: usize, fault: Option<TextFault>) {
        if value.chars().count() > longest {
            self.wrong(field, "too_long", format!("must have at most {longest} characters"));
        }
        if let Some(fault) = fault {
            self.wrong(field, "format", fault.message());
        }
    }

    /// `value` if nothing was wrong, else everything that was.
    pub fn finish<T>(self, value: T) -> Result<T, InvalidFields> {
        if self.0.is_empty() { Ok(value) } else { Err(InvalidFields(self.0)) }
    }
}

#[cfg(test)]
mod tests {
    use super::FieldChecks;

    #[test]
    fn accepts_and_lowers_plain_addresses() {
        let mut check = FieldChecks::default();
        assert_eq!(check.email("email", " Ann.Lee+x@Example.CO.uk "), "ann.lee+x@example.co.uk");
        assert!(check.finish(()).is_ok());
    }

    #[test]
    fn refuses_what_no_mail_reaches() {
        for bad in
            ["", "a", "a@b", "@b.co", "a@.co", "a b@c.de", "a@b..de", "a@-b.de", "a\0@b.de", "a@b.de\n,x@y.z"]
        {
            let mut check = FieldChecks::default();
            check.email("email", bad);
            assert!(check.finish(()).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn names_every_wrong_field() {
        let mut check = FieldChecks::default();
        check.line("company_name", " ", 10);
        check.optional_line("industry", Some("a\0b"), 10);
        check.optional_text("notes", Some(&"x".repeat(11)), 10);
        let fields: Vec<_> = check.finish(()).unwrap_err().0.into_iter().map(|e| (e.field, e.code)).collect();
        assert_eq!(
            fields,
            [("company_name", "required"), ("industry", "format"), ("notes", "too_long")]
                .map(|(field, code)| (field.to_owned(), code))
        );
    }
}
