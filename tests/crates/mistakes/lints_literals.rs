use std::fmt;

pub const NAME: &str = "store";
pub const LIMIT: u32 = 1_000_000;
pub const MASK: u32 = 0xFF;

pub struct Store {
    sizes: Vec<u32>,
}

impl Store {
    pub fn add(&mut self, size: u32) {
        assert!(size < LIMIT, "too large");
        debug_assert!(self.sizes.is_empty());
        self.sizes.push(size & MASK);
    }
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("store")
    }
}

pub fn magic(bytes: &[u8]) -> bool {
    bytes.starts_with(b"OX")
}

pub fn label(name: &str) -> String {
    format!("<{name}>")
}
