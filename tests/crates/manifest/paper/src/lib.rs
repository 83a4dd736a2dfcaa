//! Paper of many kinds, each behind a feature.

pub struct Sheet;

pub fn sheets() -> u32 {
    100
}

pub async fn dry() -> u32 {
    sheets()
}

#[cfg(feature = "blank")]
impl Sheet {
    pub fn blank(&self) -> u32 {
        0
    }
}

#[cfg(feature = "lined")]
pub mod lined {
    pub fn lines() -> u32 {
        30
    }
}

#[cfg(feature = "folded")]
pub fn fold(sheets: u32) -> u32 {
    sheets / 2
}
