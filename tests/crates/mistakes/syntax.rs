use std::collections::HashMap;

const WIDTH: usize = 8;
static GREETING: &str = "hello";

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Side {
    Left,
    Right,
    Both,
}

pub struct Grid {
    cells: Vec<Vec<u8>>,
    names: HashMap<String, Vec<usize>>,
    width: usize,
}

pub trait Area {
    fn area(&self) -> usize;
}

impl Area for Grid {
    fn area(&self) -> usize {
        self.cells.len() * self.width
    }
}

impl Grid {
    pub fn new() -> Self {
        Grid { cells: Vec::new(), names: HashMap::new(), width: WIDTH }
    }

    pub fn put(&mut self, name: &str, row: Vec<u8>) -> usize {
        let at = self.cells.len();
        self.cells.push(row);
        self.names.entry(name.to_string()).or_default().push(at);
        at
    }

    pub fn find(&self, wanted: u8) -> Option<usize> {
        for (at, row) in self.cells.iter().enumerate() {
            if row.contains(&wanted) {
                return Some(at);
            }
        }
        None
    }

    pub fn first<'a>(&'a self, name: &str) -> &'a [u8] {
        if name.is_empty() {
            return &[];
        }
        match self.names.get(name) {
            Some(rows) => &self.cells[rows[0]],
            None => &[],
        }
    }
}

impl Default for Grid {
    fn default() -> Self {
        Grid::new()
    }
}

pub fn opposite(side: Side) -> Side {
    match side {
        Side::Left => Side::Right,
        Side::Right => Side::Left,
        Side::Both => side,
    }
}

pub fn count_spaces(text: &str) -> usize {
    let mut rest = text;
    let mut count = 0;
    while let Some(at) = rest.find(' ') {
        count += 1;
        rest = &rest[at + 1..];
    }
    count + GREETING.len()
}

pub fn clamped(values: &[i32], low: i32, high: i32) -> Vec<i32> {
    let limit = |value: &i32| {
        if *value < low {
            return low;
        }
        (*value).min(high)
    };
    values.iter().map(limit).collect()
}

pub fn is_comma(byte: u8) -> bool {
    byte == b','
}

pub fn side_name(side: Side) -> &'static str {
    match side {
        Side::Left => "the left side",
        Side::Right => "the right side",
        Side::Both => "both",
    }
}

pub fn is_vowel(letter: char) -> bool {
    letter == 'a' || letter == 'e'
}

pub mod inner {
    pub fn one() -> usize {
        1
    }
}
