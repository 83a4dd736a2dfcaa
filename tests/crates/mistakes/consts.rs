const WINDOW: usize = 16;
const HALF: usize = WINDOW / 2;
const LAST: usize = WINDOW - 1;
const FIRST: usize = 0;
const FLAG: u8 = 1 << 4;
const SALT: u32 = 31;
static NAMES: [&str; 3] = ["low", "middle", "high"];
static LEVELS: [u8; 3] = [1, 4, 9];

const SEED: u32 = mixed(SALT, b'a');
const SIZE: usize = 4 * 1024;

const fn mixed(left: u32, right: u8) -> u32 {
    left * 31 + right as u32
}

#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(u8)]
pub enum Level {
    Low,
    Middle,
    High,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Code {
    Fine = 0,
    Late = 1,
    Lost = 4,
}

pub struct Ring {
    slots: Vec<u8>,
    at: usize,
}

impl Ring {
    pub fn new(len: usize) -> Self {
        let slots = vec![0; len];
        Ring { slots, at: 0 }
    }

    pub fn push(&mut self, byte: u8) {
        let len = self.slots.len();
        self.slots[self.at % len] = byte | FLAG;
        self.at += 1;
    }

    pub fn into_slots(self) -> Vec<u8> {
        self.slots.into_iter().collect()
    }
}

pub fn level(value: u8) -> Level {
    if value < LEVELS[FIRST] {
        Level::Low
    } else if value < LEVELS[1] {
        Level::Middle
    } else {
        Level::High
    }
}

pub fn name(level: Level) -> &'static str {
    NAMES[level as usize]
}

pub fn fold(bytes: &[u8]) -> [u8; WINDOW] {
    let mut window = [0; 16];
    for (at, byte) in bytes.iter().enumerate() {
        window[(at + HALF) & LAST] ^= byte;
    }
    window
}

pub fn padded(bytes: &[u8]) -> usize {
    const BLOCK: usize = 8;
    let block = [0u8; BLOCK];
    bytes.len() + block.len() + SIZE
}

pub fn hash(bytes: &[u8]) -> u32 {
    bytes.iter().fold(SEED, |sum, byte| mixed(sum, *byte))
}

pub fn is_lost(code: Code) -> bool {
    code == Code::Lost
}
