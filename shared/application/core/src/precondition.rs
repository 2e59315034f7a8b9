//! The client's condition for a write (RFC 9110, section 13.1), independent of HTTP: the edge converts `If-Match` and
//! `If-None-Match` into versions, and this module compares them with the current version.

use crate::Error;

/// The versions that a header names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Versions {
    /// `*`: any version.
    Any,
    /// One of these versions. The list is empty if no tag of the header can be the tag of an entity.
    Listed(Vec<u64>),
}

/// The version of an entity at the time of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CurrentVersion {
    /// There is no entity, for example at the path of an action.
    Absent,
    /// There is an entity without a version, such as a list.
    Unversioned,
    /// There is an entity in this version.
    Number(u64),
}

/// The condition of a write. The default is no condition.
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

    /// Fails with [`Error::PreconditionFailed`] unless the write is allowed.
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
