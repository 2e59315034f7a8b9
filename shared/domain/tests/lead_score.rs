//! The numbers of a score.

use crate::support::Dice;
use domain::sales::Breakdown;

fn total(budget: u8, authority: u8, need: u8, timeline: u8) -> u8 {
    Breakdown { budget, authority, need, timeline }.total()
}

#[test]
fn the_weights_are_30_25_25_20_rounded_to_the_nearest() {
    assert_eq!((total(0, 0, 0, 0), total(100, 100, 100, 100)), (0, 100));
    assert_eq!(
        (total(100, 0, 0, 0), total(0, 100, 0, 0), total(0, 0, 100, 0), total(0, 0, 0, 100)),
        (30, 25, 25, 20)
    );
    // 0.3, 0.5 and 0.75.
    assert_eq!((total(1, 0, 0, 0), total(0, 1, 1, 0), total(0, 1, 1, 1)), (0, 1, 1));
    assert_eq!((total(80, 60, 70, 50), total(85, 60, 80, 85)), (67, 78));
}

#[test]
fn more_of_anything_is_never_a_lower_score() {
    let mut dice = Dice(7);
    for _ in 0..5_000 {
        let mut part = || u8::try_from(dice.below(101)).unwrap();
        let (budget, authority, need, timeline) = (part(), part(), part(), part());
        let score = total(budget, authority, need, timeline);
        assert!(score <= 100);
        assert!(score >= budget.min(authority).min(need).min(timeline));
        assert!(score <= budget.max(authority).max(need).max(timeline));
        assert!(total(budget.saturating_add(1).min(100), authority, need, timeline) >= score);
        assert!(total(budget, authority, need, timeline.saturating_add(1).min(100)) >= score);
    }
}
