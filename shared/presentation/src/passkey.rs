//! Passkeys.

use contracts::second_factors::Passkey as Body;
use domain::identity::Passkey;

/// A passkey as the list has it. The name of an erased person's passkey is empty.
pub fn passkey(passkey: &Passkey) -> Body {
    Body {
        id: passkey.id.to_string(),
        name: passkey.name.as_ref().map(|name| name.name.clone()).unwrap_or_default(),
        created_at: passkey.created_at.to_string(),
        last_used_at: passkey.last_used_at.map(|at| at.to_string()),
    }
}
