pub const LIMIT: usize = 1_000;

pub struct Bits {
    words: Vec<u64>,
    len: usize,
}

impl Bits {
    pub fn with_capacity(bits: usize) -> Self {
        let words: usize = (bits + 63) / 64;
        Bits { words: vec![0; words], len: bits }
    }

    pub fn get(&self, at: usize) -> bool {
        let word = self.words[at / 64];
        (word >> (at % 64)) & 1 != 0
    }

    pub fn word(&self, at: u32) -> u64 {
        self.words[at as usize]
    }

    pub fn words_up_to(&self, at: usize) -> u64 {
        let mut count = 0;
        for i in 0..at {
            count += self.words[i];
        }
        count
    }

    pub fn last(&self) -> usize {
        if self.len == 0 {
            return usize::MAX;
        }
        self.len - 1
    }

    pub fn mean(&self, scale: f64) -> f64 {
        self.words_up_to(self.words.len()) as f64 / (scale + 1.0)
    }
}

pub fn checksum(bytes: &[u8]) -> u32 {
    let mut sum = 0u32;
    for byte in bytes {
        sum = sum.wrapping_mul(31).wrapping_add(*byte as u32);
    }
    sum ^ 0xffff
}

pub fn high(byte: u8) -> u8 {
    (byte & 0xf0) >> 4
}

pub fn is_ascii(byte: u8) -> bool {
    byte & 0x80 == 0 && byte < 255
}

pub fn letter(digit: u32) -> char {
    (b'a' + (digit % 26) as u8) as char
}

pub fn shifted(digit: u32) -> char {
    digit as u8 as char
}

pub fn clamp(value: usize) -> usize {
    value.max(1)
}

pub fn power(times: u32) -> u32 {
    let base: u32 = 2;
    base.pow(times)
}

pub fn width(start: u32, end: usize) -> usize {
    if end > start as usize {
        end - start as usize
    } else {
        0
    }
}

pub fn fits(size: u32, limit: usize) -> bool {
    (size as usize) < limit
}

pub fn smaller(size: u64, limit: u32) -> u32 {
    (size as u32).min(limit)
}

pub fn flags(value: u16) -> u16 {
    value & 0b1011 | 1u16 << 4
}

pub fn signed(high: u16, low: u16) -> u32 {
    ((high as u32) << 16) | low as u32
}

pub fn tail(value: usize, at: usize) -> bool {
    let masked = value & !0;
    masked > at * 0x1F
}

pub fn third(values: &[u8]) -> u8 {
    let at: usize = 3;
    values[at]
}
