//! The document in its written form. Members that this build does not know are refused within a part of the document, and
//! told at its top level, because a misspelled one would otherwise be ignored silently.

use super::flag::WrittenFlag;
use super::limits::WrittenLimit;
use super::provider::WrittenProvider;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;

#[derive(Debug, Deserialize)]
pub(super) struct WrittenDocument {
    pub(super) version: u32,
    pub(super) chains: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub(super) providers: Vec<WrittenProvider>,
    #[serde(default)]
    pub(super) guardrail: Option<String>,
    #[serde(default)]
    pub(super) list_shards: BTreeMap<String, u32>,
    #[serde(default)]
    pub(super) fine_tuning: bool,
    #[serde(default)]
    pub(super) limits: BTreeMap<String, WrittenLimit>,
    #[serde(default)]
    pub(super) flags: BTreeMap<String, WrittenFlag>,
    /// The members that this build does not know.
    #[serde(flatten)]
    pub(super) unknown: BTreeMap<String, IgnoredAny>,
}
