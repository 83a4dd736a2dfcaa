#[derive(Clone, Copy, PartialEq)]
pub struct Range {
    pub start: usize,
    pub end: usize,
}

impl Range {
    pub fn new(start: usize, end: usize) -> Range {
        Range { start, end }
    }

    pub fn is_same(&self, other: &Range) -> bool {
        self.start == other.start
    }

    pub fn grow(&mut self, by: usize) {
        self.end += by;
    }
}

fn double(value: u32) -> u32 {
    value * 2
}

pub fn doubled(values: &[u32]) -> Vec<u32> {
    values.iter().copied().map(double).collect()
}

pub fn trimmed(words: &[&str]) -> Vec<String> {
    words.iter().copied().map(str::to_uppercase).collect()
}

fn measure(text: &str) -> usize {
    text.len()
}

pub fn width(text: &str) -> usize {
    if text.is_empty() {
        return 0;
    }
    measure(text)
}

pub fn is_blank(symbol: char) -> bool {
    matches!(symbol, ' ' | '\t')
}

pub fn is_lower(symbol: u8) -> bool {
    (b'a'..=b'z').contains(&symbol)
}

pub fn given(value: Option<u32>) -> u32 {
    if value.is_some() {
        return 1;
    }
    0
}

pub fn area(range: Range) -> usize {
    let length = range.end - range.start;
    length * length
}

pub fn first(values: &[u32]) -> u32 {
    let first = &values[0];
    *first
}

pub fn limit() -> u32 {
    u32::MAX
}
