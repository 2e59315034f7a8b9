//! The reasons for which a credential is refused.

/// The reason for which a credential is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasskeyFault {
    /// It does not have the form of `PublicKeyCredential.toJSON()`.
    Malformed,
    /// It was made by the other ceremony.
    WrongCeremony,
    /// It was made for another challenge.
    WrongChallenge,
    /// The page has an origin that is not allowed, or is in a frame of another site.
    WrongOrigin,
    /// It belongs to another site.
    WrongRelyingParty,
    /// The authenticator did not verify the user.
    UserNotVerified,
    /// The key has an algorithm that was not asked for.
    UnsupportedKey,
    /// The signature is wrong.
    WrongSignature,
}

impl PasskeyFault {
    /// The reason for people.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Malformed => "is not what PublicKeyCredential.toJSON() gives",
            Self::WrongCeremony => "was made by another call than the options are for",
            Self::WrongChallenge => "was made for another challenge; ask for new options",
            Self::WrongOrigin => "was made on a page whose origin is not allowed",
            Self::WrongRelyingParty => "belongs to another site",
            Self::UserNotVerified => "was made without verifying the user; use a PIN or biometrics",
            Self::UnsupportedKey => "has a key that is neither ES256 nor EdDSA nor RS256",
            Self::WrongSignature => "has a wrong signature",
        }
    }
}
