//! Random bytes for keys, nonces and tokens.

use ports::StoreError;
use ring::rand::{SecureRandom as _, SystemRandom};

/// The system gave no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the system gave no random bytes")]
struct NoRandomBytes;

/// Random bytes from the system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], StoreError> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| StoreError::Unavailable(NoRandomBytes.into()))?;
    Ok(bytes)
}
