//! Organizations.

use crate::support::{START, id};
use domain::InvalidFields;
use domain::id::OrganizationId;
use domain::tenancy::{
    Organization, OrganizationEvent, RegisterOrganization, SubscriptionTier, register_organization,
};
use testkit::{given, given_nothing};

fn register(name: &str) -> Result<OrganizationEvent, InvalidFields> {
    register_organization(&RegisterOrganization {
        id: id(1),
        name,
        home_region: "eu-west-1",
        registered_by: id(2),
    })
}

#[test]
fn registering_makes_a_starter_in_its_home_region() {
    let organization = given_nothing::<Organization>()
        .when(|_| register(" Northwind "))
        .then([register("Northwind").unwrap()])
        .unwrap();
    let expected: OrganizationId = id(1);
    assert_eq!((organization.id, organization.name.as_str()), (expected, "Northwind"));
    assert_eq!(organization.subscription_tier, SubscriptionTier::Starter);
    assert_eq!((organization.home_region.as_str(), organization.created_at), ("eu-west-1", START));
}

#[test]
fn a_name_is_one_line_of_1_to_200_characters() {
    for bad in ["", "  ", "a\nb", "a\0b", &"ü".repeat(201)] {
        let refused = given_nothing::<Organization>().when(|_| register(bad)).then_refused();
        assert_eq!(refused.0[0].field, "organization_name", "{bad:?}");
    }
    assert!(register(&"ü".repeat(200)).is_ok());
}

#[test]
fn registering_again_changes_nothing() {
    let (first, second) = (register("Northwind").unwrap(), register("Contoso").unwrap());
    let organization =
        given::<Organization>([first]).when(|_| second.clone()).then([second.clone()]).unwrap();
    assert_eq!(organization.name, "Northwind");
}
