//! The answer to a body that can't be read as JSON.

use crate::Problem;

/// A 400 with the position at which reading stopped. `pointer` is the member that was being read.
pub(super) fn not_json(error: &serde_json::Error, pointer: &str) -> Problem {
    let (line, column) = (error.line(), error.column());
    if is_unpaired_surrogate(error) {
        let message = format!(
            "must not contain an unpaired surrogate (line {line}, column {column}): characters beyond U+FFFF are escaped by \
             two, such as \\ud83d\\ude80"
        );
        return Problem::field(pointer, "format", message);
    }
    Problem::invalid_request(format!("The body is not JSON: line {line}, column {column}."))
}

/// Whether reading stopped at a surrogate without its other half. serde_json has its errors as text only; the second
/// text is for a first half that is followed by something else.
fn is_unpaired_surrogate(error: &serde_json::Error) -> bool {
    let text = error.to_string();
    ["lone leading surrogate in hex escape", "unexpected end of hex escape"]
        .iter()
        .any(|beginning| text.starts_with(beginning))
}
