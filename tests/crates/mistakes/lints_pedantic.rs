use std::collections::{BTreeMap, HashMap};

const NAME: &str = "store";
const LIMIT: u32 = 1_000_000;

#[derive(Default)]
pub struct Store {
    names: Vec<String>,
    sizes: HashMap<String, u32>,
    pub order: BTreeMap<u32, String>,
}

impl Store {
    pub fn new() -> Self {
        Self { names: Vec::default(), sizes: HashMap::new(), order: BTreeMap::new() }
    }

    pub fn first(&self) -> &String {
        &self.names[0]
    }

    pub fn add(&mut self, name: String, size: u32) {
        if size > 0 && size < LIMIT {
            self.sizes.insert(name.clone(), size);
        }
        self.names.push(name);
    }

    pub fn add_named(&mut self) {
        self.names.reserve(1);
        self.names.push(String::from(NAME));
    }

    pub const fn limit(&self) -> u32 {
        LIMIT
    }
}

const fn measure(text: &str) -> usize {
    text.len()
}

pub const fn width(text: &str) -> usize {
    measure(text)
}

pub fn sum(values: &[u32], end: usize) -> u32 {
    let mut sum = 0;
    for value in &values[..end] {
        sum += value;
    }
    sum
}

pub const fn both(left: bool, right: bool) -> bool {
    left && !right
}

pub struct Point {
    pub x: u32,
    pub y: u32,
}

pub const fn area(point: &Point) -> u32 {
    let Point { x, y } = point;
    *x * *y
}
