//! Healthy code, to be broken.

pub mod parse;
pub mod shapes;
pub mod store;
mod text;

#[cfg(feature = "extra")]
pub mod extra;

pub use text::{greet, initials};

/// How much a store may hold.
pub const LIMIT: usize = 16;

pub static NAMES: [&str; 3] = ["ädä", "bob", "eve"];

pub fn checked(values: &[u32]) -> Option<u32> {
    let mut sum = 0u32;
    for value in values {
        sum = sum.checked_add(*value)?;
    }
    Some(sum)
}

pub const fn doubled(n: usize) -> usize {
    n * 2
}

pub async fn later(n: u32) -> u32 {
    let next = async { n + 1 }.await;
    next * 2
}

pub fn first_or<'a>(values: &'a [String], other: &'a str) -> &'a str {
    match values.first() {
        Some(value) => value,
        None => other,
    }
}
