//! Members.

use contracts::member::Member as Body;
use domain::Versioned;
use domain::tenancy::Member;

/// A member as the people see it who manage the organization.
pub fn member(member: &Versioned<Member>) -> Body {
    let (state, version) = (&member.state, member.version);
    Body {
        account_id: state.account_id.to_string(),
        email: state.person.as_ref().map(|person| person.email.clone()),
        name: state.person.as_ref().map(|person| person.name.clone()),
        role: state.role.as_str().to_owned(),
        status: state.status.as_str().to_owned(),
        joined_at: state.created_at.to_string(),
        version,
    }
}
