//! What a client requires of an entity before a write changes it (RFC 9110, section 13.1), without HTTP: the edge reads
//! `If-Match` and `If-None-Match` into versions once, and here they are compared with the version that is there.

use crate::Error;

/// The versions that a header names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Versions {
    /// `*`: whatever version there is.
    Any,
    /// One of these. Empty when every tag of the header is one that no entity has.
    Listed(Vec<u64>),
}

/// What there is at the moment of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CurrentVersion {
    /// There is nothing that could be read, such as at the path of an action.
    Absent,
    /// There is something without a version, such as a list.
    Unversioned,
    /// An entity in this version.
    Number(u64),
}

/// What must hold for a write. The default asks for nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Precondition {
    /// `If-Match`: one of these must be the current version.
    pub required: Option<Versions>,
    /// `If-None-Match`: none of these may be the current version.
    pub excluded: Option<Versions>,
}

impl Precondition {
    /// No precondition: for jobs, and for operators.
    pub const NONE: Self = Self { required: None, excluded: None };

    /// Whether the write may go on; [`Error::PreconditionFailed`] otherwise.
    pub fn check(&self, current: CurrentVersion) -> Result<(), Error> {
        let required = self.required.as_ref().is_none_or(|versions| versions.include(current));
        let excluded = self.excluded.as_ref().is_some_and(|versions| versions.include(current));
        if required && !excluded { Ok(()) } else { Err(Error::PreconditionFailed) }
    }
}

impl Versions {
    fn include(&self, current: CurrentVersion) -> bool {
        match (self, current) {
            (_, CurrentVersion::Absent) | (Self::Listed(_), CurrentVersion::Unversioned) => false,
            (Self::Any, CurrentVersion::Unversioned | CurrentVersion::Number(_)) => true,
            (Self::Listed(versions), CurrentVersion::Number(number)) => versions.contains(&number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CurrentVersion, Precondition, Versions};

    const ABSENT: CurrentVersion = CurrentVersion::Absent;
    const LIST: CurrentVersion = CurrentVersion::Unversioned;
    const THIRD: CurrentVersion = CurrentVersion::Number(3);

    fn holds(required: Option<&Versions>, excluded: Option<&Versions>) -> [bool; 3] {
        let precondition = Precondition { required: required.cloned(), excluded: excluded.cloned() };
        [ABSENT, LIST, THIRD].map(|current| precondition.check(current).is_ok())
    }

    #[test]
    fn without_a_header_everything_goes_on() {
        assert_eq!(holds(None, None), [true, true, true]);
        assert_eq!(Precondition::default(), Precondition::NONE);
    }

    #[test]
    fn a_required_version_must_be_there() {
        assert_eq!(holds(Some(&Versions::Any), None), [false, true, true]);
        assert_eq!(holds(Some(&Versions::Listed(vec![2, 3])), None), [false, false, true]);
        assert_eq!(holds(Some(&Versions::Listed(vec![2])), None), [false, false, false]);
        assert_eq!(holds(Some(&Versions::Listed(Vec::new())), None), [false, false, false]);
    }

    #[test]
    fn an_excluded_version_must_not_be_there() {
        assert_eq!(holds(None, Some(&Versions::Any)), [true, false, false]);
        assert_eq!(holds(None, Some(&Versions::Listed(vec![2, 3]))), [true, true, false]);
        assert_eq!(holds(None, Some(&Versions::Listed(vec![2]))), [true, true, true]);
    }

    #[test]
    fn both_must_hold() {
        let (third, any) = (Versions::Listed(vec![3]), Versions::Any);
        assert_eq!(holds(Some(&third), Some(&any)), [false, false, false]);
        assert_eq!(holds(Some(&any), Some(&Versions::Listed(vec![2]))), [false, true, true]);
    }
}
