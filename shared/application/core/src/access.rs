//! Whether a caller may access one aggregate. An aggregate of another owner is answered like a missing one, and the
//! refusal is recorded for the audit log.

use crate::{Context, Error, denial};
use domain::authority::{Authority, Caller, Permission};
use domain::id::AccountId;
use ports::{AggregateKey, Store};

/// Whether a caller may access one aggregate of the caller's organization.
#[derive(Debug)]
pub enum AccessDecision {
    /// The caller may access it.
    Granted,
    /// It does not exist for the caller, for example because it was deleted. Nothing is recorded.
    Missing,
    /// It exists and belongs to another owner: answered like a missing one, and recorded.
    Refused(Box<RefusedAccess>),
}

/// The caller and the object of a refused access.
#[derive(Debug)]
pub struct RefusedAccess {
    caller: Caller,
    permission: &'static str,
}

/// Whether the authority covers objects of `owner`.
pub fn check_owner<P: Permission>(authority: &Authority<P>, owner: AccountId) -> AccessDecision {
    if authority.covers(owner) {
        return AccessDecision::Granted;
    }
    AccessDecision::Refused(Box::new(RefusedAccess {
        caller: authority.caller().clone(),
        permission: authority.permission(),
    }))
}

impl AccessDecision {
    /// Fails with [`Error::NotFound`] unless access is granted. A refusal costs one write.
    pub async fn enforce(
        self,
        store: &dyn Store,
        context: &Context,
        key: &AggregateKey,
    ) -> Result<(), Error> {
        match self {
            Self::Granted => Ok(()),
            Self::Missing => Err(Error::NotFound),
            Self::Refused(refused) => {
                let resource = (key.kind(), key.id().to_owned());
                denial::record(store, context, &refused.caller, refused.permission, resource).await;
                Err(Error::NotFound)
            }
        }
    }
}
