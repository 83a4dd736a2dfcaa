//! A blotter.

use ink::Ink;

/// What a sheet takes up.
pub fn blot(ink: &Ink) -> Option<u8> {
    u8::try_from(ink.0 + nib::steel::width()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blots() {
        assert_eq!(blot(&Ink(3)), Some(4));
    }
}
