pub fn half(value: u32) -> Option<u32> {
    (value % 2 == 0).then_some(value / 2)
}

pub fn push_given(values: &mut Vec<u32>, given: Option<u32>) {
    if let Some(value) = given {
        values.push(value);
    }
}

pub fn quarter(value: u32) -> Option<u32> {
    let first = half(value)?;
    half(first)
}

pub fn parsed(text: &str) -> Result<u32, std::num::ParseIntError> {
    let value: Result<u32, _> = text.parse();
    let value = value?;
    Ok(value + 1)
}

pub fn argument(text: &str) -> &str {
    if let Some(rest) = text.strip_prefix("--") {
        rest
    } else {
        text
    }
}

pub fn number_or_zero(text: &str) -> u32 {
    if let Ok(number) = text.parse::<u32>() {
        return number;
    }
    0
}

pub fn port(given: Option<u16>) -> u16 {
    given.unwrap_or(80)
}

pub fn count(given: Option<usize>) -> usize {
    given.unwrap_or_default()
}

pub fn number(text: &str) -> Option<u32> {
    text.parse().ok()
}

fn fallback(name: &str) -> String {
    name.to_owned()
}

pub fn label(given: Option<String>, name: &str) -> String {
    given.unwrap_or_else(|| fallback(name))
}

#[derive(Default)]
pub struct Entry {
    pub next: Option<u32>,
}

impl Entry {
    pub fn is_last(&self) -> bool {
        self.next.is_none()
    }

    pub fn detach(&mut self) -> Option<u32> {
        self.next.take()
    }
}

pub fn is_small(given: Option<u32>) -> bool {
    given.is_some_and(|value| value < 10)
}
