//! The gateway's modules use each other in one direction: a module uses only modules of a lower level,
//! and the three ways to answer (answer, stream, embed) don't use each other. Otherwise a change in one file could break any other.

/// The modules, the lowest first, each with its source and its level.
const MODULES: [(&str, &str, u32); 23] = [
    ("tally", include_str!("tally.rs"), 0),
    ("parts", include_str!("parts.rs"), 1),
    ("question", include_str!("question.rs"), 2),
    ("terms", include_str!("terms.rs"), 3),
    ("chained_fine_tunes", include_str!("chained_fine_tunes.rs"), 3),
    ("sides", include_str!("sides.rs"), 4),
    ("lookup", include_str!("lookup.rs"), 4),
    ("estimate", include_str!("estimate.rs"), 5),
    ("cached_answer", include_str!("cached_answer.rs"), 5),
    ("admission", include_str!("admission.rs"), 6),
    ("attempts", include_str!("attempts.rs"), 7),
    ("breakers", include_str!("breakers.rs"), 8),
    ("bill", include_str!("bill.rs"), 9),
    ("settlement", include_str!("settlement.rs"), 10),
    ("calls", include_str!("calls.rs"), 11),
    ("model_call", include_str!("model_call.rs"), 12),
    ("stream_event", include_str!("stream_event.rs"), 0),
    ("passing", include_str!("passing.rs"), 12),
    ("repair", include_str!("repair.rs"), 12),
    ("answer", include_str!("answer.rs"), 13),
    ("stream", include_str!("stream.rs"), 13),
    ("offline", include_str!("offline.rs"), 14),
    ("embed", include_str!("embed.rs"), 13),
];

/// Modules that the gateway uses and that must not use the gateway.
const BELOW: [(&str, &str); 16] = [
    ("abilities", include_str!("../abilities.rs")),
    ("ask", include_str!("../ask.rs")),
    ("bound", include_str!("../bound.rs")),
    ("cache_key", include_str!("../cache_key.rs")),
    ("chain", include_str!("../chain.rs")),
    ("fine_tuned", include_str!("../fine_tuned.rs")),
    ("history", include_str!("../history.rs")),
    ("mask", include_str!("../mask.rs")),
    ("personal", include_str!("../personal.rs")),
    ("price_book", include_str!("../price_book.rs")),
    ("registry", include_str!("../registry.rs")),
    ("seal", include_str!("../seal.rs")),
    ("split_step", include_str!("../split_step.rs")),
    ("split_subject", include_str!("../split_subject.rs")),
    ("structured", include_str!("../structured/mod.rs")),
    ("tool_calls", include_str!("../tool_calls.rs")),
];

/// The modules that a source names in `use super::` lines.
fn uses(source: &str) -> Vec<&str> {
    let code = source.split("#[cfg(test)]").next().unwrap_or_default();
    let paths = code.lines().filter_map(|line| line.trim().strip_prefix("use super::"));
    paths.map(|path| path.split([':', ';', '{', ' ']).next().unwrap_or_default()).collect()
}

#[test]
fn every_module_uses_only_modules_before_it() {
    let mut wrong = Vec::new();
    for (name, source, rank) in MODULES {
        for used in uses(source) {
            let below = MODULES.iter().any(|(other, _, lower)| *other == used && *lower < rank);
            if !below {
                wrong.push(format!("{name} uses {used}"));
            }
        }
        if source.contains("super::super::") || source.contains("crate::gateway") {
            wrong.push(format!("{name} goes around the list"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn every_module_is_listed() {
    let declared =
        include_str!("mod.rs").lines().filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'));
    let mut declared: Vec<&str> = declared.filter(|name| *name != "direction").collect();
    let mut listed: Vec<&str> = MODULES.iter().map(|(name, ..)| *name).collect();
    declared.sort_unstable();
    listed.sort_unstable();
    assert_eq!(declared, listed);
}

#[test]
fn what_the_gateway_is_made_of_does_not_know_it() {
    for (name, source) in BELOW {
        let code = source.split("#[cfg(test)]").next().unwrap_or_default();
        let knows = code.lines().any(|line| line.starts_with("use ") && line.contains("gateway"));
        assert!(!knows, "{name}");
    }
}

#[test]
fn a_use_line_is_read() {
    let source = "use super::attempts::NoAnswer;\nuse super::{a, b};\n    use super::bill;\n#[cfg(test)]\nuse super::x;";
    assert_eq!(uses(source), ["attempts", "", "bill"]);
}
