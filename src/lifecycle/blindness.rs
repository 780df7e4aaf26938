//! Whether so much fell silent at once that the scanner itself may be cut off.

/// Fewer than this many may fall silent on any day.
pub const CUT_OFF_FEWEST: u64 = 10;

/// Whether the scanner may be cut off: at least ten, and at least 30 % of what answered before, are `lost`.
pub fn is_cut_off(lost: u64, answered_before: u64) -> bool {
    lost >= CUT_OFF_FEWEST && lost.saturating_mul(10) >= answered_before.saturating_mul(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_and_thirty_per_cent_are_too_many() {
        for (lost, answered_before, expected) in [
            (0, 0, false),
            (9, 9, false),
            (10, 10, true),
            (10, 33, true),
            (10, 34, false),
            (3_000, 10_000, true),
            (2_999, 10_000, false),
            (60_000, 60_000, true),
            (u64::MAX, u64::MAX, true),
        ] {
            assert_eq!(is_cut_off(lost, answered_before), expected, "{lost} of {answered_before}");
        }
    }
}
