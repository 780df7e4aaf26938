//! Arithmetic of 64-bit words: what Rust has no checked and silent form for.

/// The lower 64 bits.
#[expect(clippy::cast_possible_truncation, reason = "the lower half is what is wanted")]
pub(super) const fn low(wide: u128) -> u64 {
    wide as u64
}

/// The upper 64 bits.
pub(super) const fn high(wide: u128) -> u64 {
    (wide >> 64) as u64
}

/// The whole product.
pub(super) const fn wide_product(a: u64, b: u64) -> u128 {
    (a as u128) * (b as u128)
}

/// The upper half of the product.
pub(super) const fn high_product(a: u64, b: u64) -> u64 {
    high(wide_product(a, b))
}

/// `a + b + carry`, and the carry out.
pub(super) const fn add_carry(a: u64, b: u64, carry: bool) -> (u64, bool) {
    let (sum, over) = a.overflowing_add(b);
    let (sum, over_again) = sum.overflowing_add(carry as u64);
    (sum, over | over_again)
}

/// `a - b - borrow`, and the borrow out.
pub(super) const fn sub_borrow(a: u64, b: u64, borrow: bool) -> (u64, bool) {
    let (difference, under) = a.overflowing_sub(b);
    let (difference, under_again) = difference.overflowing_sub(borrow as u64);
    (difference, under | under_again)
}
