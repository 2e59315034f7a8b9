//! What the authenticator says about a ceremony (WebAuthn Level 3, section 6.1).

use super::cbor::Cbor;
use super::{PasskeyFault, RelyingParty};
use ring::digest::{SHA256, digest};

const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const BACKUP_ELIGIBLE: u8 = 0x08;
const BACKED_UP: u8 = 0x10;
const HAS_CREDENTIAL: u8 = 0x40;
const HAS_EXTENSIONS: u8 = 0x80;
/// The most bytes of an identifier (section 7.1, step 25).
const LONGEST_ID: usize = 1023;

/// A credential that an authenticator made.
pub(super) struct AttestedCredential<'a> {
    pub(super) id: &'a [u8],
    /// The public key in the form of COSE.
    pub(super) public_key: &'a [u8],
}

/// The data of an authenticator that verified its user for this relying party.
pub(super) struct AuthenticatorData<'a> {
    pub(super) sign_count: u32,
    pub(super) backup_eligible: bool,
    /// Only registrations have one.
    pub(super) credential: Option<AttestedCredential<'a>>,
}

impl<'a> AuthenticatorData<'a> {
    /// Reads the data, to its last byte, and checks the relying party and that the user was present and verified.
    pub(super) fn read(bytes: &'a [u8], relying_party: &RelyingParty) -> Result<Self, PasskeyFault> {
        let malformed = PasskeyFault::Malformed;
        let (relying_party_hash, rest) = bytes.split_first_chunk::<32>().ok_or(malformed)?;
        let (flags, rest) = rest.split_first().ok_or(malformed)?;
        let (sign_count, rest) = rest.split_first_chunk::<4>().ok_or(malformed)?;
        let has = |flag: u8| flags & flag != 0;
        let (credential, rest) = match has(HAS_CREDENTIAL) {
            true => {
                read_credential(rest).map(|(credential, rest)| (Some(credential), rest)).ok_or(malformed)?
            }
            false => (None, rest),
        };
        let rest = match has(HAS_EXTENSIONS) {
            true => Cbor::read(rest).map(|(_, rest)| rest).ok_or(malformed)?,
            false => rest,
        };
        if !rest.is_empty() || (has(BACKED_UP) && !has(BACKUP_ELIGIBLE)) {
            return Err(malformed);
        }
        if digest(&SHA256, relying_party.id.as_bytes()).as_ref() != relying_party_hash {
            return Err(PasskeyFault::WrongRelyingParty);
        }
        if !has(USER_PRESENT) || !has(USER_VERIFIED) {
            return Err(PasskeyFault::UserNotVerified);
        }
        let (sign_count, backup_eligible) = (u32::from_be_bytes(*sign_count), has(BACKUP_ELIGIBLE));
        Ok(Self { sign_count, backup_eligible, credential })
    }
}

/// The model of the authenticator (16 bytes, which are not used), the identifier with its length, and the public key.
fn read_credential(bytes: &[u8]) -> Option<(AttestedCredential<'_>, &[u8])> {
    let (_, rest) = bytes.split_first_chunk::<16>()?;
    let (length, rest) = rest.split_first_chunk::<2>()?;
    let (id, key_and_rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    if id.is_empty() || id.len() > LONGEST_ID {
        return None;
    }
    let (_, rest) = Cbor::read(key_and_rest)?;
    let public_key = key_and_rest.get(..key_and_rest.len() - rest.len())?;
    Some((AttestedCredential { id, public_key }, rest))
}
