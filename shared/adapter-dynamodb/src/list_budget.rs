//! The number of entries that a page may read. Whatever a client asks for, a page reads at most ten times as many
//! entries as it may have, so that the cost of a request does not depend on the size of a list.

/// The most entries that are read for each entry that the page may have.
const READS_FOR_AN_ENTRY: u32 = 10;
/// The fewest entries that are read of each shard. The first may be the end of the page before, which is left out, so
/// that only two are certain to get further.
const FEWEST_OF_A_SHARD: u32 = 2;

/// The entries that a page may still read, over all shards.
#[derive(Debug)]
pub(crate) struct ReadBudget {
    left: u32,
    /// The number of entries for each shard in the next round of queries.
    wanted: u32,
    narrowed: bool,
}

impl ReadBudget {
    /// The budget of a page with at most `limit` entries. `narrowed` when entries may be left out.
    pub(crate) fn new(limit: u32, shards: u32, narrowed: bool) -> Self {
        let left = limit.saturating_mul(READS_FOR_AN_ENTRY).max(shards.saturating_mul(FEWEST_OF_A_SHARD));
        let wanted = if narrowed {
            // Two fifths of the budget: a filter that keeps more than a quarter of the entries needs one round.
            (limit.saturating_mul(4) / shards.max(1)).saturating_add(2)
        } else {
            // One more than the page says whether there is another page, and one may be the end of the page before.
            limit.saturating_add(2)
        };
        Self { left, wanted, narrowed }
    }

    /// The number of entries that each of these shards reads in the next round; `None` when the budget is used up.
    pub(crate) fn next_round(&mut self, shards: usize) -> Option<u32> {
        let shards = u32::try_from(shards).unwrap_or(u32::MAX).max(1);
        let share = (self.left / shards).min(self.wanted);
        if self.narrowed {
            // A sparse list: the second round reads what is left.
            self.wanted = u32::MAX;
        }
        (share > 0).then_some(share)
    }

    /// Counts entries that were read.
    pub(crate) fn count(&mut self, read: u32) {
        self.left = self.left.saturating_sub(read);
    }
}

#[cfg(test)]
mod tests {
    use super::ReadBudget;

    /// The shares of each round in which all shards read all that they may.
    fn rounds(limit: u32, shards: u32, narrowed: bool) -> Vec<u32> {
        let mut budget = ReadBudget::new(limit, shards, narrowed);
        let mut rounds = Vec::new();
        while let Some(share) = budget.next_round(shards as usize) {
            rounds.push(share);
            budget.count(share * shards);
        }
        rounds
    }

    #[test]
    fn a_page_reads_at_most_ten_times_its_limit_in_few_rounds() {
        assert_eq!(rounds(20, 1, true), [82, 118]);
        assert_eq!(rounds(100, 1, true), [402, 598]);
        assert_eq!(rounds(20, 4, true), [22, 28]);
        assert_eq!(rounds(1, 1, true), [6, 4]);
        assert_eq!(rounds(20, 1, false)[0], 22);
        assert_eq!(rounds(20, 4, false), [22, 22, 6]);
    }

    #[test]
    fn every_shard_reads_two_entries_even_when_the_page_is_small() {
        assert_eq!(rounds(1, 64, true), [2]);
        assert_eq!(rounds(1, 64, false), [2]);
        assert_eq!(rounds(20, 64, false), [3]);
    }
}
