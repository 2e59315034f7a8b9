//! The claims of notes about budget, authority, need and timeline. A claim is made only if the words support it. Notes
//! are read sentence by sentence. The words of a sentence determine its language, the lexicon of the language
//! determines the role of each word, and the rules of the four dimensions look at one clause at a time. A sentence in
//! another language, a question and a supposition make no claim.

mod authority;
mod budget;
mod class;
mod clause;
mod language;
mod lexicon;
mod marker;
mod need;
mod spelling;
mod timeline;
mod title;
mod token;
mod word_hash;

use super::lead_score::Dimension;
use class::Class;
use clause::Clause;
use language::{Languages, Votes};
use lexicon::Tag;
use token::{Kind, Token};

/// The most tokens of a sentence. A longer one is read in parts.
const LONGEST_SENTENCE: usize = 400;

/// The claim of a clause about a dimension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Claim<'a> {
    /// The dimension of the claim.
    pub(super) dimension: Dimension,
    /// How far the claim moves the score of its dimension, -100 to 100.
    pub(super) impact: i8,
    /// The reason of the claim.
    pub(super) reason: &'static str,
    /// The text of the clause.
    pub(super) quote: &'a str,
}

/// How far a clause moves the score of a dimension, and the reason.
type Verdict = Option<(i8, &'static str)>;

/// Reads notes. Claims are in the order of the text; the same reason may appear several times.
pub(super) fn claims(notes: &str) -> Vec<Claim<'_>> {
    let languages = Languages::get();
    let tokens = token::tokens(notes);
    let (whole, _) = languages.votes(&tokens);
    let mut claims = Vec::new();
    let mut from = 0;
    while from < tokens.len() {
        let rest = tokens.get(from..).unwrap_or_default();
        let stop = rest
            .iter()
            .take(LONGEST_SENTENCE)
            .position(|token| matches!(token.kind, Kind::Stop | Kind::Question));
        let length = stop.unwrap_or(rest.len().min(LONGEST_SENTENCE));
        let sentence = rest.get(..length).unwrap_or_default();
        let asks = stop.and_then(|at| rest.get(at)).is_some_and(|token| token.kind == Kind::Question);
        if !asks && !sentence.is_empty() {
            read_sentence(notes, languages, sentence, &whole, &mut claims);
        }
        from += length + usize::from(stop.is_some());
    }
    claims
}

fn read_sentence<'a>(
    notes: &'a str,
    languages: &Languages,
    sentence: &[Token],
    whole: &Votes,
    claims: &mut Vec<Claim<'a>>,
) {
    let Some((language, lexicon)) = languages.lexicon(sentence, whole) else { return };
    let sentence = &*spelling::corrected(sentence, languages, lexicon);
    let tags = lexicon.tags(sentence);
    if let Some(mark) = sentence.iter().position(|token| token.kind == Kind::Answer)
        && !is_label(&tags, mark)
    {
        let answer = sentence.get(mark + 1..).unwrap_or_default();
        return read_sentence(notes, languages, answer, whole, claims);
    }
    if tags.iter().any(|tag| matches!(tag.class, Class::Condition | Class::Others)) {
        return;
    }
    let earlier = claims.len();
    let mut elsewhere = false;
    let mut previous: Option<Clause<'_>> = None;
    for (first, after) in clause::clauses(sentence, &tags) {
        let begin = tags.partition_point(|tag| tag.first < first);
        let end = tags.partition_point(|tag| tag.first < after);
        let clause = Clause {
            sentence,
            first,
            after,
            tags: tags.get(begin..end).unwrap_or_default(),
            concord: language.has_negative_concord(),
            lexicon,
        };
        // `The competitor has money and wants to start`: a clause without a subject has that of the clause before.
        let joined = tags.iter().any(|tag| tag.class == Class::And && tag.after == first);
        elsewhere = clause.has(Class::Elsewhere)
            || (elsewhere && joined && !clause.has_any(&[Class::They, Class::Contact]));
        if !elsewhere && !clause.has(Class::Unsure) {
            let quote = quote(notes, clause.tokens());
            let verdicts = [
                (Dimension::Budget, budget::verdict(&clause)),
                (Dimension::Authority, authority::verdict(&clause, previous.as_ref())),
                (Dimension::Need, need::verdict(&clause)),
                (Dimension::Timeline, timeline::verdict(&clause, previous.as_ref())),
            ];
            let depends = clause.has(Class::Depends);
            let said = verdicts
                .into_iter()
                .filter(|(dimension, _)| !depends || *dimension == Dimension::Authority)
                .filter_map(|(dimension, verdict)| {
                    verdict.map(|(impact, reason)| Claim { dimension, impact, reason, quote })
                });
            claims.extend(said);
        }
        previous = Some(clause);
    }
    keep_last_word(claims, earlier);
}

/// Whether a short question names what its answer is about, as in `budget? 50k`, or has a yes or a no for an answer.
/// Another question, as in `interested? call on Friday`, says nothing about its answer.
fn is_label(tags: &[Tag], mark: usize) -> bool {
    tags.iter().any(|tag| match tag.class {
        Class::Money | Class::Decider | Class::Power => tag.after <= mark,
        Class::Affirmed | Class::Nothing | Class::Not => tag.first == mark + 1,
        _ => false,
    })
}

/// Of the claims from `earlier` on, which are those of one sentence, keeps those that its last claim about the dimension
/// does not contradict: `go-live in March, slipped to next year`.
fn keep_last_word(claims: &mut Vec<Claim<'_>>, earlier: usize) {
    let said = claims.split_off(earlier);
    for (at, claim) in said.iter().enumerate() {
        let later = said.iter().skip(at + 1).rfind(|later| later.dimension == claim.dimension);
        if later.is_none_or(|later| later.impact.signum() == claim.impact.signum()) {
            claims.push(*claim);
        }
    }
}

/// The text from the first to the last token of a clause.
fn quote<'a>(notes: &'a str, tokens: &[Token]) -> &'a str {
    let start = tokens.first().map_or(0, |token| token.start);
    let end = tokens.last().map_or(start, |token| token.end);
    notes.get(start..end).unwrap_or_default()
}
