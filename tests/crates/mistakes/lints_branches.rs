#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    Word,
    Space,
    Comma,
}

pub fn bounded(value: u32, low: u32, high: u32) -> u32 {
    if value < low {
        low
    } else if value > high {
        high
    } else {
        value
    }
}

pub fn push_small(values: &mut Vec<u32>, value: u32) {
    if value > 0 && value < 10 {
        values.push(value);
    }
}

pub fn push_given(values: &mut Vec<u32>, given: Option<u32>) {
    if let Some(value) = given {
        values.push(value);
    }
}

pub fn push_either(values: &mut Vec<u32>, given: Option<u32>) {
    if let Some(value) = given {
        values.push(value);
    } else {
        let last = values.len() as u32;
        values.push(last);
    }
}

pub fn step(forward: bool) -> i32 {
    if forward { 1 } else { -1 }
}

pub fn half(value: u32) -> Option<u32> {
    if value % 2 == 1 {
        return None;
    }
    Some(value / 2)
}

pub fn is_small(value: u32) -> bool {
    value < 10
}

pub fn is_gap(kind: Kind) -> bool {
    match kind {
        Kind::Word => false,
        Kind::Space | Kind::Comma => true,
    }
}

pub fn width(kind: Kind) -> usize {
    if kind == Kind::Space {
        return 1;
    }
    4
}
