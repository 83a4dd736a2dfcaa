pub fn sum(values: &[u32]) -> u32 {
    let mut sum = 0;
    for value in values {
        sum += *value;
    }
    sum
}

pub fn weighted(values: &[u32]) -> usize {
    let mut sum = 0;
    for (place, value) in values.iter().enumerate() {
        sum += place * *value as usize;
    }
    sum
}

pub fn append(target: &mut Vec<u32>, source: Vec<u32>) {
    for value in &source {
        target.push(*value);
    }
    for value in source {
        target.push(value);
    }
}

pub fn listed(values: &[u32], target: &mut Vec<u32>) {
    for value in values.iter().skip(1) {
        target.push(*value);
    }
}

pub fn drained(mut stack: Vec<u32>) -> u32 {
    let mut sum = 0;
    while let Some(top) = stack.pop() {
        sum += top;
    }
    sum
}

pub fn first_gap(values: &[u32]) -> usize {
    let mut at = 0;
    loop {
        if at >= values.len() {
            break;
        }
        if values[at] == 0 {
            break;
        }
        at += 1;
    }
    at
}

pub fn bits(value: u32) -> u32 {
    let mut count = 0;
    while count < value {
        count += 2;
    }
    count
}
