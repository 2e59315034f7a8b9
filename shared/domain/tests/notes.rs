//! The kinds of sentences that the rules for notes once misread, with a few examples of each kind.

use crate::rules::claimed;

/// What the rules claim of a sentence in one dimension.
fn signs(letter: char, notes: &str) -> Vec<char> {
    claimed(notes).into_iter().filter(|claim| claim.0 == letter).map(|claim| claim.1).collect()
}

#[test]
fn what_denies_a_budget_is_no_budget() {
    for notes in [
        "Kein Budget",
        "Pas de budget",
        "Budget: none",
        "Budget 0 EUR",
        "Zero budget",
        "Their budget was cut",
    ] {
        assert_eq!(signs('B', notes), ['-'], "{notes}");
    }
}

#[test]
fn an_idiom_with_a_negation_denies_nothing() {
    assert_eq!(signs('B', "no doubt the budget is approved"), ['+']);
    assert_eq!(signs('T', "They decide no later than this month"), ['+']);
    assert_eq!(signs('T', "no later than this month"), ['+']);
}

#[test]
fn a_purchase_that_waits_for_next_year_is_not_soon() {
    for notes in
        ["They won't buy until next year", "won't buy until next year", "They will not decide this year"]
    {
        assert_eq!(signs('T', notes), ['-'], "{notes}");
    }
    assert_eq!(claimed("No funding this year"), [('B', '-')]);
}

#[test]
fn who_speaks_of_a_chief_does_not_decide() {
    for notes in ["needs the CFO's approval", "She needs the CFO's approval"] {
        assert_eq!(signs('A', notes), ['-'], "{notes}");
    }
    for notes in ["reports to the CFO", "the CEO's assistant asked", "the CEO left"] {
        assert_eq!(signs('A', notes), [] as [char; 0], "{notes}");
    }
}

#[test]
fn who_cannot_act_without_a_consent_does_not_decide() {
    for notes in [
        "Without her boss's approval nothing moves",
        "Ohne Freigabe vom Chef geht nichts",
        "Sans l'aval de sa direction, rien ne bouge",
        "Sin el ok de gerencia no avanza",
        "Senza il via libera del capo non si muove",
        "Zonder akkoord van de baas gebeurt er niets",
        "Sem o ok do chefe não anda",
    ] {
        assert_eq!(signs('A', notes), ['-'], "{notes}");
    }
    assert_eq!(signs('A', "She decides without asking anybody"), ['+']);
}

#[test]
fn a_deadline_for_what_they_need_is_about_the_time() {
    for notes in [
        "they need it by Friday",
        "Sie brauchen es bis Freitag",
        "Lo necesitan para mayo",
        "Gli serve entro il 15 maggio",
    ] {
        assert_eq!(claimed(notes), [('T', '+')], "{notes}");
    }
    assert_eq!(signs('N', "They need a CRM by Friday"), ['+']);
}

#[test]
fn who_knows_a_chief_is_none_and_who_heads_a_department_is() {
    for notes in ["She knows the CEO well", "Sie kennt den Geschäftsführer gut", "Elle connaît bien le PDG"]
    {
        assert_eq!(claimed(notes), [], "{notes}");
    }
    assert_eq!(claimed("Our contact heads the logistics department"), [('A', '+')]);
}

#[test]
fn what_they_will_speak_of_again_is_late_and_an_appointment_is_not() {
    for notes in ["They will look at it again next year", "Se ne riparla dopo l'estate"] {
        assert_eq!(claimed(notes), [('T', '-')], "{notes}");
    }
    assert_eq!(claimed("They come back to us next week"), []);
}

#[test]
fn what_we_send_them_is_no_plan_of_theirs() {
    for notes in [
        "We send the contract on Monday",
        "Wir schicken nächste Woche ein Angebot",
        "Nous envoyons un devis lundi",
        "Le mando el contrato el lunes",
        "Mando l'offerta lunedì",
        "Ik stuur maandag een offerte",
        "Mando a proposta na segunda",
    ] {
        assert_eq!(claimed(notes), [], "{notes}");
    }
}

#[test]
fn a_language_without_a_lexicon_claims_nothing() {
    for notes in [
        "Budgeten är inte godkänd och chefen beslutar nästa år",
        "Budżet nie jest zatwierdzony, decyzję podejmie zarząd",
        "Budget OK, beslutning i december",
        "予算は承認されていません",
        "Бюджет утверждён, решает директор",
    ] {
        assert_eq!(claimed(notes), [], "{notes}");
    }
}

#[test]
fn a_short_question_is_read_with_its_answer() {
    for notes in ["budget? ha", "Budget? keins", "Presupuesto? jaja, ni un euro", "Orçamento? Nem pensar"] {
        assert_eq!(signs('B', notes), ['-'], "{notes}");
    }
    assert_eq!(claimed("Budget? 50k"), [('B', '+')]);
    assert_eq!(claimed("interested? call on Friday"), []);
    assert_eq!(claimed("Timeline: none"), [('T', '-')]);
}

#[test]
fn the_last_word_of_a_sentence_counts() {
    for notes in [
        "go-live Q3, slipped to next FY",
        "Start im März geplant, jetzt aufs nächste Jahr verschoben",
        "Le projet démarre en mars, finalement reporté",
    ] {
        assert_eq!(claimed(notes), [('T', '-')], "{notes}");
    }
}

#[test]
fn an_amount_of_zero_is_no_budget() {
    for notes in [
        "they've budgeted 0 for this",
        "0 € eingeplant",
        "0 € presupuestados",
        "0 euro begroot",
        "no $$$ now",
    ] {
        assert_eq!(signs('B', notes), ['-'], "{notes}");
    }
}

#[test]
fn an_expense_is_granted_or_refused() {
    for notes in [
        "The board declined the spend",
        "funding denied",
        "La direction a refusé la dépense",
        "El comité rechazó el gasto",
        "De commissie heeft de uitgave afgewezen",
    ] {
        assert_eq!(signs('B', notes), ['-'], "{notes}");
    }
    assert_eq!(signs('B', "La direction a donné son feu vert pour la dépense"), ['+']);
}

#[test]
fn where_somebody_else_decides_the_contact_does_not() {
    for notes in [
        "DM = CFO (not on call)",
        "Entscheider ist der CFO",
        "Décideur = DAF",
        "El que decide es el CFO",
        "Decisore = CFO",
        "Beslisser = CFO",
        "She recommends, the CTO decides",
        "non decide",
    ] {
        assert_eq!(signs('A', notes), ['-'], "{notes}");
    }
    assert_eq!(signs('A', "Spoke w/ COO, she calls the shots"), ['+']);
}

#[test]
fn what_is_said_of_others_is_not_said_of_them() {
    for notes in [
        "The plant in Lyon needs a CRM, not them",
        "Das Werk in Ulm sucht ein Tool, sie selbst nicht",
        "The competitor has money and wants to start in May",
        "Der neue CEO fängt im Mai an",
        "Demo next Tuesday",
    ] {
        assert_eq!(claimed(notes), [], "{notes}");
    }
    assert_eq!(claimed("The competitor has money, but they want to start in May"), [('T', '+')]);
}

#[test]
fn a_misspelt_word_is_read_and_a_name_is_not_corrected() {
    assert_eq!(claimed("budget aproved"), [('B', '+')]);
    assert_eq!(claimed("Amministratore delegato di Contoso"), [('A', '+')]);
    assert_eq!(claimed("Nos reunimos la semana pasada"), []);
}

#[test]
fn an_abbreviation_of_six_letters_does_not_end_a_sentence() {
    assert_eq!(signs('B', "First call. Their approved budget is approx. 0 EUR."), ['-']);
}
