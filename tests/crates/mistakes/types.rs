use std::collections::HashMap;

#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Meters(pub f64);

#[derive(Debug, Clone)]
pub struct Label {
    pub text: String,
    pub width: u32,
}

pub struct Table {
    rows: Vec<Label>,
    index: HashMap<String, usize>,
    limit: Option<u32>,
}

const MARGIN: u32 = 4;

fn measure(text: &str) -> u32 {
    let mut width = 0;
    for byte in text.as_bytes() {
        width += if *byte < 128 { 1 } else { 2 };
    }
    width
}

fn sum(values: &[u32]) -> u32 {
    let mut total = 0;
    for value in values {
        total += *value;
    }
    total
}

fn double(values: &mut [u32]) {
    for value in values.iter_mut() {
        *value *= 2;
    }
}

fn joined(parts: &[String]) -> String {
    let line: String = parts.concat();
    line
}

impl Label {
    pub fn new(text: &str) -> Self {
        let width = measure(text);
        Label { text: text.to_string(), width }
    }

    pub fn padded(&self, by: u32) -> u32 {
        if by == 0 {
            return self.width;
        }
        self.width + by * 2
    }
}

impl Table {
    pub fn new(limit: Option<u32>) -> Self {
        Table { rows: Vec::new(), index: HashMap::new(), limit }
    }

    pub fn push(&mut self, label: Label) -> usize {
        let at = self.rows.len();
        self.index.insert(label.text.clone(), at);
        self.rows.push(label);
        at
    }

    pub fn find(&self, text: &str) -> Option<&Label> {
        let at = self.index.get(text)?;
        Some(&self.rows[*at])
    }

    pub fn width_at(&self, at: usize) -> u32 {
        if !self.rows.is_empty() {
            return self.rows[at].width + MARGIN;
        }
        MARGIN
    }

    pub fn fits(&self, text: &str) -> bool {
        if self.limit.is_some() {
            let limit = self.limit.unwrap();
            measure(text) <= limit
        } else {
            true
        }
    }

    pub fn widths(&self) -> Vec<u32> {
        self.rows.iter().map(|label| label.width).collect()
    }

    pub fn total(&self) -> u32 {
        let mut widths = self.widths();
        double(&mut widths);
        sum(&widths)
    }

    pub fn total_chars(&self) -> usize {
        self.rows.iter().map(|label| label.text.chars().count()).sum()
    }
}

pub fn scaled(meters: Meters, by: f64) -> Meters {
    Meters(meters.0 * by)
}

pub fn longest(left: (Label, u32), right: (Label, u32)) -> (Label, u32) {
    if left.0.width < right.0.width {
        right
    } else {
        left
    }
}

pub fn is_unit(meters: Meters) -> bool {
    let unit = 1.0;
    meters.0 == unit
}

pub fn classify(width: u32) -> u32 {
    match width {
        0 => 1,
        wide if wide > 80 => wide,
        _ => MARGIN,
    }
}

pub fn names(count: u32) -> String {
    let head = String::from("item");
    let code = u32::from('a');
    let first = head.chars().next().unwrap().to_string();
    joined(&[head, first, code.to_string(), count.to_string()])
}

pub fn tag(prefix: &str, names: &[&str]) -> String {
    let mut text = String::new();
    text += prefix;
    for name in names {
        text.push_str(*name);
    }
    text
}

pub fn count_up(limit: u32) -> u32 {
    let mut count = 0;
    let mut left = limit;
    while left != 0 {
        left -= 1;
        count += 1;
    }
    count = count.min(10);
    count += measure("x");
    count
}

pub fn find_after(values: &[u32], target: &u32) -> usize {
    for (at, value) in values.iter().enumerate() {
        if value == target {
            return at + 1;
        }
    }
    0
}

pub fn evens(values: &[u32]) -> Vec<u32> {
    values.iter().filter(|value| *value % 2 == 0).copied().collect()
}

pub fn origin(name: Option<&str>) -> Option<String> {
    match name {
        Some(name) => Some(name.to_owned()),
        None => None,
    }
}

pub fn has(values: &[u32], wanted: u32) -> bool {
    values.iter().any(|value| value == &wanted)
}
