//! Identifiers, times and repeatable random numbers.

use domain::Timestamp;
use domain::id::new_id;
use type_safe_id::{StaticType, TypeSafeId};

/// The time of the first event in given / when / then.
pub(crate) const START: Timestamp = Timestamp::from_millis(1_767_225_600_000);

pub(crate) fn at(seconds: i64) -> Timestamp {
    START.plus_seconds(seconds)
}

pub(crate) fn id<T: StaticType>(number: u8) -> TypeSafeId<T> {
    new_id(START, &[number; 10])
}

/// Numbers from a seed (SplitMix64).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % bound as u64).unwrap()
    }

    pub(crate) fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}
