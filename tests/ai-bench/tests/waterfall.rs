//! The mix is the same each time, and the arithmetic of the waterfall is exact.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use ai_bench::mix::{SEED, week};
use ai_bench::waterfall::{Line, measure, ways};
use ai_bench::{chart, state::Bill};
use std::collections::{HashMap, HashSet};

const FEW: usize = 400;

#[test]
fn the_same_seed_gives_the_same_week_and_another_another() {
    assert_eq!(week(SEED, FEW), week(SEED, FEW));
    assert_ne!(week(SEED, FEW), week(SEED + 1, FEW));
}

#[test]
fn a_week_has_exactly_the_scores_that_are_asked_for_and_everything_that_is_said_of_it() {
    for scores in [1, 2, 17, FEW, 10_000] {
        let requests = week(SEED, scores);
        assert_eq!(requests.iter().map(|request| request.scores()).sum::<usize>(), scores);
        assert!(requests.is_sorted_by_key(|request| request.at.seconds()));
    }
    let requests = week(SEED, 10_000);
    assert!(requests.iter().any(|request| request.twice));
    let together: usize = requests.iter().filter(|r| r.leads.len() > 1).map(|r| r.leads.len()).sum();
    assert!((2_500..4_500).contains(&together), "{together} scores of imports");
    // A lead belongs to one tenant; some are asked for again as they were, some after a change.
    let mut owners = HashMap::new();
    let (mut seen, mut again, mut changed) = (HashMap::new(), 0, 0);
    for request in &requests {
        for lead in &request.leads {
            assert_eq!(*owners.entry(lead.id).or_insert(request.tenant), request.tenant);
            match seen.insert(lead.id, lead.clone()) {
                None => {}
                Some(before) if before == *lead => again += 1,
                Some(_) => changed += 1,
            }
        }
    }
    assert!(again > 1_000 && changed > 700, "{again} again, {changed} changed");
    let notes: HashSet<usize> = requests
        .iter()
        .flat_map(|request| &request.leads)
        .map(|lead| lead.contact.as_ref().unwrap().notes.as_ref().map_or(0, |notes| notes.chars().count()))
        .collect();
    assert!(
        notes.contains(&0) && notes.iter().max().unwrap() > &4_000 && notes.iter().max().unwrap() <= &10_000
    );
}

#[tokio::test]
async fn what_is_metered_is_what_the_provider_counted_and_every_technique_does_its_own() {
    let requests = week(SEED, FEW);
    let lines = measure(&requests).await;
    assert_eq!(lines, measure(&requests).await);
    for line in &lines {
        assert_eq!(line.scores, FEW as u64, "{}", line.what);
        assert_eq!(line.bill.cost, line.counted_cost, "{}", line.what);
        // A week at these prices is no place for the rules.
        assert_eq!(line.by_rules, 0, "{}", line.what);
    }
    let [naive, short, cached, flown, together, tiered] = &lines[..] else { panic!("{}", lines.len()) };
    assert_eq!((naive.bill.calls, naive.bill.hits), (FEW as u64, 0));
    assert!(short.bill.input < naive.bill.input * 2 && short.bill.output < naive.bill.output);
    assert_eq!((short.bill.requests, short.bill.hits), (FEW as u64, 0));
    // Who says what it said within a day costs nothing; who asks at the same time still does.
    assert!(cached.bill.hits > 0 && cached.bill.calls < short.bill.calls);
    let twice = requests.iter().filter(|request| request.twice).count() as u64;
    assert!(flown.bill.hits > cached.bill.hits && flown.bill.hits <= cached.bill.hits + twice);
    assert!(together.bill.calls < flown.bill.calls && together.bill.input < flown.bill.input);
    // The same tokens nearly, at another price.
    assert!(tiered.bill.cost < together.bill.cost / 2);
    assert_eq!(lines.len(), ways().len());
}

#[test]
fn savings_and_rest_are_everything() {
    let line = |cost: u64| Line {
        what: "x".to_owned(),
        scores: 10,
        by_rules: 0,
        bill: Bill { cost, ..Bill::default() },
        counted_cost: cost,
    };
    let lines = [line(500_000_000), line(400_000_000), line(400_000_000), line(50_000_000)];
    let steps = chart::steps(&lines);
    let each: Vec<f64> = steps.iter().map(|step| step.each).collect();
    assert_eq!(each, [0.05, 0.04, 0.04, 0.005]);
    let saved: Vec<u64> = steps.iter().map(|step| step.saved.round() as u64).collect();
    assert_eq!(saved, [0, 20, 0, 70]);
    let all = steps.iter().map(|step| step.saved).sum::<f64>() + steps.last().unwrap().left;
    assert!((all - 100.0).abs() < 1e-9);
    assert!(chart::draw(&lines).contains("met"));
    assert!(chart::draw(&lines[..3]).contains("missed"));
    assert_eq!(chart::steps(&[]), []);
}
