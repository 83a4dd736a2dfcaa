use std::collections::HashMap;
use std::fmt;
use std::num::ParseIntError;

#[derive(Debug)]
pub enum Error {
    Number(ParseIntError),
    Empty,
    Unknown(String),
}

impl From<ParseIntError> for Error {
    fn from(error: ParseIntError) -> Self {
        Error::Number(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Number(inner) => write!(f, "no number: {}", inner),
            Error::Empty => write!(f, "empty"),
            Error::Unknown(word) => write!(f, "unknown: {word}"),
        }
    }
}

impl std::error::Error for Error {}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    Push(i64),
    Add,
    Negate,
}

pub fn op(word: &str) -> Result<Op, Error> {
    match word {
        "" => Err(Error::Empty),
        "+" => Ok(Op::Add),
        "-" => Ok(Op::Negate),
        digits if digits.starts_with(|c: char| c.is_ascii_digit()) => {
            let n: i64 = digits.parse()?;
            Ok(Op::Push(n))
        }
        other => Err(Error::Unknown(other.to_string())),
    }
}

pub fn program(text: &str) -> Result<Vec<Op>, Error> {
    let mut ops = Vec::new();
    for line in text.lines() {
        let words = line.split(' ').filter(|word| !word.is_empty());
        for word in words {
            ops.push(op(word)?);
        }
    }
    if ops.is_empty() {
        return Err(Error::Empty);
    }
    Ok(ops)
}

pub fn run(ops: &[Op]) -> Option<i64> {
    let mut stack: Vec<i64> = Vec::with_capacity(ops.len());
    for op in ops {
        let value = match *op {
            Op::Push(n) => n,
            Op::Add => {
                let (a, b) = (stack.pop()?, stack.pop()?);
                a + b
            }
            Op::Negate => -stack.pop()?,
        };
        stack.push(value);
    }
    stack.pop()
}

pub fn counted(text: &str) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for word in text.split_whitespace() {
        let key = word.to_lowercase();
        *counts.entry(key).or_insert(0) += 1;
    }
    counts
}
