use std::fmt;

#[derive(Debug, Clone)]
pub struct Counter {
    pub name: String,
    pub count: usize,
    pub limit: Option<usize>,
}

pub trait Named {
    fn name(&self) -> &str;
}

impl Named for Counter {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Counter {
    pub fn new(name: &str, limit: Option<usize>) -> Self {
        let name = String::from(name);
        Counter { name, count: 0, limit }
    }

    pub fn add(&mut self, by: usize) {
        for _ in 0..by {
            self.count += 1;
        }
        if self.is_full() && self.count > 0 {
            self.count -= 1;
        }
    }

    pub fn is_full(&self) -> bool {
        if self.count == 0 {
            return false;
        }
        !self.is_open()
    }

    fn is_open(&self) -> bool {
        match self.limit {
            Some(limit) => self.count < limit,
            None => true,
        }
    }
}

impl fmt::Display for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

pub fn grade(points: u8) -> char {
    if points >= 90 && points <= 100 {
        'a'
    } else if points >= 60 {
        'b'
    } else {
        'c'
    }
}

pub fn is_digit(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9') || b'a' <= byte && byte <= b'f'
}

pub fn kind(byte: u8) -> &'static str {
    match byte {
        b'0'..=b'9' => "digit",
        b'a'..=b'z' | b'A'..=b'Z' => "letter",
        _ => "other",
    }
}

pub fn larger(left: u32, right: u32) -> u64 {
    let larger = if left > right { left } else { right };
    larger as u64
}

pub fn sum_up(values: &[u32]) -> u32 {
    let mut sum = 0;
    let mut at = 0;
    while at < values.len() {
        sum += values[at];
        at += 1;
    }
    for value in values.iter().rev() {
        if value % 2 == 0 {
            sum += value;
        }
    }
    sum
}

pub mod text {
    pub fn shout(text: &str) -> String {
        let text = text.to_uppercase();
        text
    }
}

pub fn is_shout(text: &str) -> bool {
    let length = text.len();
    if text::shout(text).len() == length {
        return true;
    }
    false
}

pub fn describe(open: bool) -> &'static str {
    if open {
        "it is still open!"
    } else {
        "no room is left"
    }
}
