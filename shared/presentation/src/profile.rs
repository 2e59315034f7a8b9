//! Profiles of people.

use contracts::identity::{Preferences, Profile};
use domain::identity::Account;
use domain::tenancy::{Member, Organization};

/// The profile of an account in an organization; `None` for an erased person, who has none.
pub fn profile(
    account: &Account,
    member: &Member,
    organization: &Organization,
    mfa_enabled: bool,
) -> Option<Profile> {
    let person = account.person.as_ref()?;
    let preferences = &person.preferences;
    Some(Profile {
        id: account.id.to_string(),
        account_id: account.id.to_string(),
        email: person.email.clone(),
        email_verified: account.email_verified_at.is_some(),
        name: person.name.clone(),
        role: member.role.as_str().to_owned(),
        organization_id: organization.id.to_string(),
        organization_name: organization.name.clone(),
        preferences: Preferences {
            locale: preferences.locale.clone(),
            time_zone: preferences.time_zone.clone(),
            theme: preferences.theme.map(|theme| theme.as_str().to_owned()),
        },
        mfa_enabled,
        created_at: account.created_at.to_string(),
    })
}
