//! Whether a caller may access one aggregate. An aggregate of another owner is answered like a missing one, and the
//! refusal is recorded for the audit log.

use crate::Error;
use domain::AggregateType;
use domain::authority::{Authority, Caller, Permission};
use domain::id::AccountId;
use ports::AggregateKey;

/// Whether a caller may access one aggregate of the caller's organization.
#[derive(Debug)]
pub enum AccessDecision {
    /// The caller may access it.
    Granted,
    /// It does not exist for the caller, for example because it was deleted. Nothing is recorded.
    Missing,
    /// It exists and belongs to another owner: answered like a missing one, and recorded.
    Refused(Box<RefusedPermission>),
}

/// The caller and the permission of a refused access.
#[derive(Debug, Clone)]
pub struct RefusedPermission {
    caller: Caller,
    permission: &'static str,
}

/// A refused access that is not recorded yet. A use case returns it instead of writing, because a request that is
/// refused by a rate limit must write nothing; whoever answers the request records it with [`crate::denial::record`].
#[derive(Debug, Clone)]
pub struct RefusedAccess {
    /// The refused caller.
    pub caller: Caller,
    /// The name of the permission that does not cover the object.
    pub permission: &'static str,
    /// The kind of the object, which belongs to the caller's organization.
    pub kind: AggregateType,
    /// The id of the object.
    pub id: String,
}

impl RefusedAccess {
    /// The refusal of an object of the caller's organization.
    pub fn new<P: Permission>(authority: &Authority<P>, kind: AggregateType, id: &impl ToString) -> Self {
        let (caller, permission) = (authority.caller().clone(), authority.permission());
        Self { caller, permission, kind, id: id.to_string() }
    }
}

/// Whether the authority covers objects of `owner`.
pub fn check_owner<P: Permission>(authority: &Authority<P>, owner: AccountId) -> AccessDecision {
    if authority.covers(owner) {
        return AccessDecision::Granted;
    }
    AccessDecision::Refused(Box::new(RefusedPermission {
        caller: authority.caller().clone(),
        permission: authority.permission(),
    }))
}

impl AccessDecision {
    /// Fails unless access to the aggregate with this key is granted: with [`Error::NotFound`] if it is missing, and
    /// with [`Error::Refused`] if it belongs to another owner.
    pub fn enforce(self, key: &AggregateKey) -> Result<(), Error> {
        match self {
            Self::Granted => Ok(()),
            Self::Missing => Err(Error::NotFound),
            Self::Refused(refused) => {
                let RefusedPermission { caller, permission } = *refused;
                let (kind, id) = (key.kind(), key.id().to_owned());
                Err(Error::Refused(Box::new(RefusedAccess { caller, permission, kind, id })))
            }
        }
    }
}
