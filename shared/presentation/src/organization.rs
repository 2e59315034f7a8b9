//! Organizations.

use crate::name;
use contracts::organization::Organization as Body;
use domain::tenancy::Organization;

/// An organization as its members see it.
pub fn organization(organization: &Organization) -> Body {
    Body {
        id: organization.id.to_string(),
        name: organization.name.clone(),
        subscription_tier: name(&organization.subscription_tier),
        home_region: organization.home_region.clone(),
        created_at: organization.created_at.to_string(),
    }
}
