//! The conditions that `If-Match` and `If-None-Match` set for the entity that a request writes.

use crate::support::{answer, body, post, problem, with_header};
use application_core::Precondition;
use application_core::precondition::Versions;
use edge::{Problem, Response};
use serde_json::{Value, json};

fn done(_: impl Sized) -> Result<Response, Problem> {
    Ok(Response::no_content())
}

/// The precondition of a request with these headers: the required versions, then the excluded ones; `*` means all.
async fn precondition(headers: &[(&str, &str)]) -> Value {
    let event = headers.iter().fold(post("{}"), |event, (name, value)| with_header(event, name, value));
    answer(event, |request| {
        let Precondition { required, excluded } = request.precondition()?;
        let versions = |versions: Option<Versions>| match versions {
            None => Value::Null,
            Some(Versions::Any) => json!("*"),
            Some(Versions::Listed(versions)) => json!(versions),
        };
        Response::json(200, &[versions(required), versions(excluded)])
    })
    .await
}

#[tokio::test]
async fn reads_preconditions_into_versions() {
    assert_eq!(body(&precondition(&[]).await), json!([null, null]));
    // The header, its meaning in If-Match, and its meaning in If-None-Match: a weak tag equals nothing in the first and
    // counts in the second (RFC 9110, section 8.8.3.2).
    let cases = [
        (r#""7""#, json!([7]), json!([7])),
        (r#" "7" "#, json!([7]), json!([7])),
        ("*", json!("*"), json!("*")),
        (" * ", json!("*"), json!("*")),
        (r#""7", "8""#, json!([7, 8]), json!([7, 8])),
        (r#""7","8" ,"9""#, json!([7, 8, 9]), json!([7, 8, 9])),
        (r#"W/"9", "7""#, json!([7]), json!([9, 7])),
        (r#", "7",, "#, json!([7]), json!([7])),
        (r#""abc", "7""#, json!([7]), json!([7])),
        // A tag may contain a comma.
        (r#""7,8", "9""#, json!([9]), json!([9])),
        (r#"W/"7""#, json!([]), json!([7])),
        (r#""abc""#, json!([]), json!([])),
        (r#""07""#, json!([]), json!([])),
        (r#""""#, json!([]), json!([])),
        (r#""-7""#, json!([]), json!([])),
        (r#""+7""#, json!([]), json!([])),
        (r#""*""#, json!([]), json!([])),
        (r#""99999999999999999999999""#, json!([]), json!([])),
        (",", json!([]), json!([])),
    ];
    for (header, required, excluded) in cases {
        let read = body(&precondition(&[("If-Match", header)]).await);
        assert_eq!(read, json!([required, null]), "{header}");
        let read = body(&precondition(&[("If-None-Match", header)]).await);
        assert_eq!(read, json!([null, excluded]), "{header}");
    }
    let both = precondition(&[("If-Match", "*"), ("If-None-Match", r#""3""#)]).await;
    assert_eq!(body(&both), json!(["*", [3]]));
}

#[tokio::test]
async fn refuses_malformed_preconditions_by_name() {
    let malformed = [
        "",
        "7",
        r#""7"#,
        r#"7""#,
        "'7'",
        r#""7" "8""#,
        r#"*, "7""#,
        r#""7", *"#,
        "W/7",
        r#"w/"7""#,
        r#""a b""#,
    ];
    for header in malformed {
        for name in ["If-Match", "If-None-Match"] {
            let refused = precondition(&[(name, header)]).await;
            assert_eq!(problem(&refused), (400, "invalid_request".to_owned()), "{header}");
            assert_eq!(body(&refused)["errors"][0]["field"], name, "{header}");
        }
    }
    let both = body(&precondition(&[("If-Match", "7"), ("If-None-Match", "7")]).await);
    assert_eq!(
        (&both["errors"][0]["field"], &both["errors"][1]["field"]),
        (&json!("If-Match"), &json!("If-None-Match"))
    );
}

#[tokio::test]
async fn a_replacement_says_what_it_replaces() {
    let replace = async |header: Option<&str>| {
        let event = header.map_or_else(|| post("{}"), |header| with_header(post("{}"), "If-Match", header));
        answer(event, |request| done(request.replacement_precondition().map(drop)?)).await
    };
    assert_eq!(problem(&replace(None).await), (428, "precondition_required".to_owned()));
    for header in ["*", r#""7""#, r#"W/"7""#] {
        assert_eq!(replace(Some(header)).await["statusCode"], 204, "{header}");
    }
    let only_excluded = with_header(post("{}"), "If-None-Match", r#""7""#);
    let refused = answer(only_excluded, |request| done(request.replacement_precondition().map(drop)?)).await;
    assert_eq!(problem(&refused), (428, "precondition_required".to_owned()));
}
