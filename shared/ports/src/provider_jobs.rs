//! The names of the jobs of fine-tunes and batches, which a provider runs by itself, and the failures of calls about them.

use super::Source;
use std::fmt::Display;

/// The provider's name for a job. Such names contain no underscores.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobName(String);

impl JobName {
    /// The name of the job of the fine-tune or batch with this id.
    pub fn of(id: impl Display) -> Self {
        Self(id.to_string().replace('_', "-"))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The provider did not carry a call about a job, a model or a deployment out.
#[derive(Debug, thiserror::Error)]
pub enum ProviderJobError {
    /// It can't be reached, or refuses the deployment for a reason that an operator must mend.
    #[error("the provider does not answer")]
    Unavailable(#[source] Source),
    /// It throttles, has no room at present, or is busy with what is to be changed.
    #[error("the provider has no capacity at the moment")]
    Busy(#[source] Source),
    /// It refuses this request at every attempt, with this code. Its message may quote the file or name resources, and
    /// is never kept.
    #[error("the provider refuses the job")]
    Refused(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_jobs_have_no_underscores() {
        assert_eq!(JobName::of("batch_01jd2x_a").as_str(), "batch-01jd2x-a");
    }
}
