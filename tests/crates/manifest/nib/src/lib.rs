//! Nibs.

pub fn width() -> u32 {
    2
}

#[cfg(feature = "steel")]
pub mod steel {
    pub fn width() -> u32 {
        1
    }
}
