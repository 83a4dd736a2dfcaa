pub struct Buffer {
    bytes: Vec<u8>,
    used: usize,
}

impl Buffer {
    pub fn new(capacity: usize) -> Buffer {
        Buffer { bytes: Vec::with_capacity(capacity), used: 0 }
    }

    pub fn used(&self) -> usize {
        self.used
    }

    pub fn peek(&self, at: usize) -> u8 {
        self.bytes[at]
    }

    pub fn add(&mut self, byte: u8) -> Result<(), String> {
        if self.used >= 64 {
            return Err("full".to_string());
        }
        self.bytes.push(byte);
        Ok(())
    }

    pub fn add_space(&mut self) -> Result<(), String> {
        self.add(b' ')
    }
}

pub fn scaled(value: u32, by: u32) -> u32 {
    value * by
}

pub fn differs(left: u32, right: u32) -> bool {
    left != right
}

pub fn before(left: u32, right: u32) -> bool {
    left < right
}

pub fn widened(byte: u8) -> u32 {
    u32::from(byte)
}

pub fn joined(high: u32, low: u32) -> u32 {
    (high << 8) | low
}

pub fn mask(bits: u32) -> u32 {
    (1 << bits) - 1
}

pub fn primes_sum() -> u32 {
    let primes = [2, 3, 5, 7];
    primes.iter().sum()
}

pub fn limit() -> u32 {
    u32::MAX
}
