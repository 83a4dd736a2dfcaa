#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Meters(pub f64);

pub struct Name(String);

#[derive(Debug, Clone)]
pub struct Label {
    pub text: String,
    pub width: u32,
}

pub struct Table {
    rows: Vec<Label>,
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

impl Name {
    pub fn text(&self) -> &str {
        &self.0
    }
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

    pub fn width(&self) -> u32 {
        self.width
    }

    pub fn widen(&mut self, by: u32) {
        self.width += by;
    }

    pub fn set_width(&mut self, width: u32) {
        self.width = width;
    }

    pub fn reset(&mut self, from: &Label) {
        let mut text = String::new();
        text.push_str(&from.text);
        self.text = text;
    }
}

impl Table {
    pub fn new(limit: Option<u32>) -> Self {
        Table { rows: Vec::new(), limit }
    }

    pub fn width_at(&self, at: usize) -> u32 {
        if !self.rows.is_empty() {
            return self.rows[at].width + MARGIN;
        }
        MARGIN
    }

    pub fn fits(&self, text: &str) -> bool {
        if self.limit.is_some() {
            self.limit > Some(measure(text))
        } else {
            true
        }
    }

    pub fn widths(&self) -> Vec<u32> {
        self.rows.iter().map(|label| label.width).collect()
    }

    pub fn total(&self) -> u32 {
        sum(&self.widths())
    }

    pub fn total_chars(&self) -> usize {
        self.rows.iter().map(|label| label.text.chars().count()).sum()
    }
}

pub fn scaled(meters: Meters, by: f64) -> Meters {
    Meters(meters.0 * by)
}

pub fn is_between(width: u32, low: u32, high: u32) -> bool {
    low <= width && width < high
}

pub fn is_wide(width: u32) -> bool {
    width >= 80 && width <= 200
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

pub fn longest(texts: &[&str]) -> usize {
    let mut most = 0;
    for text in texts {
        if text.len() > most {
            most = text.len();
        }
    }
    most
}

pub fn evens(values: &[u32]) -> Vec<u32> {
    values.iter().filter(|value| *value % 2 == 0).copied().collect()
}
