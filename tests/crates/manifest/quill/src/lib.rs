//! A quill, of the newest edition.

extern crate paper;

use ink::*;
use ink::{Colour, Wash};
use paper::lined;

/// What the build script wrote.
pub const SHEETS: &str = include_str!(concat!(env!("OUT_DIR"), "/sheets.txt"));

#[cfg(feature = "caps")]
pub mod caps {
    #[derive(Debug, Default)]
    pub struct Cap;
}

pub use caps::Cap;

pub fn blot() -> ink::Ink {
    drops!(3)
}

pub fn colour() -> Colour {
    Colour(ink::gold::shine() + ink::mix(&blot(), &blot()))
}

pub fn label() -> String {
    format!("{}", blot())
}

pub fn washed() -> Option<Wash> {
    if let Some(wash) = Some(Wash) && blot().dry() { Some(wash) } else { None }
}

pub fn width() -> u32 {
    nib::steel::width() + paper::sheets() + lined::lines()
}

pub async fn slowly() -> u32 {
    width()
}
