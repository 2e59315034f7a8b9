//! The members of a block, which are taken one after the other. Each wrong one is named by its place in the body, and
//! values are never repeated.

use domain::field::FieldChecks;
use domain::further_fields::{FieldUse, judge_fields};
use serde_json::{Map, Value};

/// The members of an object that have not been taken yet.
pub(crate) struct Members<'a> {
    members: Map<String, Value>,
    /// The caller's name of the object.
    field: String,
    check: &'a mut FieldChecks,
}

impl<'a> Members<'a> {
    pub(crate) fn new(members: Map<String, Value>, field: String, check: &'a mut FieldChecks) -> Self {
        Self { members, field, check }
    }

    /// A member that stays.
    pub(crate) fn get(&self, member: &str) -> Option<&Value> {
        self.members.get(member)
    }

    /// The caller's name of a member.
    pub(crate) fn name(&self, member: &str) -> String {
        format!("{}.{member}", self.field)
    }

    /// The collected faults, for what reads a member itself.
    pub(crate) fn check(&mut self) -> &mut FieldChecks {
        self.check
    }

    /// Notes that a member is wrong.
    pub(crate) fn wrong(&mut self, member: &str, code: &'static str, message: &str) {
        let name = self.name(member);
        self.check.wrong(&name, code, message);
    }

    /// Notes that the whole object is wrong.
    pub(crate) fn refuse(&mut self, code: &'static str, message: &str) {
        self.check.wrong(&self.field, code, message);
    }

    /// Takes a member; null counts as left out.
    pub(crate) fn take(&mut self, member: &str) -> Option<Value> {
        self.members.remove(member).filter(|value| !value.is_null())
    }

    /// Takes a text that must be there; a missing one is noted.
    pub(crate) fn text(&mut self, member: &str) -> Option<String> {
        match self.take(member) {
            Some(Value::String(text)) => return Some(text),
            Some(_) => self.wrong(member, "type", "must be a string"),
            None => self.wrong(member, "required", "must be given"),
        }
        None
    }

    /// Takes a text that may be left out.
    pub(crate) fn optional_text(&mut self, member: &str) -> Option<String> {
        match self.take(member)? {
            Value::String(text) => Some(text),
            _ => {
                self.wrong(member, "type", "must be a string");
                None
            }
        }
    }

    /// Takes a boolean; false when it is left out.
    pub(crate) fn flag(&mut self, member: &str) -> bool {
        match self.take(member) {
            None => false,
            Some(Value::Bool(flag)) => flag,
            Some(_) => {
                self.wrong(member, "type", "must be a boolean");
                false
            }
        }
    }

    /// Takes a whole number that must be there; a missing or negative one is noted.
    pub(crate) fn whole_number(&mut self, member: &str) -> Option<u64> {
        match self.take(member) {
            None => self.wrong(member, "required", "must be given"),
            Some(value) => match value.as_u64() {
                Some(number) => return Some(number),
                None => self.wrong(member, "type", "must be a whole number that is not negative"),
            },
        }
        None
    }

    /// Takes a whole number that may be left out; a negative one is noted.
    pub(crate) fn optional_whole_number(&mut self, member: &str) -> Option<u64> {
        let value = self.take(member)?;
        if value.as_u64().is_none() {
            self.wrong(member, "type", "must be a whole number that is not negative");
        }
        value.as_u64()
    }

    /// The members that have not been taken.
    pub(crate) fn into_rest(self) -> Map<String, Value> {
        self.members
    }

    /// Takes an array that may be left out.
    pub(crate) fn array(&mut self, member: &str) -> Vec<Value> {
        match self.take(member) {
            None => Vec::new(),
            Some(Value::Array(values)) => values,
            Some(_) => {
                self.wrong(member, "type", "must be an array");
                Vec::new()
            }
        }
    }

    /// Takes an object that must be there; a missing one is noted.
    pub(crate) fn object(&mut self, member: &str) -> Option<Members<'_>> {
        match self.take(member) {
            Some(Value::Object(members)) => {
                let field = self.name(member);
                return Some(Members { members, field, check: self.check });
            }
            Some(_) => self.wrong(member, "type", "must be an object"),
            None => self.wrong(member, "required", "must be given"),
        }
        None
    }

    /// Takes an object that may be left out.
    pub(crate) fn optional_object(&mut self, member: &str) -> Option<Members<'_>> {
        let is_there = self.members.get(member).is_some_and(|value| !value.is_null());
        if is_there {
            return self.object(member);
        }
        self.members.remove(member);
        None
    }

    /// Notes that a member is there that would change the answer.
    pub(crate) fn unsupported(&mut self, member: &str, message: &str) {
        if self.take(member).is_some() {
            self.wrong(member, "unsupported", message);
        }
    }

    /// Notes all members that were not taken, except the ones that change nothing about an answer.
    pub(crate) fn finish(self, harmless: &[&str]) {
        judge_fields(&self.members, self.check, &format!("{}.", self.field), |name, _| {
            if harmless.contains(&name) { FieldUse::Nothing } else { FieldUse::Unknown }
        });
    }
}
