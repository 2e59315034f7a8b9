//! The quality of the rules for notes: precision and recall by dimension and by language, over labelled sentences.

#![expect(clippy::print_stdout, reason = "the figures are what these tests are run for")]

use crate::support::{START, id};
use domain::sales::{Dimension, Lead, LeadInput, ScoredField, create_lead, score_by_rules};
use domain::{Aggregate, EventMeta};
use std::collections::BTreeMap;

const LABELLED: &str = include_str!("rules/labelled.tsv");
const HELD_OUT: &str = include_str!("rules/heldout.tsv");
const FRESH: &str = include_str!("rules/fresh.tsv");
const UNSEEN: &str = include_str!("rules/unseen.tsv");
const FRAGMENTS: &str = include_str!("rules/fresh_fragments.tsv");
const CALLS: &str = include_str!("rules/fresh_calls.tsv");
const LAST: &str = include_str!("rules/fresh_last.tsv");
const SECOND: &str = include_str!("rules/fresh_second.tsv");
const THIRD: &str = include_str!("rules/fresh_third.tsv");
const FOURTH: &str = include_str!("rules/fresh_fourth.tsv");
/// The classes of words, as the domain declares them, and the lexicons.
const CLASSES: &str = include_str!("../src/sales/notes/class.rs");
const LEXICONS: [(&str, &str); 7] = [
    ("en", include_str!("../src/sales/notes/lexicon/en.tsv")),
    ("de", include_str!("../src/sales/notes/lexicon/de.tsv")),
    ("fr", include_str!("../src/sales/notes/lexicon/fr.tsv")),
    ("es", include_str!("../src/sales/notes/lexicon/es.tsv")),
    ("it", include_str!("../src/sales/notes/lexicon/it.tsv")),
    ("nl", include_str!("../src/sales/notes/lexicon/nl.tsv")),
    ("pt", include_str!("../src/sales/notes/lexicon/pt.tsv")),
];
const DIMENSIONS: [(char, Dimension); 4] = [
    ('B', Dimension::Budget),
    ('A', Dimension::Authority),
    ('N', Dimension::Need),
    ('T', Dimension::Timeline),
];

/// The claims of the rules for a sentence, in the form of the labels: `B+ T-`.
pub(crate) fn claimed(notes: &str) -> Vec<(char, char)> {
    let input = LeadInput { company_name: "Contoso", notes: Some(notes), ..LeadInput::default() };
    let event = create_lead(id(1), id(2), &input).unwrap();
    let lead = Lead::apply(None, &event, EventMeta { at: START }).unwrap();
    let factors = score_by_rules(&lead).factors;
    let mut claims: Vec<(char, char)> = factors
        .iter()
        .filter(|factor| factor.field == ScoredField::Notes)
        .map(|factor| {
            let (letter, _) =
                DIMENSIONS.iter().find(|(_, dimension)| *dimension == factor.dimension).unwrap();
            (*letter, if factor.impact > 0 { '+' } else { '-' })
        })
        .collect();
    claims.sort_unstable();
    claims.dedup();
    claims
}

#[derive(Default, Clone, Copy)]
struct Counts {
    right: u32,
    wrong: u32,
    missed: u32,
}

impl Counts {
    fn precision(self) -> f64 {
        f64::from(self.right) / f64::from((self.right + self.wrong).max(1))
    }

    fn recall(self) -> f64 {
        f64::from(self.right) / f64::from((self.right + self.missed).max(1))
    }
}

/// Counts right, wrong and missed claims by language and dimension, and lists the sentences that were misread.
fn measure(labelled: &str) -> (BTreeMap<(String, char), Counts>, Vec<String>) {
    let mut counts: BTreeMap<(String, char), Counts> = BTreeMap::new();
    let mut misread = Vec::new();
    for row in labelled.lines().filter(|row| !row.starts_with('#')) {
        let [language, labels, text] = row.split('\t').collect::<Vec<_>>().try_into().unwrap();
        let expected: Vec<(char, char)> = labels
            .split_whitespace()
            .filter(|label| *label != "-")
            .map(|label| (label.chars().next().unwrap(), label.chars().nth(1).unwrap()))
            .collect();
        let claimed = claimed(text);
        for (letter, _) in DIMENSIONS {
            let count = counts.entry((language.to_owned(), letter)).or_default();
            let of = |claims: &[(char, char)]| -> Vec<char> {
                claims.iter().filter(|claim| claim.0 == letter).map(|claim| claim.1).collect()
            };
            let (expected, claimed) = (of(&expected), of(&claimed));
            count.right += claimed.iter().filter(|sign| expected.contains(sign)).count() as u32;
            count.wrong += claimed.iter().filter(|sign| !expected.contains(sign)).count() as u32;
            count.missed += expected.iter().filter(|sign| !claimed.contains(sign)).count() as u32;
        }
        let mut sorted = expected.clone();
        sorted.sort_unstable();
        if sorted != claimed {
            let shown: String = claimed.iter().map(|(letter, sign)| format!("{letter}{sign} ")).collect();
            misread.push(format!("{language} expected {labels:6} claimed {shown:6} {text}"));
        }
    }
    (counts, misread)
}

fn print(name: &str, counts: &BTreeMap<(String, char), Counts>) {
    let sum = |picks: &dyn Fn(&(String, char)) -> bool| {
        counts.iter().filter(|(key, _)| picks(key)).fold(Counts::default(), |all, (_, count)| Counts {
            right: all.right + count.right,
            wrong: all.wrong + count.wrong,
            missed: all.missed + count.missed,
        })
    };
    println!("{name:24} right wrong missed precision recall");
    let line = |name: &str, count: Counts| {
        let (precision, recall) = (count.precision(), count.recall());
        println!(
            "  {name:22} {:5} {:5} {:6} {precision:9.3} {recall:6.3}",
            count.right, count.wrong, count.missed
        );
    };
    for (letter, dimension) in DIMENSIONS {
        line(&format!("{dimension:?}"), sum(&|key| key.1 == letter));
    }
    let languages: std::collections::BTreeSet<&String> = counts.keys().map(|key| &key.0).collect();
    for language in languages {
        line(language, sum(&|key| key.0 == *language));
    }
    line("all", sum(&|_| true));
}

/// Prints the figures: `cargo test -p domain --test domain rules:: -- --nocapture`.
fn measured(name: &str, labelled: &str, precision: f64, recall: f64) {
    let (counts, misread) = measure(labelled);
    print(name, &counts);
    misread.iter().for_each(|line| println!("  {line}"));
    for (letter, dimension) in DIMENSIONS {
        let all = counts.iter().filter(|(key, _)| key.1 == letter).map(|(_, count)| *count);
        let all = all.fold(Counts::default(), |sum, count| Counts {
            right: sum.right + count.right,
            wrong: sum.wrong + count.wrong,
            missed: sum.missed + count.missed,
        });
        assert!(all.precision() >= precision, "{name} {dimension:?}: precision {:.3}", all.precision());
        assert!(all.recall() >= recall, "{name} {dimension:?}: recall {:.3}", all.recall());
    }
}

#[test]
fn labelled_sentences_are_read_with_the_precision_and_recall_we_promise() {
    measured("labelled", LABELLED, 0.95, 0.8);
}

#[test]
fn held_out_sentences_are_read_as_well() {
    measured("held out", HELD_OUT, 0.95, 0.8);
}

#[test]
fn short_notes_of_sales_people_are_read_as_well() {
    measured("fresh", FRESH, 0.95, 0.8);
    measured("unseen", UNSEEN, 0.95, 0.8);
    measured("fragments", FRAGMENTS, 0.95, 0.8);
    measured("calls", CALLS, 0.95, 0.8);
    measured("last", LAST, 0.95, 0.8);
    measured("second", SECOND, 0.95, 0.8);
    measured("third", THIRD, 0.95, 0.8);
    measured("fourth", FOURTH, 0.95, 0.8);
}

#[test]
fn every_row_of_a_lexicon_is_understood() {
    for (language, lexicon) in LEXICONS {
        for row in lexicon.lines().filter(|row| !row.starts_with('#')) {
            let (class, phrases) = row.split_once('\t').unwrap();
            if matches!(class, "common" | "number") {
                continue;
            }
            assert!(CLASSES.contains(&format!(" \"{class}\" \"")), "{language}: {class}");
            for phrase in phrases.split('|') {
                // A phrase begins with a word, and has one that must be there.
                let parts: Vec<&str> = phrase.split_whitespace().collect();
                assert!(parts.first().is_some_and(|first| *first != ".."), "{language} {class}: {phrase}");
                let needed = parts.iter().any(|part| *part != ".." && !part.ends_with('?'));
                assert!(needed, "{language} {class}: {phrase}");
            }
        }
    }
}
