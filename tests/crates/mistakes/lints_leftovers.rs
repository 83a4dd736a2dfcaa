use std::fmt;

#[derive(Clone, Copy)]
pub enum Kind {
    Word,
    Space,
    Comma,
}

pub struct Counter {
    count: u32,
}

impl Counter {
    pub fn set(&mut self, count: u32) {
        self.count = count;
    }

    pub fn double(&mut self) {
        self.count = self.count.wrapping_mul(2);
    }

    pub fn bump(&mut self, by: u32) {
        self.count += by;
        self.count = self.count.min(99);
    }
}

impl fmt::Display for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("count ")?;
        write!(f, "{}", self.count)
    }
}

pub fn is_given(given: Option<u32>) -> bool {
    match given {
        Some(_) => true,
        None => false,
    }
}

pub fn first_even(values: &[u32]) -> u32 {
    for value in values {
        if value % 2 == 0 {
            return *value;
        }
    }
    let length = values.len();
    length as u32
}

pub fn weight(kind: Kind) -> u32 {
    match kind {
        Kind::Word => 4,
        Kind::Space | Kind::Comma => 1,
    }
}

pub fn digit(symbol: char) -> u32 {
    match symbol {
        'a' => 10,
        'b' => 11,
        _ => 0,
    }
}

pub fn start() -> u32 {
    let start = 1;
    start
}
