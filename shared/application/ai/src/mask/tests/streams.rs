//! Completions that arrive in parts: the values come back however they are cut, and no more is held back than necessary.

use super::*;

#[test]
fn a_stream_says_the_same_however_it_is_cut() {
    let (_, masking) = masking(&["ada@x.example bob@x.example"]);
    let answer = "a [b] [email_1], [email_2][email_ [email_1";
    for size in 1..answer.len() {
        let mut restoring = Restoring::new(Arc::clone(&masking));
        let parts: Vec<&str> =
            (0..answer.len()).step_by(size).map(|at| &answer[at..(at + size).min(answer.len())]).collect();
        let mut told: String = parts.into_iter().map(|part| restoring.more(part)).collect();
        told.push_str(&restoring.rest());
        assert_eq!(told, masking.restored(answer), "{size}");
    }
}

/// Every cut into two, every cut into three, and one character at a time.
#[test]
fn a_stream_of_any_spelling_says_the_same_however_it_is_cut() {
    let (_, masking) = masking(&["ada@x.example +49 171 1234567 bob@x.example"]);
    let (mut answers, mut restored) = (String::new(), String::new());
    for (answer, expected) in SPELLINGS.iter().copied() {
        let places: Vec<usize> = answer.char_indices().map(|(at, _)| at).chain([answer.len()]).collect();
        for (place, first) in places.iter().enumerate() {
            for second in &places[place..] {
                let parts = [&answer[..*first], &answer[*first..*second], &answer[*second..]];
                assert_eq!(streamed(&masking, &parts), expected, "{parts:?}");
            }
        }
        answers += answer;
        answers += "\n";
        restored += expected;
        restored += "\n";
    }
    let single: Vec<&str> = answers.char_indices().map(|(at, c)| &answers[at..at + c.len_utf8()]).collect();
    for size in 1..40 {
        let parts: Vec<String> = single.chunks(size).map(<[&str]>::concat).collect();
        assert_eq!(
            streamed(&masking, &parts.iter().map(String::as_str).collect::<Vec<_>>()),
            restored,
            "{size}"
        );
    }
}

/// Text is held back only while some continuation would change it, from its first character on.
#[test]
fn a_stream_holds_back_no_more_than_necessary() {
    let (_, masking) = masking(&["ada@x.example +49 171 1234567 bob@x.example"]);
    let continuations: Vec<String> = ["", "_1", "1", "2"]
        .iter()
        .flat_map(|middle| {
            ["]", "\\]", "\\\\]", "\\\\\\]", "\\\\\\\\]", "］", "】"].map(|end| format!("{middle}{end}"))
        })
        .chain(Kind::ALL.iter().flat_map(|kind| {
            let name = kind.as_str();
            (0..name.len()).map(|at| format!("{}_1]", &name[at..])).collect::<Vec<_>>()
        }))
        .collect();
    let continuations: Vec<String> = continuations
        .iter()
        .flat_map(|end| {
            let escaped = format!("[email\\\\\\\\_1{}", "\\\\\\\\]");
            [
                end.clone(),
                end.replace(']', "］"),
                end.replace(']', "】"),
                end.replace(']', "\\\\\\\\]"),
                escaped,
            ]
        })
        .collect();
    let mut checked = 0;
    for (answer, _) in SPELLINGS.iter().copied() {
        for (at, c) in answer.char_indices() {
            let begun = &answer[..at + c.len_utf8()];
            let mut restoring = Restoring::new(Arc::clone(&masking));
            let told = restoring.more(begun);
            let Some(held) = restoring.held.chars().next() else { continue };
            let more = format!("{told}{held}");
            let changes = continuations
                .iter()
                .any(|end| !masking.restored(&format!("{begun}{end}")).starts_with(&more));
            assert!(changes, "{:?} of {begun:?} is held", restoring.held);
            checked += 1;
        }
    }
    assert!(checked > 100, "{checked}");
    let unmasked = self::masking(&["nothing personal"]).1;
    assert_eq!(Restoring::new(unmasked).more("[email_1\\"), "[email_1\\");
}
