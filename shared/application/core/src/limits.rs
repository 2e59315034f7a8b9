//! The rate limits of the product, and counting without waiting: the count runs at the same time as the read. Reads are
//! counted by `edge`, where a route declares it.

use crate::Error;
use domain::Timestamp;
use ports::{BoxFuture, LimitDecision, Limiter, RateLimit};
use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Reads, per user.
pub const READS: RateLimit = RateLimit { name: "reads", burst: 100, period_seconds: 60 };
/// Lead scores, per user.
pub const LEAD_SCORES: RateLimit = RateLimit { name: "lead_scores", burst: 10, period_seconds: 60 };
/// Reads by all API keys of an organization together. Each key also has its own limit [`READS`].
pub const KEY_READS_OF_ORGANIZATION: RateLimit =
    RateLimit { name: "key_reads_organization", burst: 300, period_seconds: 60 };
/// Requests to models, per account or API key.
pub const AI_CALLS: RateLimit = RateLimit { name: "ai_calls", burst: 60, period_seconds: 60 };
/// Requests to models by all accounts and API keys of an organization together, because more keys must not allow more
/// calls.
pub const AI_CALLS_OF_ORGANIZATION: RateLimit =
    RateLimit { name: "ai_calls_organization", burst: 120, period_seconds: 60 };
/// API keys that are created, per organization.
pub const NEW_API_KEYS: RateLimit = RateLimit { name: "new_api_keys", burst: 50, period_seconds: 24 * 3600 };
/// Fine-tunes, per organization: each may become a job that costs much more than a prompt.
pub const FINE_TUNES: RateLimit = RateLimit { name: "fine_tunes", burst: 20, period_seconds: 24 * 3600 };
/// Fine-tunes that have not ended, per organization. This limit does not refill with time: each fine-tune leaves it
/// when it ends.
pub const OPEN_FINE_TUNES: RateLimit = RateLimit { name: "open_fine_tunes", burst: 3, period_seconds: 3600 };
/// Batches that are created, per organization.
pub const BATCHES: RateLimit = RateLimit { name: "batches", burst: 200, period_seconds: 24 * 3600 };
/// Batches that have not ended, per organization. This limit does not refill with time: each batch leaves it when it
/// ends.
pub const OPEN_BATCHES: RateLimit = RateLimit { name: "open_batches", burst: 10, period_seconds: 3600 };
/// Exports of the audit log, per organization: each reads the whole log.
pub const AUDIT_EXPORTS: RateLimit =
    RateLimit { name: "audit_exports", burst: 20, period_seconds: 24 * 3600 };
/// Sign-ins, per account.
pub const LOGINS_PER_ACCOUNT: RateLimit = RateLimit { name: "logins_account", burst: 5, period_seconds: 900 };
/// Sign-ins and registrations, per network ([`network`]).
pub const LOGINS_PER_ADDRESS: RateLimit =
    RateLimit { name: "logins_address", burst: 20, period_seconds: 900 };
/// Mails with a link that are asked for, per account and kind of link.
pub const MAILS_PER_ACCOUNT: RateLimit = RateLimit { name: "mails_account", burst: 3, period_seconds: 3600 };
/// Mails with a link that are asked for, and uses of such links, per network ([`network`]).
pub const MAILS_PER_ADDRESS: RateLimit = RateLimit { name: "mails_address", burst: 20, period_seconds: 900 };
/// Mails for unknown addresses that the ledger records, all together, as for failed logins.
pub const RECORDED_MAIL_REQUESTS: RateLimit =
    RateLimit { name: "recorded_mail_requests", burst: 60, period_seconds: 60 };
/// Wrong codes of an authenticator app, per account; right codes are given back. With 20 codes a day, guessing one of the
/// three that are right at a time takes 16,000 days on average, although the password is known.
pub const TOTP_CODES_PER_ACCOUNT: RateLimit =
    RateLimit { name: "totp_codes_account", burst: 20, period_seconds: 24 * 3600 };

/// Failed logins that the audit log records, per organization; those for unknown addresses count together. The entries of an
/// organization are written one after the other, and strangers must not be able to fill that line.
pub const RECORDED_LOGIN_FAILURES: RateLimit =
    RateLimit { name: "recorded_login_failures", burst: 60, period_seconds: 60 };

/// Counts a request of `who` while `work` runs, and returns the result only when the request was within the limit.
/// `work` must not write.
pub async fn limited<T>(
    limiter: &dyn Limiter,
    limit: RateLimit,
    who: &str,
    now: Timestamp,
    work: BoxFuture<'_, Result<T, Error>>,
) -> Result<(T, LimitDecision), Error> {
    let (decision, result) = futures_util::future::join(limiter.take(limit, who, now), work).await;
    let decision = allowed(decision?)?;
    Ok((result?, decision))
}

/// A limit and the identifier that is counted against it.
#[derive(Debug, Clone, Copy)]
pub struct Counted<'a> {
    /// The limit.
    pub limit: RateLimit,
    /// The identifier of an account, an API key or an organization.
    pub who: &'a str,
}

/// Counts a request at the same time against a limit of the caller and a limit of the organization. A request that one
/// of them refuses counts for neither in the end: what the other one counted is given back, with one more write. A
/// refusal that the process knows already writes nothing, so a flood by one caller does not write its organization's
/// counter. The decision is that of the limit with less left.
pub async fn take_both(
    limiter: &dyn Limiter,
    own: Counted<'_>,
    organization: Counted<'_>,
    now: Timestamp,
) -> Result<LimitDecision, Error> {
    for counted in [own, organization] {
        if let Some(refusal) = limiter.known_refusal(counted.limit, counted.who, now) {
            return Err(Error::Limited(refusal));
        }
    }
    let (of_own, of_organization) = futures_util::future::join(
        limiter.take(own.limit, own.who, now),
        limiter.take(organization.limit, organization.who, now),
    )
    .await;
    let (of_own, of_organization) = (of_own?, of_organization?);
    let counted_in_vain = match (of_own.allowed, of_organization.allowed) {
        (true, true) if of_organization.remaining < of_own.remaining => return Ok(of_organization),
        (true, true) => return Ok(of_own),
        (true, false) => Some(own),
        (false, true) => Some(organization),
        (false, false) => None,
    };
    if let Some(counted) = counted_in_vain
        && let Err(error) = limiter.give_back(counted.limit, counted.who, now).await
    {
        let limit = counted.limit.name;
        tracing::warn!(limit, error = &error as &dyn std::error::Error, "a refused request stays counted");
    }
    Err(Error::Limited(if of_own.allowed { of_organization } else { of_own }))
}

/// The network of an address, which is counted as one caller: an IPv4 address, also if it is written as an IPv6
/// address, or a /64 of IPv6, which is the smallest network of a provider's customer (RFC 6177). A text that is not an
/// address is its own network.
pub fn network(address: &str) -> Cow<'_, str> {
    match address.trim().parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V4(address)) => Cow::Owned(address.to_string()),
        Ok(IpAddr::V6(address)) => {
            let prefix = Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX));
            Cow::Owned(format!("{prefix}/64"))
        }
        Err(_) => Cow::Borrowed(address),
    }
}

/// The network of an address without the part that identifies a machine or a household. Records may contain it.
pub fn masked_network(address: &str) -> String {
    match address.trim().parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V4(address)) => {
            format!("{}/24", Ipv4Addr::from_bits(address.to_bits() & !u32::from(u8::MAX)))
        }
        Ok(IpAddr::V6(address)) => {
            format!("{}/48", Ipv6Addr::from_bits(address.to_bits() >> 80 << 80))
        }
        Err(_) => "unknown".to_owned(),
    }
}

/// The decision, if it allows the request.
pub fn allowed(decision: LimitDecision) -> Result<LimitDecision, Error> {
    if decision.allowed { Ok(decision) } else { Err(Error::Limited(decision)) }
}
