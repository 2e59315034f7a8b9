//! The check of a training file: good lines, every fault of a line, and files without end.

use domain::ai::training_file::{FileCheck, FileReport, LONGEST_LINE, LineFault, LineProblem, MOST_FAULTS};

const LINE: &str = r#"{"schemaVersion":"bedrock-conversation-2024","system":[{"text":"You sell."}],"messages":[{"role":"user","content":[{"text":"Hi"}]},{"role":"assistant","content":[{"text":"Hello"}]}]}"#;

fn report(records: u32) -> FileReport {
    FileReport { records, faults: Vec::new() }
}

/// The check of a file that comes in pieces of this size.
fn check(file: &[u8], piece: usize) -> FileReport {
    let mut check = FileCheck::default();
    file.chunks(piece).for_each(|piece| check.feed(piece));
    check.finish()
}

fn problem(line: &str) -> Option<LineProblem> {
    check(line.as_bytes(), 7).faults.first().map(|fault| fault.reason)
}

#[test]
fn good_lines_are_good_in_pieces_of_any_size() {
    let file = format!("{LINE}\r\n{LINE}\n{LINE}");
    for piece in [1, 2, 100, file.len()] {
        assert_eq!(check(file.as_bytes(), piece), report(3), "{piece}");
    }
    assert_eq!(check(format!("{LINE}\n").as_bytes(), 64), report(1));
    assert_eq!(check(b"", 1), report(0));
    let without_system = LINE.replace(r#""system":[{"text":"You sell."}],"#, "");
    assert_eq!(problem(&without_system), None);
}

#[test]
fn every_wrong_line_is_told_what_is_wrong() {
    use LineProblem::{BlankText, Empty, NotAConversation, NotJson, ReservedWord, Schema, Turns};
    let user = r#"{"role":"user","content":[{"text":"Hi"}]}"#;
    let with = |from: &str, to: &str| {
        assert!(LINE.contains(from), "{from}");
        problem(&LINE.replace(from, to))
    };
    assert_eq!(problem("\n"), Some(Empty));
    assert_eq!(problem("  \t\n"), Some(Empty));
    assert_eq!(problem("{"), Some(NotJson));
    assert_eq!(problem(&format!("{LINE}{LINE}")), Some(NotJson));
    assert_eq!(problem(&"[".repeat(100_000)), Some(NotAConversation));
    assert_eq!(problem("[]"), Some(NotAConversation));
    assert_eq!(problem(r#"{"prompt":"a","completion":"b"}"#), Some(NotAConversation));
    assert_eq!(with(r#""system""#, r#""tools""#), Some(NotAConversation));
    assert_eq!(with(r#""assistant""#, r#""system""#), Some(NotAConversation));
    assert_eq!(with(r#"{"text":"Hi"}"#, r#"{"image":{}}"#), Some(NotAConversation));
    assert_eq!(with(r#"{"text":"Hi"}"#, r#"{"text":"Hi","text":"Hi"}"#), Some(NotAConversation));
    // An array with the members of an object is not an object.
    assert_eq!(with(r#"{"text":"Hi"}"#, r#"["Hi"]"#), Some(NotAConversation));
    let turns =
        r#"[{"role":"user","content":[{"text":"Hi"}]},{"role":"assistant","content":[{"text":"Hello"}]}]"#;
    assert_eq!(problem(&format!(r#"["bedrock-conversation-2024",null,{turns}]"#)), Some(NotAConversation));
    assert_eq!(with("-2024", "-2025"), Some(Schema));
    assert_eq!(with(r#""assistant""#, r#""user""#), Some(Turns));
    assert_eq!(with(user, &format!("{user},{user}")), Some(Turns));
    assert_eq!(with(&format!("{user},"), ""), Some(Turns));
    let none = format!("{}[]}}", LINE.split_inclusive("\"messages\":").next().unwrap());
    assert_eq!(problem(&none), Some(Turns));
    assert_eq!(with("Hi", " "), Some(BlankText));
    assert_eq!(with(r#"[{"text":"Hi"}]"#, "[]"), Some(BlankText));
    assert_eq!(with(r#"[{"text":"You sell."}]"#, "[]"), Some(BlankText));
    assert_eq!(with("Hi", "Say User: now"), Some(ReservedWord));
    assert_eq!(with("You sell.", "[EOS]"), Some(ReservedWord));
    // Only prompts must not contain them.
    assert_eq!(with("Hello", "User: hello"), None);
}

#[test]
fn bytes_that_are_no_text_and_lines_without_end_are_told_apart() {
    assert_eq!(check(b"\xff\n", 1).faults, [LineFault { line: 1, reason: LineProblem::NotUtf8 }]);
    let pad = |length: usize| LINE.replace("Hello", &"x".repeat(length - LINE.len() + "Hello".len()));
    let file = format!("{}\n{}\n{LINE}", pad(LONGEST_LINE), pad(LONGEST_LINE + 1));
    for piece in [4096, LONGEST_LINE, file.len()] {
        let found = check(file.as_bytes(), piece);
        assert_eq!(found.faults, [LineFault { line: 2, reason: LineProblem::TooLong }], "{piece}");
        assert_eq!(found.records, 3);
    }
    let endless = check(&vec![b'x'; LONGEST_LINE + 1], 1000);
    assert_eq!((endless.records, endless.faults[0].reason), (1, LineProblem::TooLong));
}

#[test]
fn twenty_wrong_lines_are_named_and_all_are_counted() {
    let found = check("x\n".repeat(30).as_bytes(), 3);
    assert_eq!((found.records, found.faults.len()), (30, MOST_FAULTS));
    assert_eq!(found.faults.last().unwrap().line, 20);
}
