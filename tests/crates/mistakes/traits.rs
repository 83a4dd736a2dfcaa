//! Traits and their impls.

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::ops::Add;

pub trait Shape: fmt::Debug {
    type Unit;
    const SIDES: u32;

    fn area(&self) -> u32;
    fn scale(&mut self, factor: u32, _origin: (u32, u32));
    fn label(&self) -> &'static str;
    fn into_unit(self) -> Self::Unit;

    fn describe(&self) -> String {
        format!("{} with {} sides", self.label(), Self::SIDES)
    }
}

#[derive(Debug, Clone, Copy)]
pub struct Square {
    pub side: u32,
}

impl Square {
    pub fn new(side: u32) -> Self {
        Square { side }
    }

    pub fn doubled(&self) -> Square {
        Square::new(self.side * 2)
    }

    pub fn grow(&mut self, by: u32) {
        self.side += by;
    }
}

impl Shape for Square {
    type Unit = u32;
    const SIDES: u32 = 4;

    fn area(&self) -> u32 {
        self.side * self.side
    }

    fn scale(&mut self, factor: u32, _origin: (u32, u32)) {
        self.side *= factor;
    }

    fn label(&self) -> &'static str {
        "square"
    }

    fn into_unit(self) -> u32 {
        self.side
    }
}

impl Display for Square {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}]", self.side)
    }
}

impl Add for Square {
    type Output = Square;

    fn add(self, other: Square) -> Square {
        Square::new(self.side + other.side)
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
        self.lines.len()
    }
}
