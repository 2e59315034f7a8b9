//! Identifiers: prefixed TypeIDs (`lead_01h2…`, a UUIDv7 in Crockford base 32). They are made from a time and random
//! bytes of the caller, and contain no delimiter, so a key that is built from them can't be forged.

use crate::Timestamp;
use type_safe_id::{StaticType, TypeSafeId};
use uuid::{Builder, Uuid};

/// The tag of an organization's id.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrganizationTag;
impl StaticType for OrganizationTag {
    const TYPE: &'static str = "org";
}
/// The tag of an account's id.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountTag;
impl StaticType for AccountTag {
    const TYPE: &'static str = "account";
}
/// The tag of a session's id.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionTag;
impl StaticType for SessionTag {
    const TYPE: &'static str = "session";
}
/// The tag of a lead's id.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeadTag;
impl StaticType for LeadTag {
    const TYPE: &'static str = "lead";
}
/// The tag of a notification's id.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NotificationTag;
impl StaticType for NotificationTag {
    const TYPE: &'static str = "notification";
}
/// The tag of an API key's id.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiKeyTag;
impl StaticType for ApiKeyTag {
    const TYPE: &'static str = "apikey";
}
/// The tag of an event's id.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventTag;
impl StaticType for EventTag {
    const TYPE: &'static str = "event";
}
/// The tag of a data subject's id.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubjectTag;
impl StaticType for SubjectTag {
    const TYPE: &'static str = "subject";
}

/// The tag of a refused access's id.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccessTag;
impl StaticType for AccessTag {
    const TYPE: &'static str = "access";
}

/// The tag of a failed login's id.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LoginTag;
impl StaticType for LoginTag {
    const TYPE: &'static str = "signin";
}

/// The tag of the id of a request to the AI gateway.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AiRequestTag;
impl StaticType for AiRequestTag {
    const TYPE: &'static str = "aireq";
}

/// The tag of the id of a month of model costs.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AiMonthTag;
impl StaticType for AiMonthTag {
    const TYPE: &'static str = "aimonth";
}

/// The tag of a fine-tune's id.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FineTuneTag;
impl StaticType for FineTuneTag {
    const TYPE: &'static str = "finetune";
}

/// The tag of a batch's id.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BatchTag;
impl StaticType for BatchTag {
    const TYPE: &'static str = "batch";
}

/// The tag of a job's id.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobTag;
impl StaticType for JobTag {
    const TYPE: &'static str = "job";
}

/// The tag of a one-time token's id.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OneTimeTokenTag;
impl StaticType for OneTimeTokenTag {
    const TYPE: &'static str = "onetime";
}

/// The tag of a passkey's id.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PasskeyTag;
impl StaticType for PasskeyTag {
    const TYPE: &'static str = "passkey";
}

/// The tag of the id of a challenge for a second factor.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SignInChallengeTag;
impl StaticType for SignInChallengeTag {
    const TYPE: &'static str = "challenge";
}
/// An organization: the tenant of everything it owns.
pub type OrganizationId = TypeSafeId<OrganizationTag>;
/// A person who signs in.
pub type AccountId = TypeSafeId<AccountTag>;
/// One sign-in of an account on one device; also the refresh-token family.
pub type SessionId = TypeSafeId<SessionTag>;
/// A lead.
pub type LeadId = TypeSafeId<LeadTag>;
/// An in-app notification.
pub type NotificationId = TypeSafeId<NotificationTag>;
/// An API key.
pub type ApiKeyId = TypeSafeId<ApiKeyTag>;
/// An event of the ledger.
pub type EventId = TypeSafeId<EventTag>;
/// A refused access.
pub type AccessId = TypeSafeId<AccessTag>;
/// The id of a failed login.
pub type SignInId = TypeSafeId<LoginTag>;
/// A request to the AI gateway.
pub type AiRequestId = TypeSafeId<AiRequestTag>;
/// A month of a tenant's requests to models.
pub type AiMonthId = TypeSafeId<AiMonthTag>;
/// A model that is being fine-tuned.
pub type FineTuneId = TypeSafeId<FineTuneTag>;
/// A batch of requests to models.
pub type BatchId = TypeSafeId<BatchTag>;
/// Long work that a command started.
pub type JobId = TypeSafeId<JobTag>;
/// A token that a person gets by e-mail and that works once.
pub type OneTimeTokenId = TypeSafeId<OneTimeTokenTag>;
/// A passkey of an account.
pub type PasskeyId = TypeSafeId<PasskeyTag>;
/// A challenge for a second factor.
pub type SignInChallengeId = TypeSafeId<SignInChallengeTag>;
/// A person whose data is sealed under a key of their own: an account's holder, a lead's contact.
pub type SubjectId = TypeSafeId<SubjectTag>;

/// A time-ordered id (UUIDv7, RFC 9562) from a time and ten random bytes.
pub fn new_id<T: StaticType>(at: Timestamp, random: &[u8; 10]) -> TypeSafeId<T> {
    let millis = u64::try_from(at.millis()).unwrap_or_default();
    TypeSafeId::from_uuid(Builder::from_unix_timestamp_millis(millis, random).into_uuid())
}

/// The time in an id, in milliseconds; `None` for an id that [`new_id`] did not make.
pub fn made_at<T: StaticType>(id: &TypeSafeId<T>) -> Option<Timestamp> {
    let (seconds, nanos) = id.uuid().get_timestamp()?.to_unix();
    let millis = seconds.checked_mul(1000)?.checked_add(u64::from(nanos / 1_000_000))?;
    (id.uuid().get_version_num() == 7).then_some(())?;
    i64::try_from(millis).ok().map(Timestamp::from_millis)
}

/// The id of another kind that belongs one-to-one to this one, such as the contact of a lead or the notification of an
/// event. Deriving it makes its creation idempotent.
pub fn derived<T: StaticType, S: StaticType>(from: &TypeSafeId<S>) -> TypeSafeId<T> {
    let uuid: Uuid = from.uuid();
    TypeSafeId::from_uuid(uuid)
}

/// The organization of events without an organization, such as a login with an address that has no account. Generated
/// identifiers are never all zeros, so no organization has this one.
pub fn no_organization() -> OrganizationId {
    OrganizationId::from_uuid(Uuid::nil())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_ids_sort_after_earlier_ones() {
        let early: LeadId = new_id(Timestamp::from_millis(1), &[0xff; 10]);
        let late: LeadId = new_id(Timestamp::from_millis(2), &[0; 10]);
        assert!(early.to_string() < late.to_string());
        assert!(early.to_string().starts_with("lead_"));
    }

    #[test]
    fn an_id_knows_when_it_was_made() {
        for millis in [0, 1, 1_764_547_199_999, 1_764_547_200_000] {
            let id: AiRequestId = new_id(Timestamp::from_millis(millis), &[0xff; 10]);
            assert_eq!(made_at(&id), Some(Timestamp::from_millis(millis)));
        }
        let foreign: AiRequestId = TypeSafeId::from_uuid(Uuid::from_u128(0x4000 << 64));
        assert_eq!(made_at(&foreign), None);
    }

    #[test]
    fn refuses_foreign_prefixes_delimiters_and_nul() {
        let lead: LeadId = new_id(Timestamp::from_millis(1), &[7; 10]);
        let text = lead.to_string();
        assert!(text.parse::<AccountId>().is_err());
        for bad in [
            "",
            "lead_",
            "lead_#",
            "lead_\0",
            &format!("{text}#x"),
            &text.to_uppercase(),
            &"a".repeat(10_000),
        ] {
            assert!(bad.parse::<LeadId>().is_err(), "{bad}");
        }
    }
}
