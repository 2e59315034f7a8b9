//! The working memory of argon2: allocated at the first hash, wiped after each hash, and reused by the next.
//!
//! If argon2 allocates memory for each hash, a process grows by up to 7 MB with every request. When the first 19 MiB are freed,
//! glibc raises its threshold for `mmap` above that size (mallopt(3), M_MMAP_THRESHOLD). After that such a block comes from the
//! heap, where small allocations with a longer life split the space that it leaves.

use argon2::{Argon2, Block, Error};
use std::sync::{Mutex, MutexGuard, PoisonError};
use zeroize::Zeroize;

/// Memory for one hash at a time. Hashes of several threads wait for each other, because a second block of 19 MiB would
/// stay allocated too.
#[derive(Default)]
pub(crate) struct WorkingMemory(Mutex<Vec<Block>>);

impl WorkingMemory {
    /// Hashes with the parameters of `argon2`. The memory grows if a stored hash needs more than all hashes before.
    pub(crate) fn hash_into(
        &self,
        argon2: &Argon2<'_>,
        password: &[u8],
        salt: &[u8],
        output: &mut [u8],
    ) -> Result<(), Error> {
        let blocks = argon2.params().block_count();
        let mut memory = self.lock();
        if memory.len() < blocks {
            // The old memory is wiped and need not be copied, so it is freed first.
            *memory = Vec::new();
            memory.try_reserve_exact(blocks).map_err(|_| Error::OutOfMemory)?;
            memory.resize(blocks, Block::new());
        }
        let mut used = WipedWhenDone(memory.get_mut(..blocks).ok_or(Error::MemoryTooLittle)?);
        argon2.hash_password_into_with_memory(password, salt, output, &mut used)
    }

    /// The memory can be used even after a panic in another hash, because it was wiped then too.
    fn lock(&self) -> MutexGuard<'_, Vec<Block>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Blocks that are wiped when they go out of scope, also because of an error or a panic.
struct WipedWhenDone<'a>(&'a mut [Block]);

impl AsMut<[Block]> for WipedWhenDone<'_> {
    fn as_mut(&mut self) -> &mut [Block] {
        self.0
    }
}

impl Drop for WipedWhenDone<'_> {
    fn drop(&mut self) {
        for block in self.0.iter_mut() {
            block.zeroize();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use argon2::{Algorithm, Params, Version};

    fn argon2(memory_kib: u32) -> Argon2<'static> {
        let params = Params::new(memory_kib, 1, 1, Some(32)).unwrap();
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
    }

    fn hash(memory: &WorkingMemory, memory_kib: u32, password: &[u8]) -> [u8; 32] {
        let mut output = [0; 32];
        memory.hash_into(&argon2(memory_kib), password, b"a salt of some bytes", &mut output).unwrap();
        output
    }

    fn place_and_blocks(memory: &WorkingMemory) -> (*const Block, usize) {
        let memory = memory.lock();
        (memory.as_ptr(), memory.len())
    }

    fn is_wiped(memory: &WorkingMemory) -> bool {
        memory.lock().iter().all(|block| block.as_ref().iter().all(|word| *word == 0))
    }

    #[test]
    fn every_hash_works_in_the_same_memory_and_leaves_it_wiped() {
        let memory = WorkingMemory::default();
        assert!(memory.lock().is_empty());
        hash(&memory, 1024, b"first");
        let before = place_and_blocks(&memory);
        assert_eq!(before.1, 1024);
        // Hashes with fewer blocks use the beginning of the same memory.
        for (memory_kib, password) in [(1024, "second"), (64, "third"), (1024, "first")] {
            hash(&memory, memory_kib, password.as_bytes());
            assert_eq!(place_and_blocks(&memory), before, "{password}");
            assert!(is_wiped(&memory), "{password}");
        }
    }

    #[test]
    fn memory_that_was_used_before_changes_no_hash() {
        let memory = WorkingMemory::default();
        for (memory_kib, password) in [(64, "one"), (1024, "two"), (64, "one"), (256, "three")] {
            let mut expected = [0; 32];
            argon2(memory_kib)
                .hash_password_into(password.as_bytes(), b"a salt of some bytes", &mut expected)
                .unwrap();
            assert_eq!(hash(&memory, memory_kib, password.as_bytes()), expected, "{memory_kib} {password}");
        }
    }

    #[test]
    fn a_failed_hash_and_a_panic_leave_it_wiped_and_usable() {
        let memory = WorkingMemory::default();
        let before = hash(&memory, 64, b"password");
        let refused = memory.hash_into(&argon2(64), b"password", b"short", &mut [0; 32]);
        assert!(refused.is_err() && is_wiped(&memory));
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let mut blocks = memory.lock();
            let mut used = WipedWhenDone(&mut blocks);
            used.as_mut()[0].as_mut()[0] = 7;
            panic!("in the middle of a hash");
        }));
        assert!(panicked.is_err() && is_wiped(&memory));
        assert_eq!(hash(&memory, 64, b"password"), before);
    }

    #[test]
    fn hashes_of_several_threads_do_not_mix() {
        let memory = WorkingMemory::default();
        let expected: Vec<_> = (0..4_u8).map(|thread| hash(&memory, 64, &[thread])).collect();
        std::thread::scope(|scope| {
            for (thread, expected) in (0..4_u8).zip(&expected) {
                let memory = &memory;
                scope.spawn(move || {
                    for _ in 0..20 {
                        assert_eq!(hash(memory, 64, &[thread]), *expected);
                    }
                });
            }
        });
    }
}
