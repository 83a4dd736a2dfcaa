//! A pen that uses all that its manifest asks for.

extern crate paper;

use ink::{Ink, Wash};

#[cfg(feature = "cap")]
pub mod cap {
    #[derive(Debug, Default)]
    pub struct Cap;
}

#[cfg(feature = "clip")]
pub mod clip {
    pub fn hold() -> u32 {
        1
    }
}

#[cfg(feature = "click")]
fn click() -> u32 {
    2
}

#[cfg(pressed)]
fn pressed() -> u32 {
    3
}

#[derive(Debug, Default)]
pub struct Pen {
    pub cap: crate::cap::Cap,
    pub ink: Ink,
    pub wash: Wash,
}

#[cfg(feature = "roll")]
impl Pen {
    fn roll(&self) -> u32 {
        self.ink.0
    }
}

impl Pen {
    pub fn write(&self) -> u32 {
        self.roll() + click() + pressed() + crate::clip::hold() + nib::steel::width()
    }

    pub fn thin(&self) -> Option<u8> {
        TryFrom::try_from(self.write()).ok()
    }

    pub async fn slowly(&self) -> u32 {
        self.write()
    }

    pub fn colour(&self) -> u32 {
        ink::mix(&self.ink, &self.ink) + ink::gold::shine() + u32::from(self.ink.dry())
    }

    pub fn sheets(&self) -> u32 {
        paper::sheets() + paper::Sheet.blank()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes() {
        assert_eq!(Pen::default().write(), 7);
        assert_eq!(Pen::default().colour(), 10);
    }
}
