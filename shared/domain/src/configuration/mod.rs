//! The settings that operators change at run time: chains of models, providers, the guardrail, list shards, limits and feature
//! flags, in one JSON document. A document is accepted or refused as a whole, with all its errors. Functions leave out the
//! names that they do not know, because the document may be older or newer than their code.
//!
//! Everything here is pure. The adapter decides where the document comes from and how often it is read.

mod chains;
mod flag;
mod limits;
mod provider;
mod written;

pub use flag::{Evaluated, Flag, FlagRule, FlagSubject, FlagTarget, FlagValue};
pub use limits::{ConfiguredLimit, LimitName};
pub use provider::{ConfiguredProvider, InputTypeNames, SECRET_PREFIX};

use crate::ai::{ChainStep, Feature};
use crate::field::{FieldChecks, FieldError, InvalidFields, all_of};
use crate::id::OrganizationId;
use std::collections::BTreeMap;
use written::WrittenDocument;

/// The version of the document's shape that this build reads.
const DOCUMENT_VERSION: u32 = 1;
/// The most partitions of an organization's lists. Every page of a list reads all of them.
pub const MOST_SHARDS: u32 = 64;
/// The most characters of a guardrail's identifier, which is Bedrock's limit.
const LONGEST_GUARDRAIL: usize = 2048;

/// A checked document.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RuntimeConfiguration {
    /// The chains of models by feature, for organizations without their own chain.
    pub chains: BTreeMap<Feature, Vec<ChainStep>>,
    /// Servers that speak OpenAI's wire format. No two have the same name, and no two serve the same model.
    pub providers: Vec<ConfiguredProvider>,
    /// The Bedrock guardrail around every conversation with a model of Bedrock.
    pub guardrail: Option<ConfiguredGuardrail>,
    /// The number of partitions of an organization's lists, 1 to 64; 1 if the organization is not named.
    pub list_shards: BTreeMap<OrganizationId, u32>,
    /// Whether organizations may have models fine-tuned. The operator pays for the training.
    pub fine_tuning: bool,
    /// Rate limits that differ from those of the build.
    pub limits: BTreeMap<LimitName, ConfiguredLimit>,
    /// Feature flags by name.
    pub flags: BTreeMap<String, Flag>,
    /// Whether this is the document of the build, which a process uses until it has read a deployed one. It has none of
    /// the operators' settings, so the number of shards of an organization is unknown.
    pub is_of_build: bool,
}

/// A guardrail of Bedrock, in the deployment's account and region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfiguredGuardrail {
    /// Its identifier.
    pub id: String,
    /// `DRAFT` or a number.
    pub version: String,
}

/// The properties of a model that a reader of the document needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CatalogModel {
    /// Whether the model is for conversations; other models make embeddings.
    pub converses: bool,
    /// Whether a server with OpenAI's wire format serves it.
    pub openai_compatible: bool,
}

/// All models by identifier.
pub type ModelCatalog = BTreeMap<String, CatalogModel>;

/// Why a document is refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigurationError {
    /// The document is not JSON, or has members that this build does not know.
    #[error("the configuration document is malformed")]
    Malformed(#[from] serde_json::Error),
    /// These values can't be used.
    #[error("the configuration document has wrong values")]
    Invalid(#[from] InvalidFields),
}

impl RuntimeConfiguration {
    /// Reads a document that is to be deployed, and refuses unknown names. Without a catalog the names of models are not
    /// checked.
    pub fn parse(text: &[u8], catalog: Option<&ModelCatalog>) -> Result<Self, ConfigurationError> {
        let (configuration, faults, unknown) = checked(serde_json::from_slice(text)?, catalog);
        Ok(all_of(unknown.finish(()), faults.finish(configuration))?)
    }

    /// Reads a document that is deployed, and leaves out what this build does not know or can't call: models, limits,
    /// features and members of the document. One such name would otherwise take the guardrail, the limits and the flags
    /// away from a process that starts. Faults of the structure are refused. A function that calls no models passes no
    /// catalog.
    pub fn parse_deployed(
        text: &[u8],
        catalog: Option<&ModelCatalog>,
    ) -> Result<(Self, Vec<FieldError>), ConfigurationError> {
        let (configuration, faults, unknown) = checked(serde_json::from_slice(text)?, catalog);
        let left_out = unknown.finish(()).err().map(|InvalidFields(names)| names).unwrap_or_default();
        Ok((faults.finish(configuration)?, left_out))
    }

    /// The number of partitions over which an organization's lists and counters are written. While no deployed document
    /// is known it is 1, because every process reads the first partition.
    pub fn shards(&self, organization: OrganizationId) -> u32 {
        self.list_shards.get(&organization).copied().unwrap_or(1)
    }

    /// The number of partitions that may have items of an organization: all that a document may set, while no deployed
    /// document is known.
    pub fn shards_to_read(&self, organization: OrganizationId) -> u32 {
        if self.is_of_build { MOST_SHARDS } else { self.shards(organization) }
    }

    /// The limit of this name, if it differs from the build's.
    pub fn limit(&self, name: &str) -> Option<ConfiguredLimit> {
        let name = LimitName::ALL.into_iter().find(|known| known.as_str() == name)?;
        self.limits.get(&name).copied()
    }

    /// The provider with OpenAI's wire format that serves a model, if there is one.
    pub fn provider_of(&self, model: &str) -> Option<&ConfiguredProvider> {
        self.providers.iter().find(|provider| provider.models.iter().any(|served| served == model))
    }
}

/// The configuration without unknown names, the faults of the document, and the unknown names.
fn checked(
    written: WrittenDocument,
    catalog: Option<&ModelCatalog>,
) -> (RuntimeConfiguration, FieldChecks, FieldChecks) {
    let (mut check, mut unknown) = (FieldChecks::default(), FieldChecks::default());
    if written.version != DOCUMENT_VERSION {
        check.wrong("version", "unknown", format!("must be {DOCUMENT_VERSION}"));
    }
    for member in written.unknown.keys() {
        unknown.wrong(member, "unknown", "is no member of the document");
    }
    let providers = provider::checked(&mut check, &mut unknown, written.providers, catalog);
    let configuration = RuntimeConfiguration {
        chains: chains::checked(&mut check, &mut unknown, written.chains, catalog, &providers),
        providers,
        guardrail: written.guardrail.and_then(|text| guardrail(&mut check, &text)),
        list_shards: list_shards(&mut check, written.list_shards),
        fine_tuning: written.fine_tuning,
        limits: limits::checked(&mut check, &mut unknown, written.limits),
        flags: flag::checked(&mut check, written.flags),
        is_of_build: false,
    };
    (configuration, check, unknown)
}

fn guardrail(check: &mut FieldChecks, text: &str) -> Option<ConfiguredGuardrail> {
    let found = text.split_once(':').filter(|(id, version)| {
        let named = !id.is_empty()
            && id.len() <= LONGEST_GUARDRAIL
            && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        let number =
            version.parse::<u32>().is_ok_and(|number| number > 0) && !version.starts_with(['0', '+']);
        named && (*version == "DRAFT" || number)
    });
    if found.is_none() {
        check.wrong("guardrail", "format", "must be id:version, with DRAFT or a number as version");
    }
    found.map(|(id, version)| ConfiguredGuardrail { id: id.to_owned(), version: version.to_owned() })
}

fn list_shards(check: &mut FieldChecks, written: BTreeMap<String, u32>) -> BTreeMap<OrganizationId, u32> {
    let mut shards = BTreeMap::new();
    for (organization, number) in written {
        let field = format!("list_shards.{organization}");
        if !(1..=MOST_SHARDS).contains(&number) {
            check.wrong(&field, "range", format!("must be from 1 to {MOST_SHARDS}"));
        }
        match organization.parse() {
            Ok(id) => {
                shards.insert(id, number);
            }
            Err(_) => check.wrong(&field, "format", "must be named by the identifier of an organization"),
        }
    }
    shards
}
