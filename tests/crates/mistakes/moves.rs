use std::collections::HashMap;
use std::mem;

#[derive(Clone, Debug)]
pub struct Entry {
    name: String,
    tags: Vec<String>,
    next: Option<Box<Entry>>,
}

pub enum Value {
    Text(String),
    List(Vec<Value>),
    Count(usize),
    Named { key: String, value: usize },
}

impl Value {
    pub fn text(&self) -> Option<&str> {
        match *self {
            Value::Text(ref text) => Some(text),
            Value::Named { ref key, .. } => Some(key),
            _ => None,
        }
    }

    pub fn length(&self) -> usize {
        match *self {
            Value::Text(ref text) => text.len(),
            _ => 0,
        }
    }

    pub fn bump(&mut self) {
        match *self {
            Value::Count(ref mut count) => *count += 1,
            Value::Named { ref mut value, .. } => *value += 1,
            _ => {}
        }
    }

    pub fn size(&self) -> usize {
        match &self {
            Value::Text(text) => text.len(),
            Value::List(values) => values.iter().map(Value::size).sum(),
            Value::Count(_) | Value::Named { .. } => 1,
        }
    }
}

pub fn shortest(first: Value, second: Value) -> usize {
    if let Value::Text(ref text) = first {
        let length = text.len();
        return length.min(first.size());
    }
    if let Value::Text(text) = &second {
        return text.len() + second.size();
    }
    0
}

impl Entry {
    pub fn new(name: &str) -> Self {
        Entry { name: name.to_owned(), tags: Vec::new(), next: None }
    }

    pub fn name(&self) -> String {
        self.name.clone()
    }

    pub fn tag(&mut self, tag: &str) {
        self.tags.push(tag.to_owned());
    }

    pub fn last_tag(&self) -> Option<String> {
        self.tags.last().cloned()
    }

    pub fn longest(&self) -> usize {
        let mut longest: usize = 0;
        for tag in &self.tags {
            longest = longest.max(tag.len());
        }
        longest
    }

    pub fn first(&self) -> usize {
        let first = &self.tags[0];
        let name = &self.name;
        let start = &first[..1];
        first.len() + name.len() + start.len()
    }

    pub fn following(&self) -> Option<String> {
        if let Some(next) = &self.next {
            return Some(next.name());
        }
        self.next.as_ref().map(|entry| entry.name())
    }

    pub fn has_next(&self) -> bool {
        self.following_entry().is_some()
    }

    fn following_entry(&self) -> Option<&Entry> {
        self.next.as_deref()
    }

    pub fn cut(&mut self) -> Option<Box<Entry>> {
        self.next.take()
    }

    pub fn tags(&self) -> usize {
        self.tags.iter().count()
    }

    pub fn greatest(&self) -> Option<&String> {
        self.tags.iter().max()
    }

    pub fn take_tags(&mut self) -> Vec<String> {
        mem::take(&mut self.tags)
    }

    pub fn rename(&mut self, name: String) -> String {
        mem::replace(&mut self.name, name)
    }
}

pub fn described(entry: Entry, times: &[usize]) -> (String, Entry) {
    let name = entry.name.clone();
    let mut text = String::new();
    for time in times {
        text.push_str(&name);
        text.push_str(&time.to_string());
    }
    for time in times.iter() {
        text.push_str(&format!("{time}"));
    }
    (text, entry)
}

pub fn doubled(values: Vec<u32>) -> (Vec<u32>, usize) {
    let mut out = Vec::with_capacity(values.len());
    for value in &values {
        out.push(*value * 2);
    }
    let copy = out.clone();
    out.extend(copy);
    let total = out.iter().count();
    let mut odd = Vec::new();
    for value in &out {
        odd.push(value.count_ones());
    }
    odd.clear();
    (out, total + values.len())
}

pub fn largest(values: &[u32]) -> Option<u32> {
    let mut best = None;
    for value in values.iter() {
        if best.map_or(true, |b| b < *value) {
            best = Some(*value);
        }
    }
    best
}

pub fn lines(text: &str) -> Vec<Vec<String>> {
    let mut out = Vec::new();
    for line in text.lines() {
        let mut row = Vec::new();
        for word in line.split(' ') {
            row.push(word.to_owned());
        }
        out.push(row);
    }
    out
}

pub fn names(pair: [String; 2]) -> usize {
    let first = &pair[0];
    first.len() + pair[1].len()
}

pub fn counted(words: &[String]) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for word in words {
        *counts.entry(word.clone()).or_insert(0) += 1;
    }
    counts
}

pub fn head(slot: &mut Option<String>, spare: Option<String>) -> usize {
    let given = spare.as_ref().map_or(0, |text| text.len());
    if let Some(text) = slot.as_mut() {
        text.push('!');
    }
    given + spare.map_or(0, |text| text.len())
}

pub fn bytes(data: &[u8]) -> Vec<u8> {
    data.to_vec()
}

pub fn even(values: &[u32]) -> Vec<u32> {
    values.iter().filter(|value| **value % 2 == 0).copied().collect()
}

pub fn spent(value: Value) -> (usize, usize) {
    let before = value.len_once();
    (before, value.len_once())
}

impl Value {
    fn len_once(&self) -> usize {
        self.text().map_or(0, str::len)
    }
}

pub fn grown(values: &Vec<u32>) -> u32 {
    let mut most = 0;
    for value in values {
        most = most.max(*value);
    }
    most
}
