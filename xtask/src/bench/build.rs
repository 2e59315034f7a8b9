//! Build.
use crate::Outcome;
pub(crate) fn measure(_function: &str) -> Outcome {
    Ok(())
}
