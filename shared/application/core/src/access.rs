//! Whether a caller may touch one aggregate. An aggregate of somebody else is answered as a missing one, and the audit log
//! is told.

use crate::{Context, Error, denial};
use domain::authority::{Authority, Caller, Permission};
use domain::id::AccountId;
use ports::{AggregateKey, Store};

/// Whether a caller may touch one aggregate of their organization.
#[derive(Debug)]
pub enum Access {
    /// The caller may.
    Granted,
    /// For the caller there is none, as when it was deleted. Nobody is told.
    Missing,
    /// It is there and is somebody else's: answered as a missing one, and recorded.
    Refused(Box<RefusedAccess>),
}

/// Who was refused what.
#[derive(Debug)]
pub struct RefusedAccess {
    caller: Caller,
    permission: &'static str,
}

/// Whether the authority covers what `owner` owns.
pub fn check_owner<P: Permission>(authority: &Authority<P>, owner: AccountId) -> Access {
    if authority.covers(owner) {
        return Access::Granted;
    }
    Access::Refused(Box::new(RefusedAccess {
        caller: authority.caller().clone(),
        permission: authority.permission(),
    }))
}

impl Access {
    /// [`Error::NotFound`] unless access is granted. A refusal costs one write.
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
