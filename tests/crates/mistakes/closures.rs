use std::collections::HashMap;

pub fn apply<F: FnMut(u32) -> u32>(values: &mut [u32], mut change: F) {
    for value in values.iter_mut() {
        *value = change(*value);
    }
}

pub fn twice(run: impl Fn() -> u32) -> u32 {
    run() + run()
}

pub fn once<F: FnOnce() -> String>(make: F) -> String {
    make()
}

pub fn each(values: &[u32], mut visit: impl FnMut(&u32)) {
    values.iter().for_each(|value| visit(value));
}

pub struct Meter {
    name: String,
    counts: HashMap<String, u32>,
    total: u32,
}

impl Meter {
    pub fn new() -> Self {
        Meter { name: fallback(), counts: HashMap::new(), total: 0 }
    }

    pub fn add(&mut self, word: &str) {
        *self.counts.entry(word.to_owned()).or_insert(0) += 1;
        self.total += 1;
    }

    pub fn add_all(&mut self, words: &[String]) -> u32 {
        words.iter().for_each(|word| self.add(word));
        self.total
    }

    pub fn named(self) -> String {
        let name = self.name;
        once(|| name)
    }

    pub fn spare(self) -> String {
        let name = self.name;
        let give = || name;
        once(give)
    }

    pub fn most(&self) -> Option<(&String, &u32)> {
        self.counts.iter().max_by_key(|(_, count)| **count)
    }

    pub fn of(&self, word: &str) -> u32 {
        self.counts.get(word).copied().unwrap_or(0)
    }

    pub fn first(&self) -> Result<&String, String> {
        self.counts.keys().next().ok_or_else(|| "empty".to_owned())
    }
}

impl Default for Meter {
    fn default() -> Self {
        Self::new()
    }
}

fn fallback() -> String {
    "meter".to_owned()
}

pub fn doubled(values: &mut [u32]) -> u32 {
    let mut sum = 0;
    apply(values, |value| {
        sum += value;
        value * 2
    });
    let mut seen = Vec::new();
    each(values, |value| seen.push(value.count_ones()));
    seen.truncate(3);
    sum += twice(|| 4);
    sum
}

pub fn adder(by: u32) -> impl Fn(u32) -> u32 {
    move |value| value + by
}

pub fn kept(values: &[u32], limit: u32) -> Vec<u32> {
    let mut dropped = 0;
    let small = |value: u32| value < limit;
    let out: Vec<u32> = values.iter().filter(|&&value| small(value)).map(|value| *value).collect();
    dropped += values.len() - out.len();
    out.into_iter().map(|value| value + dropped as u32).collect()
}

pub fn even(values: &[u32]) -> usize {
    values.iter().filter(|value| *value % 2 == 0).count()
}

pub fn total(values: &[u32]) -> u32 {
    values.iter().fold(0, |sum, value| sum + value)
}

pub fn indexed(words: &[&str]) -> Vec<String> {
    words.iter().enumerate().map(|(at, word)| format!("{at}{word}")).collect()
}

pub fn parsed(text: Option<&str>) -> (u32, String) {
    let number = text.and_then(|text| text.parse().ok()).unwrap_or_else(|| 1);
    let name = text.map(str::to_owned).unwrap_or_else(fallback);
    let size = text.map_or(0, |text| text.len() as u32);
    let known = text.ok_or("none").map_err(|_| 2).is_ok();
    (number + size + u32::from(known), name)
}

pub fn flushed(lines: &[String]) -> Vec<String> {
    let mut out = Vec::new();
    let mut line = String::new();
    for one in lines {
        line.push_str(one);
        let ends = || one.ends_with('.');
        if ends() {
            out.push(line.clone());
            line.clear();
        }
    }
    let copied = || once(|| line.clone());
    out.push(copied());
    out
}

fn last<F: FnOnce() -> String>(make: F) -> String {
    make()
}

pub fn spoken(word: &str) -> String {
    let loud = word.to_uppercase();
    last(|| loud)
}
