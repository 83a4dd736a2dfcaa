use std::io::Write;
use std::ops::{Add, AddAssign};

#[derive(Clone, Copy)]
pub struct Money(pub u32);

impl Add for Money {
    type Output = Money;

    fn add(self, other: Money) -> Money {
        Money(self.0 + other.0)
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Money) {
        self.0 += other.0;
    }
}

pub struct Counter {
    count: u32,
}

impl Counter {
    pub fn set(&mut self, count: u32) {
        self.count = count;
    }

    pub fn add(&mut self, by: u32) {
        self.count += by;
    }
}

pub fn is_same(left: u32, right: u32) -> bool {
    left == right
}

pub fn is_odd(value: u32) -> bool {
    (value & 1) == 0
}

pub fn write(target: &mut impl Write, bytes: &[u8]) -> std::io::Result<()> {
    target.write_all(bytes)?;
    target.flush()
}

pub fn checked(value: u32) -> Result<u32, String> {
    if value > 9 {
        return Err(format!("{value} is too large"));
    }
    Ok(value)
}

pub fn third(values: &[u32]) -> u32 {
    values[2]
}

pub fn is_help(word: &str) -> bool {
    word == "help"
}

fn measure(text: &str) -> usize {
    text.len()
}

pub fn width(text: &str) -> usize {
    measure(text)
}

fn total(values: &Vec<u32>) -> u32 {
    values.iter().sum()
}

pub fn grown(mut values: Vec<u32>) -> u32 {
    values.push(1);
    total(&values)
}

pub fn reversed(pair: &mut [u32; 2]) {
    pair.swap(0, 1);
}
