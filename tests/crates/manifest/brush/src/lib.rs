//! A brush that uses all that its workspace asks for.

use ink::*;
use ink::{Ink, Wash};
use nib::steel;

#[derive(Debug, Default)]
pub struct Brush {
    pub ink: Ink,
    pub wash: Wash,
}

impl Brush {
    pub fn paint(&self) -> u32 {
        ink::mix(&self.ink, &drops!(1)) + ink::gold::shine() + u32::from(self.ink.dry())
    }

    pub fn label(&self) -> String {
        format!("{}", self.ink)
    }

    pub fn fine(&self) -> Option<u8> {
        TryFrom::try_from(steel::width()).ok()
    }

    pub fn lines(&self) -> u32 {
        paper::fold(paper::lined::lines())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paints() {
        assert_eq!(Brush::default().paint(), 11);
        assert_eq!(Brush::default().fine(), Some(1));
        assert_eq!(Brush::default().lines(), 15);
    }
}
