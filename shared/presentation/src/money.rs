//! Money on the wire.

/// 10^-9 US dollars as a decimal with all nine places: money is never a float.
pub fn dollars(nano_usd: u64) -> String {
    format!("{}.{:09}", nano_usd / 1_000_000_000, nano_usd % 1_000_000_000)
}

#[cfg(test)]
mod tests {
    #[test]
    fn money_keeps_every_place() {
        assert_eq!(super::dollars(8_130_000), "0.008130000");
        assert_eq!(super::dollars(12_000_000_001), "12.000000001");
    }
}
