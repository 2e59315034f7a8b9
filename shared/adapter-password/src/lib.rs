//! Hashes passwords with argon2id, in the first configuration of the OWASP Password Storage Cheat Sheet: 19 MiB, two
//! passes, one lane. The parameters are part of the PHC string, so they can be raised while old hashes stay valid.
//!
//! It runs on the calling thread: a Lambda sandbox has one request at a time and this is its work, so a second thread
//! would only wait beside it. All hashes of a process share one [`WorkingMemory`]. It must never log, keep or compare a
//! password in any other way.

mod working_memory;

use argon2::password_hash::Error as PhcError;
use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Params, Version};
use ports::{PasswordError, PasswordHasher};
use ring::rand::{SecureRandom, SystemRandom};
use working_memory::WorkingMemory;

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;

/// Argon2id with the current parameters. One for each process is enough, because each has its own working memory.
pub struct Argon2Passwords {
    today: Argon2<'static>,
    memory: WorkingMemory,
    random: SystemRandom,
}

/// The reason why a password can't be hashed or compared.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("the system gave no random bytes for a salt")]
    NoSalt,
    #[error("argon2 refused its input, or there is no memory for it")]
    Argon2(#[from] argon2::Error),
    #[error("the stored hash is not a usable PHC string")]
    StoredHash(#[source] PhcError),
    #[error("the stored hash lacks its salt or its result")]
    StoredHashIncomplete,
    #[error("the hash can't be written as a PHC string")]
    NewHash(#[source] PhcError),
}

impl From<Failure> for PasswordError {
    fn from(failure: Failure) -> Self {
        Self(Box::new(failure))
    }
}

impl Argon2Passwords {
    /// Prepares hashing without doing any work yet.
    ///
    /// # Errors
    /// [`PasswordError`] if the parameters were outside argon2's bounds.
    pub fn new() -> Result<Self, PasswordError> {
        let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(HASH_BYTES)).map_err(Failure::from)?;
        let today = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        Ok(Self { today, memory: WorkingMemory::default(), random: SystemRandom::new() })
    }

    fn salted(&self, password: &str) -> Result<String, Failure> {
        let mut salt = [0; SALT_BYTES];
        self.random.fill(&mut salt).map_err(|_| Failure::NoSalt)?;
        let mut output = [0; HASH_BYTES];
        self.memory.hash_into(&self.today, password.as_bytes(), &salt, &mut output)?;
        let unwritable = |error: PhcError| Failure::NewHash(error);
        let hash = PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(self.today.params()).map_err(unwritable)?,
            salt: Some(Salt::new(&salt).map_err(|error| unwritable(error.into()))?),
            hash: Some(Output::new(&output).map_err(|error| unwritable(error.into()))?),
        };
        Ok(hash.to_string())
    }

    /// Does the work of a comparison for an account that does not exist, so that the answer takes as long.
    fn hash_for_unknown_account(&self, password: &str) -> Result<bool, Failure> {
        let mut unused = [0; HASH_BYTES];
        self.memory.hash_into(&self.today, password.as_bytes(), &[0; SALT_BYTES], &mut unused)?;
        // The black box keeps the optimizer from removing a computation whose result is not read.
        std::hint::black_box(unused);
        Ok(false)
    }

    fn compare(&self, password: &str, stored: &str) -> Result<bool, Failure> {
        let stored = PasswordHash::new(stored).map_err(|error| Failure::StoredHash(error.into()))?;
        let (Some(salt), Some(expected)) = (stored.salt, stored.hash) else {
            return Err(Failure::StoredHashIncomplete);
        };
        let argon2 = argon2_of(&stored).map_err(Failure::StoredHash)?;
        let mut output = [0; Output::MAX_LENGTH];
        let output = output.get_mut(..expected.len()).ok_or(Failure::StoredHashIncomplete)?;
        self.memory.hash_into(&argon2, password.as_bytes(), &salt, output)?;
        // `Output` compares in constant time.
        Ok(Output::new(output).map_err(|error| Failure::StoredHash(error.into()))? == expected)
    }
}

/// Argon2 with the parameters of a stored hash. A hash without a version was made with the default version.
fn argon2_of(stored: &PasswordHash) -> Result<Argon2<'static>, PhcError> {
    let algorithm = Algorithm::try_from(stored.algorithm.as_str())?;
    let version = stored.version.map(Version::try_from).transpose()?.unwrap_or_default();
    Ok(Argon2::new(algorithm, version, Params::try_from(stored)?))
}

impl PasswordHasher for Argon2Passwords {
    fn hash(&self, password: &str) -> Result<String, PasswordError> {
        Ok(self.salted(password)?)
    }

    fn verify(&self, password: &str, hash: Option<&str>) -> Result<bool, PasswordError> {
        Ok(match hash {
            Some(stored) => self.compare(password, stored)?,
            None => self.hash_for_unknown_account(password)?,
        })
    }

    fn is_outdated(&self, hash: &str) -> bool {
        let Ok(stored) = PasswordHash::new(hash) else { return false };
        let is_todays = stored.algorithm == Algorithm::Argon2id.ident()
            && stored.version == Some(Version::V0x13.into())
            && Params::try_from(&stored).is_ok_and(|params| params == *self.today.params());
        !is_todays
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use argon2::password_hash::PasswordHasher as _;

    use super::*;

    const PASSWORD: &str = "correct horse battery staple";

    fn passwords() -> Argon2Passwords {
        Argon2Passwords::new().unwrap()
    }

    #[test]
    fn a_hash_verifies_its_password_only_and_is_never_the_same() {
        let hash = passwords().hash(PASSWORD).unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords().verify(PASSWORD, Some(&hash)).unwrap());
        for wrong in ["", "Correct horse battery staple", "correct horse battery staple "] {
            assert!(!passwords().verify(wrong, Some(&hash)).unwrap(), "{wrong}");
        }
        assert_ne!(passwords().hash(PASSWORD).unwrap(), hash);
    }

    #[test]
    fn a_known_vector_of_the_reference_implementation_verifies() {
        // From the argon2 reference implementation's test.c: version 0x13, 2 passes, 64 MiB, "password", "somesalt".
        let vector = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        assert!(passwords().verify("password", Some(vector)).unwrap());
        assert!(!passwords().verify("passwore", Some(vector)).unwrap());
    }

    #[test]
    fn a_hash_with_other_parameters_still_verifies() {
        for (memory, passes) in [(8 * 1024, 2), (19 * 1024, 1), (20 * 1024, 3)] {
            let other = Argon2::new(
                Algorithm::Argon2id,
                Version::V0x13,
                Params::new(memory, passes, 1, Some(HASH_BYTES)).unwrap(),
            );
            let stored = other.hash_password_with_salt(PASSWORD.as_bytes(), &[7; 16]).unwrap().to_string();
            assert!(passwords().verify(PASSWORD, Some(&stored)).unwrap(), "{stored}");
            assert!(!passwords().verify("wrong", Some(&stored)).unwrap(), "{stored}");
        }
    }

    #[test]
    fn a_hash_of_another_variant_version_or_length_still_verifies() {
        for (algorithm, version, length, begins) in [
            (Algorithm::Argon2i, Version::V0x13, 32, "$argon2i$v=19$"),
            (Algorithm::Argon2d, Version::V0x13, 32, "$argon2d$v=19$"),
            (Algorithm::Argon2id, Version::V0x10, 32, "$argon2id$v=16$"),
            (Algorithm::Argon2id, Version::V0x13, 16, "$argon2id$v=19$"),
            (Algorithm::Argon2i, Version::V0x10, 24, "$argon2i$v=16$"),
        ] {
            let params = Params::new(8 * 1024, 2, 1, Some(length)).unwrap();
            let other = Argon2::new(algorithm, version, params);
            let stored = other.hash_password_with_salt(PASSWORD.as_bytes(), &[7; 16]).unwrap().to_string();
            assert!(stored.starts_with(begins), "{stored}");
            assert_eq!(PasswordHash::new(&stored).unwrap().hash.unwrap().len(), length, "{stored}");
            assert!(passwords().verify(PASSWORD, Some(&stored)).unwrap(), "{stored}");
            assert!(!passwords().verify("wrong", Some(&stored)).unwrap(), "{stored}");
        }
    }

    #[test]
    fn a_hash_is_outdated_when_its_parameters_are_not_todays() {
        let passwords = passwords();
        assert!(!passwords.is_outdated(&passwords.hash(PASSWORD).unwrap()));
        for (algorithm, version, memory, passes, length) in [
            (Algorithm::Argon2id, Version::V0x13, 8 * 1024, 2, 32),
            (Algorithm::Argon2id, Version::V0x13, 19 * 1024, 1, 32),
            (Algorithm::Argon2id, Version::V0x10, 19 * 1024, 2, 32),
            (Algorithm::Argon2i, Version::V0x13, 19 * 1024, 2, 32),
            (Algorithm::Argon2id, Version::V0x13, 19 * 1024, 2, 16),
        ] {
            let params = Params::new(memory, passes, 1, Some(length)).unwrap();
            let other = Argon2::new(algorithm, version, params);
            let stored = other.hash_password_with_salt(PASSWORD.as_bytes(), &[7; 16]).unwrap().to_string();
            assert!(passwords.is_outdated(&stored), "{stored}");
        }
        // Nothing can be hashed again for an account without a password.
        assert!(!passwords.is_outdated("$none$"));
    }

    #[test]
    fn a_damaged_hash_is_an_error_and_its_text_tells_nothing() {
        for damaged in
            ["", "plain", "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ", "$2b$10$abcdefghijklmnopqrstuv"]
        {
            let error = passwords().verify(PASSWORD, Some(damaged)).unwrap_err();
            let text = format!("{error} {}", error.0);
            assert!(!text.contains(PASSWORD) && (damaged.is_empty() || !text.contains(damaged)), "{text}");
        }
    }

    #[test]
    fn an_unknown_account_takes_as_long_as_a_wrong_password() {
        let passwords = passwords();
        let hash = passwords.hash(PASSWORD).unwrap();
        let timed = |stored: Option<&str>| {
            let start = Instant::now();
            assert!(!passwords.verify("wrong", stored).unwrap());
            start.elapsed()
        };
        // Compares the fastest of alternating runs, with a margin: other load on the machine can only slow a run down.
        // Without the work for unknown accounts the ratio would be near zero.
        let (mut known, mut unknown) = (Duration::MAX, Duration::MAX);
        for _ in 0..8 {
            known = known.min(timed(Some(&hash)));
            unknown = unknown.min(timed(None));
        }
        let ratio = unknown.as_secs_f64() / known.as_secs_f64();
        assert!((0.25..4.0).contains(&ratio), "known {known:?}, unknown {unknown:?}");
    }
}
