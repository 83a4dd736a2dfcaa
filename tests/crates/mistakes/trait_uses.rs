//! Traits where they are used.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Write};
use std::hash::Hash;
use std::ops::Add;

#[derive(Debug, Clone, Copy)]
pub struct Square {
    pub side: u32,
}

impl Display for Square {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}]", self.side)
    }
}

impl Add for Square {
    type Output = Square;

    fn add(self, other: Square) -> Square {
        Square { side: self.side + other.side }
    }
}

impl From<u32> for Square {
    fn from(side: u32) -> Square {
        Square { side }
    }
}

impl PartialEq for Square {
    fn eq(&self, other: &Square) -> bool {
        self.side == other.side
    }
}

impl Eq for Square {}

impl PartialEq<u32> for Square {
    fn eq(&self, side: &u32) -> bool {
        self.side == *side
    }
}

#[derive(Debug)]
pub struct Log {
    lines: Vec<String>,
    counts: BTreeMap<String, usize>,
}

impl Drop for Log {
    fn drop(&mut self) {
        self.lines.clear();
    }
}

impl Default for Log {
    fn default() -> Log {
        Log { lines: Vec::new(), counts: BTreeMap::new() }
    }
}

impl Log {
    pub fn first(&self) -> Option<&String> {
        self.lines.first()
    }

    pub fn note(&mut self, line: &str) {
        *self.counts.entry(line.to_string()).or_insert(0) += 1;
        self.lines.push(line.to_string());
    }

    pub fn close(self) -> usize {
        let count = self.lines.len();
        drop(self);
        count
    }
}

pub fn longest(lines: &[String]) -> usize {
    lines.iter().map(|line| line.len()).max().unwrap_or(0)
}

pub fn letters(text: &str) -> usize {
    let mut count = 0;
    for c in text.chars() {
        if c.is_alphabetic() {
            count += 1;
        }
    }
    count
}

pub fn grid(squares: &[Square]) -> String {
    let mut out = String::new();
    for square in squares {
        write!(out, "{square} ").ok();
    }
    out
}

pub fn same<T: Eq + Hash>(left: &T, right: &T) -> bool {
    left == right
}

pub fn total(squares: &[Square]) -> Square {
    let mut sum = Square::from(0);
    for square in squares {
        sum = sum + *square;
    }
    sum
}

pub fn is_unit(square: &Square) -> bool {
    *square == 1 && only_eq(square)
}

pub fn fresh() -> Log {
    Log::default()
}

fn only_eq<T: Eq>(value: &T) -> bool {
    value.eq(value)
}
