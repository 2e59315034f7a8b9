//! The doubles keep the promises of the ports that they implement.

use domain::Timestamp;
use domain::id::{OrganizationId, new_id};
use ports::{Entropy, KeyError, TenantKeys};
use testkit::{TestEntropy, TestTenantKeys};

#[tokio::test]
async fn a_tenants_key_opens_for_that_tenant_only() {
    let keys = TestTenantKeys::default();
    let tenant: OrganizationId = new_id(Timestamp::from_millis(1), &[1; 10]);
    let other: OrganizationId = new_id(Timestamp::from_millis(1), &[2; 10]);
    let (key, wrapped) = keys.generate(tenant).await.unwrap();
    assert_eq!(keys.cached(tenant).unwrap().0, key.0);
    keys.forget();
    assert!(keys.cached(tenant).is_none());
    assert!(matches!(keys.unwrap(other, &wrapped).await.unwrap_err(), KeyError::Invalid(_)));
    assert!(keys.cached(other).is_none());
    assert_eq!(keys.unwrap(tenant, &wrapped).await.unwrap().0, key.0);
    assert_eq!(keys.calls(), 3);
}

#[test]
fn entropy_repeats_by_seed() {
    let draw = |source: &TestEntropy| {
        let mut bytes = [0; 70];
        source.fill(&mut bytes).unwrap();
        bytes
    };
    let (one, same, other) = (TestEntropy::new(1), TestEntropy::new(1), TestEntropy::new(2));
    let first = draw(&one);
    assert_eq!(first, draw(&same));
    assert_ne!(first, draw(&other));
    assert_ne!(first, draw(&one));
}
