//! The waterfall as text.

use crate::waterfall::{Line, float};
use std::fmt::Write as _;

/// Columns of the first line's bar.
const WIDTH: f64 = 40.0;
/// What a score should cost at the most, in dollars.
const AIM: f64 = 0.01;

/// A line of the chart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Dollars for a score.
    pub each: f64,
    /// What this technique took off the line before, in percent of the first line.
    pub saved: f64,
    /// What is left of the first line, in percent.
    pub left: f64,
}

/// What each line saves. The savings and what is left at the end are 100 % together.
pub fn steps(lines: &[Line]) -> Vec<Step> {
    let first = lines.first().map_or(0.0, Line::dollars_each);
    let percent = |dollars: f64| if first == 0.0 { 0.0 } else { 100.0 * dollars / first };
    let mut before = first;
    let step = |line: &Line| {
        let each = line.dollars_each();
        let saved = percent(before - each);
        before = each;
        Step { each, saved, left: percent(each) }
    };
    lines.iter().map(step).collect()
}

/// The chart.
pub fn draw(lines: &[Line]) -> String {
    let steps = steps(lines);
    let mut text = format!(
        "{:<26} {:>9} {:>7} {:>7} {:>8} {:>8} {:>8} {:>7}\n",
        "", "$ a score", "saved %", "left %", "calls", "hits", "in, k", "out, k"
    );
    for (line, step) in lines.iter().zip(&steps) {
        let bar = "#".repeat(columns(step.left));
        let taken = ".".repeat(columns(step.left + step.saved).saturating_sub(columns(step.left)));
        let bill = &line.bill;
        let input = bill.input + bill.cache_read + bill.cache_write;
        let _ = writeln!(
            text,
            "{:<26} {:>9.5} {:>7.1} {:>7.1} {:>8} {:>8} {:>8.0} {:>7.0}  {bar}{taken}",
            line.what,
            step.each,
            step.saved,
            step.left,
            bill.calls,
            bill.hits,
            float(input) / 1e3,
            float(bill.output) / 1e3,
        );
    }
    let last = steps.last().map_or(0.0, |step| step.each);
    let met = if last <= AIM { "met" } else { "missed" };
    let _ = writeln!(text, "\naim: ${AIM} a score or less: {met}");
    text
}

fn columns(percent: f64) -> usize {
    let columns = (percent * WIDTH / 100.0).round().clamp(0.0, 2.0 * WIDTH);
    (0_u32..=80).find(|whole| f64::from(*whole) >= columns).map_or(0, |whole| whole as usize)
}
