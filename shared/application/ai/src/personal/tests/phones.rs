//! How well phone numbers are found: `cargo test -p application-ai phones -- --nocapture` prints recall by country, every
//! number that was missed and everything else that was taken for one. The sets come from the project itself.

#![expect(clippy::print_stdout, reason = "the figures are what these tests are run for")]

use super::super::*;

const PHONES: &str = include_str!("phones.txt");
const NOT_PHONES: &str = include_str!("not_phones.txt");

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.starts_with("# ") && !line.is_empty())
}

fn phones(text: &str) -> Vec<&str> {
    let found = find(text, &KnownPhones::default()).into_iter();
    found.filter(|(_, kind)| *kind == Kind::Phone).map(|(range, _)| &text[range]).collect()
}

/// A line's country, its text, and the numbers that the text holds.
fn labelled(line: &str) -> (&str, String, Vec<&str>) {
    let (country, text) = line.split_once('\t').unwrap();
    let numbers = text.split('⟦').skip(1).map(|rest| rest.split_once('⟧').unwrap().0).collect();
    (country, text.replace(['⟦', '⟧'], ""), numbers)
}

#[test]
fn phone_numbers_are_found_as_people_write_them_at_home() {
    let (mut right, mut all) = (0, 0);
    let mut countries: Vec<(&str, usize, usize)> = Vec::new();
    for line in lines(PHONES) {
        let (country, text, numbers) = labelled(line);
        let found = phones(&text);
        let hits = numbers.iter().filter(|number| found.contains(number)).count();
        if found != numbers {
            println!("{country}: found {found:?} in {text}");
        }
        if countries.last().is_none_or(|(last, ..)| *last != country) {
            countries.push((country, 0, 0));
        }
        let (_, of, among) = countries.last_mut().unwrap();
        (*of, *among) = (*of + hits, *among + numbers.len());
        (right, all) = (right + hits, all + numbers.len());
    }
    for (country, of, among) in &countries {
        println!("{country}: {of} of {among}");
    }
    println!("recall: {right} of {all}");
    assert!(all >= 190, "{all}");
    assert!(right * 100 >= all * 98, "{right} of {all}");
    assert!(countries.iter().all(|(_, of, among)| of * 100 >= among * 90), "{countries:?}");
}

#[test]
fn other_numbers_are_rarely_taken_for_phone_numbers() {
    let wrong: Vec<(&str, Vec<&str>)> = lines(NOT_PHONES)
        .map(|text| (text, phones(text)))
        .filter(|(_, found)| !found.is_empty())
        .inspect(|(text, found)| println!("took {found:?} for a phone number in {text}"))
        .collect();
    let all = lines(NOT_PHONES).count();
    println!("taken for phone numbers: {} of {all}", wrong.len());
    assert!(all >= 230, "{all}");
    assert!(wrong.len() <= 2, "{wrong:?}");
}

/// Words and signs beside a number decide where its form alone does not.
#[test]
fn words_beside_a_number_decide() {
    for (text, number) in [
        ("Tel 3123-4567", Some("3123-4567")),
        ("3123-4567", None),
        ("the phone number of work is: 20123456", None),
        ("phone number: 20123456", Some("20123456")),
        ("my telephone. 20123456", None),
        ("my phone 20123456 units", None),
        ("Order 9876543210", None),
        ("order phone 9876543210", Some("9876543210")),
        ("phone order 9876543210", None),
        ("Raj 9876543210", Some("9876543210")),
        ("612 345 678", Some("612 345 678")),
        ("612 345 678 €", None),
        ("1 612 345 678", None),
        ("7,98765 43210,Raj", Some("98765 43210")),
        ("7,0171 1234567,100", Some("0171 1234567")),
        ("612 345 678,50", None),
        ("612 345 678 901", None),
        ("tel. 2026-11-21", None),
        ("tel. 192.168.1.100", None),
        (r"phone:\n20123456", None),
        ("order 0012345678", None),
        ("order 0171 1234567", Some("0171 1234567")),
        ("order (555) 010-0199", Some("(555) 010-0199")),
        ("order 555-010-0199", None),
    ] {
        assert_eq!(phones(text), Vec::from_iter(number), "{text}");
    }
}

/// The first turn says that it is a phone number; the second repeats it without saying so.
#[test]
fn a_number_that_was_found_once_is_found_everywhere() {
    let mut known = KnownPhones::default();
    known.learn("tel. 20123456, order 20123457");
    let text = "I noted 20123456 and 20123457, not x20123456 or 201234561";
    let found: Vec<&str> = find(text, &known).into_iter().map(|(range, _)| &text[range]).collect();
    assert_eq!(found, ["20123456"]);
}

/// Values stand in JSON texts as they are.
#[test]
fn numbers_contain_neither_quotes_nor_backslashes() {
    for sign in ['"', '\\', '\'', '\n', '\t', '\u{7f}', '[', ']'] {
        for text in
            [format!("tel. 20{sign}123456"), format!("98765{sign}43210"), format!("+49 171{sign}1234567")]
        {
            assert!(phones(&text).iter().all(|number| !number.contains(sign)), "{text:?}");
        }
    }
}
