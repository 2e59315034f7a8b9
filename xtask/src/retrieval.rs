//! `cargo xtask check-local-models`: a small retrieval check of the embedding model that `up` started, over the API, so
//! that functions, configuration, adapter and model are all part of it.

use crate::Outcome;
use crate::environment::{Environment, local};
use crate::error::Error;
use crate::main_job::{Client, Purpose, embed, nearness, text};
use crate::say::{detail, step};
use serde_json::json;
use std::fs;

/// Something that a rep may look for, in one language.
struct Sought {
    language: &'static str,
    question: &'static str,
    /// A note with the answer, in the same language.
    note: &'static str,
    /// The same question in English.
    in_english: &'static str,
}

/// The notes are about different subjects, so each question has one answer.
static SOUGHT: [Sought; 12] = [
    Sought {
        language: "English",
        question: "Who has an approved budget?",
        note: "The budget of 120k for this year is approved.",
        in_english: "Who has an approved budget?",
    },
    Sought {
        language: "German",
        question: "Wer ist mit dem Kundendienst unzufrieden?",
        note: "Der Kunde ist verärgert, weil der Kundendienst tagelang nicht antwortet.",
        in_english: "Who is unhappy with the customer service?",
    },
    Sought {
        language: "French",
        question: "Qui peut signer le contrat ?",
        note: "La directrice générale signe elle-même tous les contrats.",
        in_english: "Who can sign the contract?",
    },
    Sought {
        language: "Spanish",
        question: "¿Quién necesita más espacio de almacén?",
        note: "La empresa ya no tiene espacio en su almacén para guardar la mercancía.",
        in_english: "Who needs more warehouse space?",
    },
    Sought {
        language: "Portuguese",
        question: "Quem usa o produto de um concorrente?",
        note: "Hoje usam o produto de um concorrente, e o contrato termina em março.",
        in_english: "Who uses a competitor's product?",
    },
    Sought {
        language: "Italian",
        question: "Chi vuole una dimostrazione del software?",
        note: "Chiedono una dimostrazione del software la settimana prossima.",
        in_english: "Who wants a demonstration of the software?",
    },
    Sought {
        language: "Dutch",
        question: "Wie heeft een cursus nodig?",
        note: "Het team kent het nieuwe programma nog niet en wil een cursus volgen.",
        in_english: "Who needs a training course?",
    },
    Sought {
        language: "Polish",
        question: "Kto prosi o rabat?",
        note: "Klient prosi o rabat, bo płaci za dwa lata z góry.",
        in_english: "Who asks for a discount?",
    },
    Sought {
        language: "Japanese",
        question: "配送が遅れている会社はどこですか",
        note: "配送がいつも予定より遅れて、お客様から苦情が来ています。",
        in_english: "Which company has late deliveries?",
    },
    Sought {
        language: "Chinese",
        question: "谁担心数据安全？",
        note: "他们非常重视数据安全，要求所有客户资料必须加密保存。",
        in_english: "Who worries about data security?",
    },
    Sought {
        language: "Arabic",
        question: "من سينتقل إلى مكتب جديد؟",
        note: "ستنتقل الشركة إلى مكتب جديد في الصيف.",
        in_english: "Who is moving to a new office?",
    },
    Sought {
        language: "Hindi",
        question: "कौन नए देश में व्यापार शुरू कर रहा है?",
        note: "कंपनी अगले साल जर्मनी में अपना व्यापार शुरू करेगी।",
        in_english: "Who is starting business in a new country?",
    },
];

/// The fewest questions whose own note must be the nearest. By chance it is one of 12. The small model finds 12 in their
/// own language and 11 in English.
const FOUND_IN_OWN_LANGUAGE: usize = 11;
const FOUND_IN_ENGLISH: usize = 10;

/// Vectors of the same text for the two purposes are no nearer than this, or the purpose did not reach the model.
const SAME_TEXT: f64 = 0.99;

/// A text of a sought note.
type Part = fn(&Sought) -> &'static str;

/// Checks the embedding model of the running deployment.
pub(crate) fn check_local_models() -> Outcome {
    let path = local().join("environment.json");
    let not_running =
        || Error::Content("nothing is running; `make up` starts it, with the models that come along".into());
    let written = fs::read_to_string(&path).map_err(|_| not_running())?;
    let environment: Environment = serde_json::from_str(&written)
        .map_err(|error| Error::Content(format!("{}: {error}", path.display())))?;
    let mut client = Client::new(&environment.api_url);
    let credentials = json!({"email": environment.email, "password": environment.password});
    let login = client.call("POST", "/v1/auth/login", Some(&credentials), 200)?;
    client.sign_in(text(&login, "access_token"));
    let notes = step("embedding the notes", || vectors(&client, |sought| sought.note, Purpose::Document))?;
    let own: Part = |sought| sought.question;
    let english: Part = |sought| sought.in_english;
    let searches = [
        ("questions in their own language", own, FOUND_IN_OWN_LANGUAGE),
        ("the same questions in English", english, FOUND_IN_ENGLISH),
    ];
    for (what, question, least) in searches {
        step(what, || {
            let questions = vectors(&client, question, Purpose::Query)?;
            let found = found(&questions, &notes);
            detail(format!("{found} of {} notes found", notes.len()));
            at_least(found, least)
        })?;
    }
    step("the purpose of texts", || {
        let as_query = vectors(&client, |sought| sought.note, Purpose::Query)?;
        purposes_differ(&notes, &as_query)
    })
}

fn vectors(
    client: &Client,
    which: fn(&Sought) -> &'static str,
    purpose: Purpose,
) -> Result<Vec<Vec<f64>>, Error> {
    let texts: Vec<&str> = SOUGHT.iter().map(which).collect();
    Ok(embed(client, &texts, purpose)?.0)
}

/// The number of questions whose own note is the nearest.
fn found(questions: &[Vec<f64>], notes: &[Vec<f64>]) -> usize {
    let nearest = |question: &Vec<f64>| {
        let nearness = notes.iter().map(|note| nearness(question, note)).enumerate();
        nearness.max_by(|one, other| one.1.total_cmp(&other.1)).map(|(at, _)| at)
    };
    let asked = questions.iter().enumerate().zip(&SOUGHT);
    let right = asked.filter(|((at, question), sought)| {
        let right = nearest(question) == Some(*at);
        if !right {
            detail(format!("{}: another note is nearer", sought.language));
        }
        right
    });
    right.count()
}

fn at_least(found: usize, least: usize) -> Outcome {
    if found >= least {
        return Ok(());
    }
    let problem = format!("{found} notes were found; at least {least} must be");
    Err(Error::Answer { what: "the search".into(), problem })
}

fn purposes_differ(as_document: &[Vec<f64>], as_query: &[Vec<f64>]) -> Outcome {
    let nearest = as_document.iter().zip(as_query).map(|(one, other)| nearness(one, other));
    let nearest = nearest.fold(f64::NEG_INFINITY, f64::max);
    detail(format!("a note as a document and as a query: at most {nearest:.3} near"));
    if as_query.is_empty() || nearest > SAME_TEXT {
        let problem = "the model does not tell documents and queries apart".into();
        return Err(Error::Answer { what: "the purpose of texts".into(), problem });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A vector for each note, along an axis of its own.
    fn axes() -> Vec<Vec<f64>> {
        let axis = |at: usize| (0..SOUGHT.len()).map(|other| f64::from(u8::from(other == at))).collect();
        (0..SOUGHT.len()).map(axis).collect()
    }

    #[test]
    fn notes_are_found_by_their_own_questions_only() {
        let notes = axes();
        assert_eq!(found(&notes, &notes), 12);
        let mut shifted = notes.clone();
        shifted.rotate_left(1);
        assert_eq!(found(&shifted, &notes), 0);
        assert!(at_least(11, 11).is_ok() && at_least(10, 11).is_err());
    }

    #[test]
    fn a_model_that_is_not_told_the_purpose_fails() {
        let notes = axes();
        assert!(purposes_differ(&notes, &notes).is_err());
        assert!(purposes_differ(&notes, &[]).is_err());
        let slanted: Vec<Vec<f64>> =
            notes.iter().map(|note| note.iter().map(|x| x * 0.9).collect()).collect();
        assert!(purposes_differ(&notes, &slanted).is_ok());
    }
}
