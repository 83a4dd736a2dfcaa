use std::collections::HashMap;

pub fn first_word(text: &str) -> &str {
    text.split_whitespace().next().unwrap_or("")
}

pub fn head(values: &[u32]) -> Option<&u32> {
    values.first()
}

pub fn at(values: &[u32], index: usize) -> Option<u32> {
    values.get(index).copied()
}

pub fn total(values: &[u32]) -> u32 {
    values.iter().sum()
}

pub fn has_even(values: &[u32]) -> bool {
    values.iter().any(|value| value % 2 == 0)
}

pub fn first_even(values: &[u32]) -> Option<&u32> {
    values.iter().find(|value| **value % 2 == 0)
}

pub fn bytes_of(words: &[String]) -> Vec<u8> {
    words.iter().flat_map(|word| word.bytes()).collect()
}

pub fn numbers(words: &[String]) -> Vec<u32> {
    words.iter().filter_map(|word| word.parse().ok()).collect()
}

pub fn largest(values: &[u32]) -> Option<u32> {
    values.iter().copied().max()
}

pub fn port(given: Option<u16>) -> u16 {
    given.unwrap_or(80)
}

fn fallback(name: &str) -> String {
    name.to_owned()
}

pub fn label(given: Option<String>, name: &str) -> String {
    given.unwrap_or_else(|| fallback(name))
}

pub fn fields(line: &str) -> Vec<&str> {
    line.split(',').collect()
}

pub fn closed(mut line: String) -> String {
    line.push(';');
    line
}

pub fn count(values: &[u32]) -> usize {
    values.len()
}

pub fn is_comment(line: &str) -> bool {
    line.starts_with('#') || line.ends_with('\\')
}

/// Reads an element.
///
/// # Safety
/// `start` must point to more than `index` elements.
pub unsafe fn read(start: *const u32, index: usize) -> u32 {
    *start.add(index)
}

#[derive(Clone, Default)]
pub struct Entry {
    pub name: String,
    pub next: Option<u32>,
}

impl Entry {
    pub fn is_last(&self) -> bool {
        self.next.is_none()
    }

    pub fn title(&self) -> String {
        self.name.clone()
    }

    pub fn detach(&mut self) -> Option<u32> {
        self.next.take()
    }
}

pub struct Table {
    entries: HashMap<String, u32>,
}

impl Table {
    pub fn knows(&self, key: String) -> bool {
        self.entries.contains_key(&key)
    }
}

pub fn is_small(given: Option<u32>) -> bool {
    given.is_some_and(|value| value < 10)
}

pub fn last_char(text: &str) -> Option<char> {
    text.chars().next_back()
}

pub fn second(text: &str) -> Option<char> {
    text.chars().nth(1)
}

pub fn owned(values: &[u32]) -> Vec<u32> {
    values.to_vec()
}

pub fn is_digit(symbol: char) -> bool {
    symbol.is_ascii_digit()
}

pub fn rest(length: u32, used: u32) -> u32 {
    length.saturating_sub(used)
}

pub fn or_empty(given: Option<Vec<u32>>) -> Vec<u32> {
    given.unwrap_or_default()
}
