//! Paper.

pub fn sheets() -> u32 {
    100
}
