//! Reservations that a later process settles, and fine-tunes in the look-up.

use crate::support::ai::{Gateway, LEASE_SECONDS, tenant};
use crate::support::{alone, at, change};
use domain::AggregateType;
use domain::ai::fine_tune::{CreateFineTune, FineTune, HyperParameters, create_fine_tune};
use domain::id::{FineTuneId, OrganizationId, new_id};
use ports::{AggregateKey, AiState, RequestLookup, RequestMoney, Settlement, Store};

#[tokio::test]
async fn an_open_reservation_is_found_until_it_is_settled() {
    let gateway = Gateway::start();
    let mut reservation = gateway.reserved(at(0), 700).await;
    let request = reservation.request_id();
    let find = async |tenant: OrganizationId| gateway.state.reservation(tenant, request).await.unwrap();
    let found = find(gateway.tenant).await.unwrap();
    assert_eq!((found.bound, found.request_id(), found.shard), (700, request, reservation.shard));
    assert_eq!(found.lease_until, at(LEASE_SECONDS));
    assert!(find(tenant()).await.is_none());
    // The bound is the one that is set aside now.
    gateway.state.extend(&mut reservation, 900, &crate::support::ai::limits(1_000_000)).await.unwrap();
    let found = find(gateway.tenant).await.unwrap();
    assert_eq!((found.bound, found.presumed.cost_nano_usd), (900, 900));
    let settlement = Settlement {
        metered: found.presumed.clone(),
        reservation: found,
        at: at(100_000),
        cache: None,
        correlation_id: "later".to_owned(),
    };
    assert!(gateway.state.settle(&settlement).await.unwrap());
    assert!(!gateway.state.settle(&settlement).await.unwrap());
    assert!(find(gateway.tenant).await.is_none());
    assert_eq!(gateway.committed_and_settled(at(0)).await, (900, 900));
}

#[tokio::test]
async fn a_look_sees_the_organizations_own_fine_tunes() {
    let gateway = Gateway::start();
    let id = |number: u8| -> FineTuneId { new_id(at(0), &[number; 10]) };
    let stranger = tenant();
    for (tenant, number) in [(gateway.tenant, 1), (gateway.tenant, 2), (stranger, 3)] {
        let event = create_fine_tune(&CreateFineTune {
            id: id(number),
            name: "Ours",
            base_model: "amazon.nova-lite-v1:0",
            training_model: "amazon.nova-lite-v1:0:300k",
            hyper_parameters: HyperParameters::default(),
            bytes: 10,
            sha256: "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=",
            created_by: gateway.account,
        });
        let key = AggregateKey::new(tenant, AggregateType::FineTune, &id(number));
        let (change, _) = change::<FineTune>(key, None, &[event.unwrap()], at(0), Default::default());
        gateway.environment.store().commit(&alone(change)).await.unwrap();
    }
    gateway.calls();
    let fine_tunes = [id(1), id(3), id(4)];
    let wanted = RequestLookup {
        tenant: gateway.tenant,
        cache: None,
        models: &[],
        now: at(1),
        fine_tunes: &fine_tunes,
    };
    let found = gateway.state.look_up(&wanted).await.unwrap().fine_tunes;
    assert_eq!(found.iter().map(|found| found.id).collect::<Vec<_>>(), [id(1)]);
    assert_eq!(gateway.calls().0, ["BatchGetItem"]);
}
