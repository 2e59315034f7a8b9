//! Accounts and members.

use crate::support::{START, id};
use domain::field::{FieldChecks, InvalidFields};
use domain::id::{AccountId, OrganizationId};
use domain::identity::{
    Account, AccountEvent, RegisterAccount, check_password, prepared_password, register_account,
};
use domain::tenancy::{AddMember, Member, MemberEvent, MemberPerson, Role, add_member};
use testkit::{given, given_nothing};

fn register(email: &str, name: &str) -> Result<AccountEvent, InvalidFields> {
    register_account(RegisterAccount {
        id: id(1),
        organization_id: id(2),
        email,
        name,
        password_hash: "$argon2id$".to_owned(),
    })
}

#[test]
fn registering_makes_an_account() {
    let expected = register("ada@northwind.example", "Ada Byron").unwrap();
    let account = given_nothing::<Account>()
        .when(|_| register(" ADA@Northwind.example ", " Ada Byron "))
        .then([expected])
        .unwrap();
    let (account_id, organization_id): (AccountId, OrganizationId) = (id(1), id(2));
    assert_eq!(
        (account.id, account.organization_id, account.created_at),
        (account_id, organization_id, START)
    );
    let person = account.person.unwrap();
    assert_eq!((person.email.as_str(), person.name.as_str()), ("ada@northwind.example", "Ada Byron"));
}

#[test]
fn every_wrong_field_of_a_registration_is_named() {
    let refused = given_nothing::<Account>().when(|_| register("ada", "\n")).then_refused();
    let fields: Vec<&str> = refused.0.iter().map(|error| error.field.as_str()).collect();
    assert_eq!(fields, ["email", "name"]);
}

#[test]
fn registering_again_changes_nobody() {
    let (first, second) =
        (register("ada@a.example", "Ada").unwrap(), register("eve@e.example", "Eve").unwrap());
    let account = given::<Account>([first]).when(|_| second.clone()).then([second.clone()]).unwrap();
    assert_eq!(account.person.unwrap().name, "Ada");
}

#[test]
fn no_debug_output_shows_a_person() {
    let account = format!("{:?}", register("ada@northwind.example", "Ada Byron").unwrap());
    for personal in ["ada", "Ada", "argon2"] {
        assert!(!account.contains(personal), "{account}");
    }
}

fn judged(password: &str) -> Vec<&'static str> {
    let mut check = FieldChecks::default();
    check_password(&mut check, password, "ada@northwind.example");
    match check.finish(()) {
        Ok(()) => Vec::new(),
        Err(InvalidFields(errors)) => errors.into_iter().map(|error| error.code).collect(),
    }
}

#[test]
fn passwords_have_10_to_128_characters() {
    for good in [
        "correct horse",
        "0123456780 x",
        "ünïcödé-päss",
        "          x",
        &"ab".repeat(64),
        "pass\u{1f511}word\u{2003}1",
    ] {
        assert_eq!(judged(good), Vec::<&str>::new(), "{good:?}");
    }
    assert_eq!(judged("123456789"), ["too_short"]);
    assert_eq!(judged(""), ["too_short"]);
    assert_eq!(judged(&format!("{}x", "ab".repeat(64))), ["too_long"]);
    // Characters count, not bytes.
    assert_eq!(judged("üüüüüüüüx"), ["too_short"]);
}

#[test]
fn a_password_has_one_form_however_it_was_typed() {
    let composed = "p\u{e4}ssw\u{f6}rter 1";
    for same in [
        composed,
        "pa\u{308}sswo\u{308}rter 1",
        "p\u{e4}ssw\u{f6}rter\u{a0}1",
        "p\u{e4}ssw\u{f6}rter\u{3000}1",
    ] {
        assert_eq!(prepared_password(same).as_deref(), Some(composed), "{same:?}");
    }
    // Neither case nor width is changed.
    assert_eq!(prepared_password("\u{ff21}Bc").as_deref(), Some("\u{ff21}Bc"));
    // Characters are counted in the prepared form.
    assert_eq!(judged(&"u\u{308}".repeat(9)), ["too_short"]);
}

#[test]
fn a_password_has_nothing_that_no_keyboard_writes() {
    for refused in ["a\0b\nc\td efg", "correct\u{200b}horse", "correct\u{202e}horse", "correct\u{2060}horse"]
    {
        assert_eq!(judged(refused), ["format"], "{refused:?}");
    }
}

#[test]
fn a_password_is_not_the_address_and_not_one_character() {
    assert_eq!(judged("ADA@northwind.example"), ["format"]);
    assert_eq!(judged("aaaaaaaaaaaa"), ["format"]);
    assert_eq!(judged("ääääääääääää"), ["format"]);
}

#[test]
fn a_password_is_not_one_of_the_most_common() {
    for common in ["1234567890", "qwertyuiop", "QwertyUiop", "password123"] {
        assert_eq!(judged(common), ["too_common"], "{common}");
    }
    for rare in ["1234567890x", "qwertyuiop correct"] {
        assert_eq!(judged(rare), Vec::<&str>::new(), "{rare}");
    }
}

fn added(role: Role) -> MemberEvent {
    add_member(AddMember {
        account_id: id(1),
        role,
        account_organization_id: None,
        person: MemberPerson { email: "ada@northwind.example".to_owned(), name: "Ada".to_owned() },
    })
}

#[test]
fn a_member_has_a_role_from_the_day_it_was_added() {
    for role in Role::ALL {
        let added = || added(role);
        let member = given_nothing::<Member>().when(|_| added()).then([added()]).unwrap();
        assert_eq!((member.role, member.created_at), (role, START));
        assert_eq!(role.as_str().parse::<Role>().unwrap(), role);
    }
    for unknown in ["", "Admin", "root", "sales rep"] {
        assert!(unknown.parse::<Role>().is_err(), "{unknown}");
    }
}

#[test]
fn adding_a_member_again_does_not_raise_it() {
    let (rep, admin) = (added(Role::SalesRep), added(Role::Admin));
    let member = given::<Member>([rep]).when(|_| admin.clone()).then([admin.clone()]).unwrap();
    assert_eq!(member.role, Role::SalesRep);
}

#[test]
fn a_text_too_long_for_a_password_is_refused_without_looking_at_its_characters() {
    // The rules for Arabic-Indic digits read the whole text for each of them: at this length they took ten seconds.
    let text = "\u{660}".repeat(125_000);
    assert_eq!(prepared_password(&text), None);
    let mut check = FieldChecks::default();
    check_password(&mut check, &text, "ada@a.example");
    assert_eq!(check.finish(()).unwrap_err().0[0].code, "too_long");
}
