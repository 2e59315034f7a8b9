//! Words, numbers and separators of a text. Words are compared without case and accents, because notes are typed in a hurry:
//! `gekürzt`, `GEKÜRZT` and `gekurzt` are one word.

use std::borrow::Cow;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Letters.
    Word,
    /// A text that begins with a digit, such as `50.000` or `50k`. `Q3` is a word.
    Number,
    /// A sign of a currency.
    Currency,
    /// A colon, which connects like the verb to be.
    Colon,
    /// Ends a clause: a comma, a dash between blanks, a parenthesis.
    Comma,
    /// Ends a sentence.
    Stop,
    /// Ends a question.
    Question,
    /// The question mark of a question of one or two words that is answered on the same line: `budget? none`.
    Answer,
}

/// A piece of a text.
#[derive(Debug, Clone)]
pub(super) struct Token {
    /// The kind of the token.
    pub(super) kind: Kind,
    /// The text without case and accents.
    pub(super) folded: String,
    /// The text without case, if that differs from `folded`.
    pub(super) accented: Option<String>,
    /// Whether it begins with a capital letter.
    pub(super) capital: bool,
    /// The position of its beginning in the text, in bytes.
    pub(super) start: usize,
    /// The position of its end in the text, in bytes.
    pub(super) end: usize,
}

/// Appends a letter without case and accents. Letters of other languages than the seven are not changed.
fn fold(letter: char, folded: &mut String) {
    for lower in letter.to_lowercase() {
        let plain = match lower {
            'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' | 'ª' => "a",
            'ç' => "c",
            'è' | 'é' | 'ê' | 'ë' => "e",
            'ì' | 'í' | 'î' | 'ï' => "i",
            'ñ' => "n",
            'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'º' => "o",
            'ù' | 'ú' | 'û' | 'ü' => "u",
            'ý' | 'ÿ' => "y",
            'ß' => "ss",
            'œ' => "oe",
            'æ' => "ae",
            mark if is_mark(mark) => "",
            other => {
                folded.push(other);
                ""
            }
        };
        folded.push_str(plain);
    }
}

/// A word without case and accents.
pub(super) fn folded(word: &str) -> String {
    let mut folded = String::with_capacity(word.len());
    word.chars().for_each(|letter| fold(letter, &mut folded));
    folded
}

/// A word of a lexicon as the tokens have it. Most words need no change and are not copied, because a process that
/// starts has thousands of them to read.
pub(super) fn folded_entry(word: &'static str) -> Cow<'static, str> {
    let is_plain = |byte: u8| byte.is_ascii() && !byte.is_ascii_uppercase();
    if word.bytes().all(is_plain) { Cow::Borrowed(word) } else { Cow::Owned(folded(word)) }
}

/// Marks that follow their letter, in text that is not composed.
fn is_mark(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{36f}')
}

fn is_apostrophe(letter: char) -> bool {
    matches!(letter, '\'' | '\u{2019}' | '\u{2bc}' | '\u{b4}' | '`')
}

/// The tokens of a text, in one pass.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut letters = text.char_indices().peekable();
    while let Some((start, letter)) = letters.next() {
        if letter.is_alphanumeric() {
            let number = letter.is_numeric();
            let mut end = start + letter.len_utf8();
            while let Some(&(at, next)) = letters.peek() {
                let inside = next.is_alphanumeric() || is_mark(next) || joins(text, at, next, number);
                if !inside {
                    break;
                }
                end = at + next.len_utf8();
                letters.next();
            }
            push_word(text, start, end, number, &mut tokens);
        } else if is_currency(letter) && letters.next_if(|(_, next)| *next == letter).is_some() {
            // `no $$$`: several signs are a word for money.
            while letters.next_if(|(_, next)| *next == letter).is_some() {}
            let end = letters.peek().map_or(text.len(), |(at, _)| *at);
            let folded = "€€".to_owned();
            tokens.push(Token { kind: Kind::Word, folded, accented: None, capital: false, start, end });
        } else if let Some(kind) = separator(text, start, letter) {
            let end = start + letter.len_utf8();
            let folded = letter.to_string();
            tokens.push(Token { kind, folded, accented: None, capital: false, start, end });
        }
    }
    mark_answers(&mut tokens);
    tokens
}

/// The most words of a question that reads like the label of its answer.
const LABEL: usize = 2;

/// Finds the question marks of short questions that are answered on the same line.
fn mark_answers(tokens: &mut [Token]) {
    let mut words = 0;
    for at in 0..tokens.len() {
        let answered = tokens.get(at + 1).is_some_and(|next| next.is_text() || next.kind == Kind::Currency);
        let Some(token) = tokens.get_mut(at) else { break };
        match token.kind {
            Kind::Question if answered && (1..=LABEL).contains(&words) => {
                token.kind = Kind::Answer;
                // The next question of the sentence is none of these, so that a sentence is read at most twice.
                words = LABEL + 1;
            }
            Kind::Stop | Kind::Question => words = 0,
            _ => words += usize::from(token.is_text()),
        }
    }
}

fn is_currency(sign: char) -> bool {
    matches!(sign, '€' | '$' | '£' | '¥')
}

/// Whether a character between letters belongs to the word: the apostrophe of `can't`, the points of `50.000` and
/// `e.g.`.
fn joins(text: &str, at: usize, sign: char, number: bool) -> bool {
    let mut after = text.get(at + sign.len_utf8()..).unwrap_or_default().chars();
    let next = after.next().unwrap_or(' ');
    if number {
        return matches!(sign, '.' | ',' | '\'' | '\u{2019}') && next.is_numeric();
    }
    // `can't`: the n belongs to the word. Other apostrophes separate two words, as in `l'année` and `CEO's`.
    is_apostrophe(sign) && next.eq_ignore_ascii_case(&'t') && !after.next().is_some_and(char::is_alphanumeric)
}

fn push_word(text: &str, start: usize, end: usize, number: bool, tokens: &mut Vec<Token>) {
    let word = text.get(start..end).unwrap_or_default();
    let folded = folded(word).replace(is_apostrophe, "'");
    // `50 000` is one number.
    if number
        && word.len() == 3
        && let Some(last) = tokens.last_mut()
        && last.kind == Kind::Number
        && last.folded.len() <= 7
        && last.folded.bytes().all(|digit| digit.is_ascii_digit())
        && start.saturating_sub(last.end) <= 3
        && word.bytes().all(|digit| digit.is_ascii_digit())
    {
        last.folded.push_str(&folded);
        last.end = end;
        return;
    }
    let lower = word.to_lowercase();
    tokens.push(Token {
        kind: if number { Kind::Number } else { Kind::Word },
        accented: (lower != folded).then_some(lower),
        folded,
        capital: word.chars().next().is_some_and(char::is_uppercase),
        start,
        end,
    });
}

fn separator(text: &str, at: usize, sign: char) -> Option<Kind> {
    let before = text.get(..at).and_then(|before| before.chars().next_back()).unwrap_or(' ');
    let next = text.get(at + sign.len_utf8()..).and_then(|after| after.chars().next()).unwrap_or(' ');
    Some(match sign {
        sign if is_currency(sign) => Kind::Currency,
        ':' | '=' => Kind::Colon,
        '?' => Kind::Question,
        '.' if is_abbreviation(text, at) => return None,
        '.' | ';' | '!' | '\n' | '\r' | '\u{2026}' | '\u{3002}' | '\u{2028}' | '\u{2029}' => Kind::Stop,
        ',' | '(' | ')' | '[' | ']' | '\u{2013}' | '\u{2014}' | '|' | '\u{2022}' | '>' => Kind::Comma,
        '-' | '/' | '*' | '+' | '&' if before.is_whitespace() && next.is_whitespace() => Kind::Comma,
        _ => return None,
    })
}

/// Words before a point that ends an abbreviation and not a sentence, as in `Mr. Jones`,
/// `Dott. Rossi` and `z. B.`.
const ABBREVIATIONS: &[&str] = &[
    "mr", "mrs", "ms", "dr", "hr", "fr", "m", "mme", "mlle", "sr", "sra", "srta", "d", "dott", "ing", "sig",
    "sigra", "avv", "dhr", "mevr", "drs", "ir", "prof", "ca", "z", "b", "u", "a", "e", "g", "i", "approx",
    "vs", "st", "no", "p", "ex", "dna", "eng", "exmo", "inc", "ltd", "co", "corp", "s", "r", "l", "resp",
    "dir", "gral", "dept", "dep", "depto", "abt", "mgr", "evtl", "inkl", "afd", "mw", "vgl",
];
/// Abbreviations that also end a sentence: only a small letter or a digit shows that the sentence goes on.
const MONTHS: &[&str] = &[
    "jan", "feb", "apr", "jun", "jul", "aug", "sept", "sep", "okt", "oct", "nov", "dez", "dec", "janv",
    "juil", "ene", "ago", "dic", "giu", "lug", "ott", "abr", "mrt", "fev",
];

/// Whether a point ends an abbreviation and not a sentence.
fn is_abbreviation(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    // One letter more than the longest abbreviation has, so that a longer word is none.
    let length: usize =
        before.chars().rev().take(7).take_while(|letter| letter.is_alphabetic()).map(char::len_utf8).sum();
    let word = before.get(before.len() - length..).unwrap_or_default().to_lowercase();
    let mut after = text.get(at + 1..).unwrap_or_default().chars();
    let next = after.next().unwrap_or('\n');
    if next != ' ' {
        return next.is_alphabetic() && ABBREVIATIONS.contains(&word.as_str());
    }
    let goes_on = after.next().is_some_and(|next| next.is_lowercase() || next.is_numeric());
    ABBREVIATIONS.contains(&word.as_str()) || (goes_on && MONTHS.contains(&word.as_str()))
}

impl Token {
    /// Whether it is a word or a number.
    pub(super) fn is_text(&self) -> bool {
        matches!(self.kind, Kind::Word | Kind::Number)
    }

    /// The value of the number, without separators of thousands; `None` if the token is not a number.
    pub(super) fn number(&self) -> Option<u64> {
        if self.kind != Kind::Number {
            return None;
        }
        // The cents of `50.000,00`, which are one or two digits after the last separator, are ignored.
        let whole = match self.folded.rfind(['.', ',']) {
            Some(at) if self.folded.len() - at <= 3 => self.folded.get(..at).unwrap_or_default(),
            _ => &self.folded,
        };
        let digits: String = whole.chars().filter(char::is_ascii_digit).take(15).collect();
        digits.parse().ok()
    }

    /// Whether it is a day of a month: `12`, `1st`, `1er`, but not `25k`.
    pub(super) fn is_day_of_month(&self) -> bool {
        let ordinal = matches!(self.suffix(), "" | "st" | "nd" | "rd" | "th" | "er" | "e" | "o");
        ordinal && self.number().is_some_and(|day| (1..=31).contains(&day))
    }

    /// The letters after its digits: `k` in `50k`.
    pub(super) fn suffix(&self) -> &str {
        let letters = self.folded.find(char::is_alphabetic);
        letters.map_or("", |at| self.folded.get(at..).unwrap_or_default())
    }
}
