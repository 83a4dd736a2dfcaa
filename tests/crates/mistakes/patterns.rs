#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Token {
    Number(u32),
    Pair(u32, u32),
    Word { start: usize, end: usize },
    End,
}

impl Token {
    pub const ZERO: Token = Token::Number(0);

    pub fn is_end(&self) -> bool {
        match self {
            Self::End => true,
            Self::Number(_) | Self::Pair(_, _) | Self::Word { .. } => false,
        }
    }

    pub fn width(self) -> usize {
        match self {
            Token::Word { start, end } => end - start,
            Token::Number(n) | Token::Pair(n, _) => n as usize,
            Token::End => 0,
        }
    }

    pub fn is_zero(self) -> bool {
        match self {
            Token::ZERO => true,
            Token::Pair(0, _) => true,
            _ => false,
        }
    }

    pub fn start(&self) -> Option<usize> {
        match *self {
            Token::Word { start, .. } => Some(start),
            _ => None,
        }
    }
}

const NEWLINE: u8 = b'\n';

pub fn digit(byte: u8) -> Option<u32> {
    match byte {
        b'0'..=b'9' => Some(u32::from(byte - b'0')),
        b'a'..=b'f' => Some(u32::from(byte - b'a') + 10),
        NEWLINE => None,
        _ => None,
    }
}

pub fn is_letter(c: char) -> bool {
    match c {
        'a'..='z' | 'A'..='Z' => true,
        '_' => true,
        _ => false,
    }
}

pub fn keyword(word: &String) -> u32 {
    match word.as_str() {
        "if" => 1,
        "else" => 2,
        _ => 0,
    }
}

pub fn numbers(text: &str) -> u32 {
    let mut total = 0;
    for &byte in text.as_bytes() {
        if let Some(value) = digit(byte) {
            total += value;
        }
    }
    for part in text.split(',') {
        match part.parse::<u32>() {
            Ok(value) => total += value,
            Err(_) => continue,
        }
    }
    total
}

pub fn first_digit(text: &str) -> u32 {
    let Some(value) = text.bytes().find_map(digit) else {
        return 0;
    };
    value
}

pub fn order(left: u32, right: u32) -> &'static str {
    match left.cmp(&right) {
        std::cmp::Ordering::Less => "less",
        std::cmp::Ordering::Equal => "equal",
        std::cmp::Ordering::Greater => "greater",
    }
}

pub fn sum(pairs: &[(u32, u32)]) -> u32 {
    let mut total = 0;
    for (index, &(left, right)) in pairs.iter().enumerate() {
        let (low, high) = if left < right { (left, right) } else { (right, left) };
        total += high - low + index as u32;
    }
    total
}

pub fn largest(values: &[u32]) -> u32 {
    let mut best = 0;
    for &value in values {
        if value > best {
            best = value;
        }
    }
    best
}

pub fn squares(values: &[u32]) -> Vec<u32> {
    let mut out = Vec::new();
    for &value in values {
        if value == 0 {
            continue;
        }
        out.push(value * value);
    }
    out
}

pub fn version([major, minor]: [u8; 2]) -> u16 {
    let [high, ..] = [major, minor];
    let [low, rest @ ..] = [minor, major];
    u16::from(high) << 8 | u16::from(low) + rest.len() as u16
}

pub fn head(values: &[u32]) -> u32 {
    match values {
        [] => 0,
        [first] => *first,
        [first, ..] => *first + 1,
    }
}

pub fn has_comma(text: &str) -> bool {
    text.chars().next() == Some(',') || text.contains(',') || text[1..].is_empty()
}

pub fn is_space(byte: u8) -> bool {
    byte == b' ' || byte == b'\t' || matches!(byte, b'\r')
}
