//! Prompts that are masked, and completions whose placeholders become values again.

mod streams;

use super::*;

fn masking(texts: &[&str]) -> (Vec<String>, Arc<Masking>) {
    let mut masking = Masking::default();
    texts.iter().for_each(|text| masking.pass_over(text));
    let masked = texts.iter().map(|text| masking.masked(text)).collect();
    (masked, Arc::new(masking))
}

#[test]
fn a_value_has_one_placeholder_and_comes_back() {
    let texts = ["ada@x.example or +49 171 1234567", "again ada@x.example, not bob@x.example"];
    let (masked, masking) = masking(&texts);
    assert_eq!(masked, ["[email_1] or [phone_1]", "again [email_1], not [email_2]"]);
    for (masked, text) in masked.iter().zip(texts) {
        assert_eq!(masking.restored(masked), text);
    }
    assert_eq!(masking.restored("[email_3] [email_1 [[email_2]] ["), "[email_3] [email_1 [bob@x.example] [");
}

#[test]
fn what_the_question_says_itself_is_no_placeholder() {
    let (masked, masking) = masking(&["[email_7] is not ada@x.example"]);
    assert_eq!(masked, ["[email_7] is not [email_8]"]);
    assert_eq!(masking.restored(&masked[0]), "[email_7] is not ada@x.example");
}

/// It would take hours if every bracket's end were looked for in the whole rest.
#[test]
fn an_answer_of_brackets_comes_back_as_it_is() {
    let (_, masking) = masking(&["ada@x.example"]);
    let answer = format!("{}]", "[".repeat(8_000_000));
    assert_eq!(masking.restored(&answer), answer);
}

/// A placeholder as a model writes it, and what becomes of it; `[email_1]` is `ada@x.example`.
const SPELLINGS: &[(&str, &str)] = &[
    ("[email_1]", "ada@x.example"),
    ("[EMAIL_1]", "ada@x.example"),
    ("[Email_1]", "ada@x.example"),
    ("[ email_1 ]", "ada@x.example"),
    (r"\[email_1\]", "ada@x.example"),
    (r"\[email\_1\]", "ada@x.example"),
    (r"[email\_1]", "ada@x.example"),
    (r"\[email\_1]", "ada@x.example"),
    (r"\\[email_1\\]", "ada@x.example"),
    (r"\\[Email\\_1\\]", "ada@x.example"),
    ("［email_1］", "ada@x.example"),
    ("【email_1】", "ada@x.example"),
    ("[email_1](mailto:[email_1])", "ada@x.example(mailto:ada@x.example)"),
    (r"[\[email\_1\]](mailto:[email_1])", "[ada@x.example](mailto:ada@x.example)"),
    (r#"{"[email_1]": "[PHONE_1]"}"#, r#"{"ada@x.example": "+49 171 1234567"}"#),
    ("**[email_1]**, `[phone_1]`", "**ada@x.example**, `+49 171 1234567`"),
    // A backslash before an unescaped placeholder is the text's own, as in a path of Windows.
    (r"C:\Users\[email_1]", r"C:\Users\ada@x.example"),
    (r"\\\\[email_1\\]", r"\\ada@x.example"),
    ("<email_1> {email_1} (email_1) email_1", "<email_1> {email_1} (email_1) email_1"),
    ("[email 1] [email1] [email-1] [e-mail_1]", "[email 1] [email1] [email-1] [e-mail_1]"),
    ("[email_01] [email_3] [email_11] [email_1", "[email_01] [email_3] [email_11] [email_1"),
    ("[email_1］ ［email_1] [   email_1]", "[email_1］ ［email_1] [   email_1]"),
    ("[email__1] [email_1_] [xemail_1] [mail_1]", "[email__1] [email_1_] [xemail_1] [mail_1]"),
    (r"[email_1\\\\\] [email_1 \x]", r"[email_1\\\\\] [email_1 \x]"),
    ("[[email_1]]", "[ada@x.example]"),
    ("[phone_1][email_2]", "+49 171 1234567bob@x.example"),
    ("[card_1] [iban_1]", "[card_1] [iban_1]"),
    ("", ""),
];

#[test]
fn a_placeholder_that_a_model_wrote_a_little_differently_is_restored() {
    let (_, masking) = masking(&["ada@x.example +49 171 1234567 bob@x.example"]);
    for (answer, restored) in SPELLINGS.iter().copied() {
        assert_eq!(masking.restored(answer), restored, "{answer}");
    }
}

/// However a prompt writes the name of a placeholder, that name stays its own.
#[test]
fn no_spelling_in_the_prompt_is_replaced() {
    for own in
        ["[email_1]", "[EMAIL_1]", r"\[email\_1\]", "email_1", "<Email_1>", r"\\[email\\_1\\]", "［email_1］"]
    {
        let text = format!("{own} is not ada@x.example");
        let (masked, masking) = masking(&[&text]);
        assert_eq!(masked, [format!("{own} is not [email_2]")]);
        for (spelling, _) in
            SPELLINGS.iter().filter(|(spelling, _)| !spelling.contains("phone") && !spelling.contains("_2"))
        {
            assert_eq!(masking.restored(spelling), *spelling, "{own}");
        }
        assert_eq!(masking.restored(&masked[0]), text);
    }
}

#[test]
fn a_restored_json_text_is_still_one() {
    let (_, masking) =
        masking(&["ada@x.example, tel. ２０１２３４５６, DE89 3704 0044 0532 0130 00, 4111 1111 1111 1111"]);
    let answer = r#"{"[email_1]": ["\\[phone\\_1\\]", "\\\\[email_1\\]", "a\\[iban_1]", "\n[CARD_1]", "［email_1］"]}"#;
    let restored: Value = serde_json::from_str(&masking.restored(answer)).unwrap();
    assert_eq!(
        restored,
        serde_json::json!({"ada@x.example": [
            "２０１２３４５６", "\\ada@x.example", "a\\DE89 3704 0044 0532 0130 00", "\n4111 1111 1111 1111", "ada@x.example"
        ]})
    );
}

#[test]
fn a_number_that_one_turn_calls_a_phone_is_masked_in_all() {
    let (masked, masking) = masking(&["I noted 20123456.", "my phone is 20123456"]);
    assert_eq!(masked, ["I noted [phone_1].", "my phone is [phone_1]"]);
    assert_eq!(masking.restored("20123456 [phone_1]"), "20123456 20123456");
}

/// It would take hours if the work for a bracket, a backslash or a part of a stream grew with the text.
#[test]
fn long_answers_are_restored_in_the_time_of_their_length() {
    let (_, masking) = masking(&["ada@x.example"]);
    for part in ["\\", "[ ", "[email_1", "［", r"\[email\_", "[email_1\\", "[e", "[EMAIL_1]"] {
        let answer = part.repeat(400_000 / part.len());
        let restored = masking.restored(&answer);
        assert_eq!(restored == answer, part != "[EMAIL_1]", "{part}");
        let mut restoring = Restoring::new(Arc::clone(&masking));
        let mut told = 0;
        let mut buffer = [0; 4];
        for c in answer.chars() {
            told += restoring.more(c.encode_utf8(&mut buffer)).len();
            assert!(restoring.held.len() < 64, "{part}");
        }
        assert_eq!(told + restoring.rest().len(), restored.len(), "{part}");
    }
    let prompt = r"email\".repeat(500_000);
    assert_eq!(self::masking(&[&prompt]).0, [prompt]);
}

/// Numbers that repeat themselves in any order, without a further dependency.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % end
    }

    fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }
}

const WORDS: &[&str] = &[
    " ",
    " and ",
    "\n",
    ", ",
    " \\",
    "[",
    "]",
    "[ ",
    " \\[",
    "\\] ",
    " ［",
    "］ ",
    "\"",
    " {\"a\": ",
    "}",
    "<",
    "> ",
    " email_",
    " [email_7] ",
    " [Phone_3] ",
    "é ",
    " 电话",
    "\\\\ ",
    "[email\\_2]",
];
const VALUES: &[&str] = &[
    "ada@x.example",
    "bob.byron+x@münchen.example",
    "+49 171 1234567",
    "020 7946 0958",
    "(11) 91234-5678",
    "98765 43210",
    "０９０－１２３４－５６７８",
    "06 12 34 56 78",
    "138 1234 5678",
    "4111 1111 1111 1111",
    "DE89 3704 0044 0532 0130 00",
    "612 34 56 78",
];

/// A text of words and values, with marks around each value, so that no word says what it is.
fn text_with_values(chance: &mut Chance) -> String {
    (0..chance.below(12)).fold(String::new(), |text, _| match chance.below(2) {
        0 => text + chance.of(WORDS),
        _ => text + "; " + chance.of(VALUES) + ";",
    })
}

/// Another spelling of each placeholder of a masked text; the names that the prompt itself has stay.
fn rewritten(masked: &str, masking: &Masking, chance: &mut Chance) -> String {
    let mut rewritten = masked.to_owned();
    for placeholder in masking.placeholders.values() {
        let name = placeholder.trim_matches(['[', ']']);
        let escaped = name.replace('_', "\\_");
        let spelling = match chance.below(8) {
            0 => placeholder.clone(),
            1 => placeholder.to_uppercase(),
            2 => format!("[ {name} ]"),
            3 => format!("\\[{name}\\]"),
            4 => format!("\\[{escaped}\\]"),
            5 => format!("\\\\[{}\\\\]", name.replace('_', "\\\\_")),
            6 => format!("［{name}］"),
            _ => format!("[{escaped} ]"),
        };
        rewritten = rewritten.replace(placeholder, &spelling);
    }
    rewritten
}

fn streamed(masking: &Arc<Masking>, parts: &[&str]) -> String {
    let mut restoring = Restoring::new(Arc::clone(masking));
    let told: String = parts.iter().map(|part| restoring.more(part)).collect();
    told + &restoring.rest()
}

#[test]
fn nothing_personal_is_left_and_everything_comes_back() {
    let mut chance = Chance(7);
    for round in 0..4_000 {
        let texts: Vec<String> = (0..3).map(|_| text_with_values(&mut chance)).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let (masked, masking) = masking(&texts);
        for (text, masked) in texts.iter().zip(&masked) {
            for value in VALUES {
                assert!(!masked.contains(value), "{round}: {value} in {masked:?}");
            }
            assert_eq!(masking.restored(masked), *text, "{round}: {masked:?}");
            let answer = rewritten(masked, &masking, &mut chance);
            assert_eq!(masking.restored(&answer), *text, "{round}: {answer:?}");
            let places: Vec<usize> = answer.char_indices().map(|(at, _)| at).collect();
            let cut = if places.is_empty() { 0 } else { places[chance.below(places.len())] };
            assert_eq!(
                streamed(&masking, &[&answer[..cut], &answer[cut..]]),
                *text,
                "{round}: {answer:?} at {cut}"
            );
        }
    }
}
