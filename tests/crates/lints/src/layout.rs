//! Two places that rustfmt would lay out otherwise, and one that it would not.

/// Laid out by hand.
#[must_use]
pub fn  spaced(n: i32) -> i32 { n }

/// In good order.
#[must_use]
pub fn ordered(n: i32) -> i32 {
    n
}

/// Laid out by hand, too.
#[must_use]
pub fn crammed(a:i32,b:i32) -> i32 {
    a+b
}
