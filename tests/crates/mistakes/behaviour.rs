pub struct Stack {
    items: Vec<u32>,
    total: u32,
}

impl Stack {
    pub fn new() -> Stack {
        Stack { items: Vec::new(), total: 0 }
    }

    pub fn push(&mut self, item: u32) {
        self.items.push(item);
        self.total += item;
    }

    pub fn total(&self) -> u32 {
        self.total
    }

    pub fn len(&self) -> usize {
        self.items.len()
    }

    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

impl Default for Stack {
    fn default() -> Stack {
        Stack::new()
    }
}

pub fn clamp(value: i32, low: i32, high: i32) -> i32 {
    if value < low {
        return low;
    }
    value.min(high)
}

pub fn is_small(value: i32) -> bool {
    value <= 10
}

pub fn sign(value: i32) -> i32 {
    if value >= 0 { 1 } else { -1 }
}

pub fn distance(from: i32, to: i32) -> i32 {
    to - from
}

pub fn backwards(from: i32, to: i32) -> i32 {
    distance(to, from)
}

pub fn is_word(symbol: char) -> bool {
    symbol.is_alphanumeric() || symbol == '_'
}

pub fn high_byte(value: u32) -> u32 {
    (value >> 8) & 255
}

pub fn sum(values: &[u32]) -> u32 {
    let mut sum = 0;
    for at in 0..values.len() {
        sum += values[at];
    }
    sum
}

pub fn words(line: &str) -> usize {
    let mut inside = false;
    let mut count = 0;
    for symbol in line.chars() {
        if !is_word(symbol) {
            inside = false;
        } else if !inside {
            inside = true;
            count += 1;
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stacks_count() {
        let mut stack = Stack::new();
        assert!(stack.is_empty());
        stack.push(3);
        stack.push(4);
        assert_eq!((stack.len(), stack.total()), (2, 7));
    }

    #[test]
    fn values_are_clamped() {
        assert_eq!([clamp(0, 1, 5), clamp(3, 1, 5), clamp(9, 1, 5)], [1, 3, 5]);
        assert!(is_small(10) && !is_small(11));
        assert_eq!([sign(0), sign(-3)], [1, -1]);
    }

    #[test]
    fn distances_have_a_direction() {
        assert_eq!(distance(2, 5), 3);
        assert_eq!(backwards(2, 5), -3);
    }

    #[test]
    fn bits_and_sums() {
        assert_eq!(high_byte(0x1234), 0x12);
        assert_eq!(sum(&[1, 2, 3]), 6);
    }

    #[test]
    fn words_are_counted() {
        assert_eq!(words("two words"), 2);
        assert_eq!(words("_ a"), 2);
    }
}
