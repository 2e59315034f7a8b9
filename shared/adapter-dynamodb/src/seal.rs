//! Seals personal data: AES-256-GCM under a random key of each data subject, which is wrapped under the tenant's data
//! key. The place of a sealed text is authenticated with it, so it can't be moved to another event, aggregate, subject
//! or tenant. A plaintext key must never leave this process or outlive the call.

use crate::digest::framed;
use crate::random::random;
use domain::id::{OrganizationId, SubjectId};
use ports::{DataKey, EventRecord, KeyError, StoreError, WrappedKey};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde_json::Value;

/// A sealed text could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("a sealed text could not be opened")]
struct NotOpened;

/// A new random key for a data subject.
pub(crate) fn new_key() -> Result<DataKey, StoreError> {
    random().map(DataKey)
}

/// A subject's key under its tenant's key.
pub(crate) fn wrap(
    tenant_key: &DataKey,
    tenant: OrganizationId,
    subject: SubjectId,
    key: &DataKey,
) -> Result<WrappedKey, StoreError> {
    seal(tenant_key, &subject_context(tenant, subject), key.0.to_vec()).map(WrappedKey)
}

/// A subject's key back from under its tenant's key.
pub(crate) fn unwrap(
    tenant_key: &DataKey,
    tenant: OrganizationId,
    subject: SubjectId,
    wrapped: &WrappedKey,
) -> Result<DataKey, StoreError> {
    open(tenant_key, &subject_context(tenant, subject), &wrapped.0)
        .and_then(|key| <[u8; 32]>::try_from(key).ok())
        .map(DataKey)
        .ok_or_else(|| KeyError::Invalid(NotOpened.into()).into())
}

/// The personal data of an event about a subject, sealed under the subject's key.
pub(crate) fn seal_personal(
    key: &DataKey,
    event: &EventRecord,
    subject: SubjectId,
    personal: &Value,
) -> Result<Vec<u8>, StoreError> {
    seal(key, &event_context(event, subject), personal.to_string().into_bytes())
}

/// The personal data of an event about a subject.
pub(crate) fn open_personal(
    key: &DataKey,
    event: &EventRecord,
    subject: SubjectId,
    sealed: &[u8],
) -> Result<Value, StoreError> {
    let text = open(key, &event_context(event, subject), sealed)
        .ok_or(StoreError::Malformed("sealed personal data can't be opened"))?;
    // The parser's error would quote the text.
    serde_json::from_slice(&text).map_err(|_| StoreError::Malformed("sealed personal data is not JSON"))
}

fn subject_context(tenant: OrganizationId, subject: SubjectId) -> Vec<u8> {
    framed([tenant.to_string().as_bytes(), subject.to_string().as_bytes()])
}

fn event_context(event: &EventRecord, subject: SubjectId) -> Vec<u8> {
    framed([
        event.key.tenant().to_string().as_bytes(),
        event.key.kind().as_str().as_bytes(),
        event.key.id().as_bytes(),
        &event.version.to_be_bytes(),
        event.event.event_type.as_bytes(),
        subject.to_string().as_bytes(),
    ])
}

/// A random nonce, and the text sealed under it. With 96 random bits and far fewer than 2^32 texts under one key, no
/// nonce comes twice (NIST SP 800-38D section 8.3).
fn seal(key: &DataKey, context: &[u8], mut text: Vec<u8>) -> Result<Vec<u8>, StoreError> {
    let nonce: [u8; NONCE_LEN] = random()?;
    cipher(key)
        .and_then(|cipher| {
            cipher
                .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(context), &mut text)
                .ok()
        })
        .ok_or(StoreError::TooLarge)?;
    Ok([nonce.as_slice(), &text].concat())
}

fn open(key: &DataKey, context: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, text) = sealed.split_at_checked(NONCE_LEN)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut text = text.to_vec();
    let length = cipher(key)?.open_in_place(nonce, Aad::from(context), &mut text).ok()?.len();
    text.truncate(length);
    Some(text)
}

fn cipher(key: &DataKey) -> Option<LessSafeKey> {
    UnboundKey::new(&AES_256_GCM, &key.0).ok().map(LessSafeKey::new)
}

#[cfg(test)]
mod tests {
    use super::{new_key, open_personal, seal_personal, unwrap, wrap};
    use domain::id::{LeadId, OrganizationId, SubjectId, new_id};
    use domain::{AggregateType, EncodedEvent, Timestamp};
    use ports::{AggregateKey, EventRecord};
    use serde_json::json;

    fn id<T: type_safe_id::StaticType>(n: u8) -> type_safe_id::TypeSafeId<T> {
        new_id(Timestamp::from_millis(1), &[n; 10])
    }

    fn event(tenant: u8, lead: u8) -> EventRecord {
        let (tenant, lead): (OrganizationId, LeadId) = (id(tenant), id(lead));
        EventRecord {
            event_id: id(1),
            key: AggregateKey::new(tenant, AggregateType::Lead, &lead),
            version: 1,
            event: EncodedEvent::facts("lead_created", &json!({})),
            actor: "anonymous".to_owned(),
            correlation_id: "correlation".to_owned(),
            causation_id: None,
            occurred_at: Timestamp::from_millis(1),
        }
    }

    #[test]
    fn a_subjects_key_opens_only_as_that_subjects_of_that_tenant() {
        let (tenant_key, key) = (new_key().unwrap(), new_key().unwrap());
        let (tenant, subject): (OrganizationId, SubjectId) = (id(1), id(1));
        let wrapped = wrap(&tenant_key, tenant, subject, &key).unwrap();
        assert_eq!(unwrap(&tenant_key, tenant, subject, &wrapped).unwrap().0, key.0);
        assert!(unwrap(&tenant_key, id(2), subject, &wrapped).is_err());
        assert!(unwrap(&tenant_key, tenant, id(2), &wrapped).is_err());
        assert!(unwrap(&key, tenant, subject, &wrapped).is_err());
        let mut damaged = wrapped.clone();
        *damaged.0.last_mut().unwrap() ^= 1;
        assert!(unwrap(&tenant_key, tenant, subject, &damaged).is_err());
        damaged.0.truncate(5);
        assert!(unwrap(&tenant_key, tenant, subject, &damaged).is_err());
    }

    #[test]
    fn a_text_opens_only_where_it_belongs() {
        let (key, subject): (_, SubjectId) = (new_key().unwrap(), id(1));
        let (personal, home) = (json!({"name": "Ann"}), event(1, 1));
        let sealed = seal_personal(&key, &home, subject, &personal).unwrap();
        assert_eq!(open_personal(&key, &home, subject, &sealed).unwrap(), personal);
        let (mut later, mut other_type) = (event(1, 1), event(1, 1));
        later.version = 2;
        other_type.event.event_type = "lead_updated".to_owned();
        let lead: LeadId = id(1);
        let mut other_kind = event(1, 1);
        other_kind.key = AggregateKey::new(home.key.tenant(), AggregateType::Notification, &lead);
        for elsewhere in [later, other_type, other_kind, event(2, 1), event(1, 2)] {
            assert!(open_personal(&key, &elsewhere, subject, &sealed).is_err(), "{elsewhere:?}");
        }
        assert!(open_personal(&key, &home, id(2), &sealed).is_err());
        assert!(open_personal(&new_key().unwrap(), &home, subject, &sealed).is_err());
        assert_ne!(seal_personal(&key, &home, subject, &personal).unwrap(), sealed, "each has its own nonce");
    }
}
