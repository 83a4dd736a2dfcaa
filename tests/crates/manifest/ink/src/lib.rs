//! Ink of many kinds, each behind a feature.

#[derive(Debug, Default)]
pub struct Ink(pub u32);

#[cfg(feature = "colour")]
#[derive(Debug, Default)]
pub struct Colour(pub u32);

#[cfg(feature = "wash")]
#[derive(Debug, Default)]
pub struct Wash;

#[cfg(feature = "gold")]
pub mod gold {
    pub fn shine() -> u32 {
        9
    }
}

#[cfg(feature = "mix")]
pub fn mix(one: &Ink, other: &Ink) -> u32 {
    one.0 + other.0
}

#[cfg(feature = "dry")]
impl Ink {
    pub fn dry(&self) -> bool {
        self.0 == 0
    }
}

#[cfg(feature = "label")]
impl std::fmt::Display for Ink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ink {}", self.0)
    }
}

#[cfg(feature = "drops")]
#[macro_export]
macro_rules! drops {
    ($n:expr) => {
        $crate::Ink($n)
    };
}
