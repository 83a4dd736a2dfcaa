//! Type parameters, their bounds and their arguments.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::fmt::{Debug, Display};
use std::hash::Hash;
use std::marker::PhantomData;

pub trait Named: Debug + PartialEq {
    fn name(&self) -> String;

    fn shown(&self) -> String {
        format!("{self:?}")
    }

    fn is_same(&self, other: &Self) -> bool {
        self == other
    }
}

pub trait Copied: Clone {
    fn twice(&self) -> [Self; 2] {
        [self.clone(), self.clone()]
    }
}

pub struct Id<T> {
    index: usize,
    kind: PhantomData<T>,
}

impl<T> Id<T> {
    pub fn new(index: usize) -> Id<T> {
        Id { index, kind: PhantomData }
    }

    pub fn index(&self) -> usize {
        self.index
    }
}

pub struct Table<K, V> {
    rows: HashMap<K, V>,
}

impl<K: Eq + Hash, V> Table<K, V> {
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        self.rows.insert(key, value)
    }

    pub fn find<Q>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.rows.get(key)
    }
}

pub fn lookup(table: &Table<String, u32>, key: &str) -> Option<u32> {
    table.find(key).copied()
}

#[derive(Clone, Copy)]
pub struct Buffer<T, const N: usize> {
    items: [T; N],
}

impl<T: Copy, const N: usize> Buffer<T, N> {
    pub fn filled(item: T) -> Buffer<T, N> {
        Buffer { items: [item; N] }
    }

    pub fn get(&self, at: usize) -> T {
        self.items[at]
    }
}

impl<T: PartialEq, const N: usize> PartialEq for Buffer<T, N> {
    fn eq(&self, other: &Self) -> bool {
        self.items == other.items
    }
}

pub struct Pair {
    pub left: i32,
    pub right: i32,
}

impl Pair {
    pub fn sum(&self) -> i32 {
        self.left + self.right
    }

    pub fn turned(&self) -> Pair {
        Pair { left: self.right, right: self.left }
    }
}

pub fn loud(level: &Level) -> bool {
    matches!(level, Level::High)
}

pub enum Level {
    Low,
    High,
}

pub fn largest<T: PartialOrd + Copy>(items: &[T]) -> Option<T> {
    let mut best = *items.first()?;
    for item in items {
        if *item > best {
            best = *item;
        }
    }
    Some(best)
}

pub fn join<T: Display>(items: &[T]) -> String {
    let parts: Vec<String> = items.iter().map(|item| item.to_string()).collect();
    parts.join(", ")
}

pub fn doubled<T: Copy>(value: T) -> (T, T) {
    (value, value)
}

pub fn repeated<T: Clone>(value: &T, count: usize) -> Vec<T> {
    let mut out = Vec::new();
    for _ in 0..count {
        out.push(value.clone());
    }
    out
}

pub fn parse_or(text: &str, fallback: i64) -> Result<i64, String> {
    let parsed: Result<i64, _> = text.trim().parse();
    match parsed {
        Ok(value) => Ok(value),
        Err(_) if text.is_empty() => Ok(fallback),
        Err(_) => Err(text.to_string()),
    }
}

pub fn digits(text: &str) -> usize {
    let kept = text.chars().filter(|c| c.is_ascii_digit()).collect::<Vec<_>>();
    kept.len()
}

pub fn total(texts: &[&str]) -> bool {
    texts.iter().map(|text| text.len()).sum::<usize>() > 10 && texts.iter().any(|t| t.parse::<u8>().is_ok())
}

pub fn width(text: &str) -> usize {
    let width: u64 = text.len().try_into().unwrap_or(0);
    let shift: u32 = u32::from(text.is_empty()).into();
    (width >> shift) as usize + std::mem::size_of::<u16>()
}

pub fn cast(value: u8) -> u64 {
    u64::from(value) + Into::<u64>::into(value) + lengths(value)
}

fn lengths(value: u8) -> u64 {
    let wide: u64 = value.into();
    let other = None::<u8>;
    let none: Option<u8> = None;
    wide + if other.is_none() && none.is_none() { 1 } else { 0 }
}

pub fn add_all(values: impl Iterator<Item = u32>) -> u32 {
    let mut sum = 0;
    for value in values {
        sum += value;
    }
    sum
}

pub fn first_of<I: Iterator<Item = String>>(mut items: I) -> Option<String> {
    items.next()
}

pub fn lengths_of<I>(items: I) -> usize
where
    I: IntoIterator<Item = String>,
{
    items.into_iter().map(|item| item.len()).sum()
}

pub fn show_all<I: Iterator<Item = char>>(items: I) -> String {
    items.map(|c| format!("<{c}>")).collect()
}

pub fn above<I: Iterator<Item = u8>>(mut items: I, limit: u8) -> bool {
    items.any(|item| item > limit)
}

pub fn same<T: PartialEq>(left: T, right: T) -> bool {
    left == right
}

pub fn call<F: Fn(u8) -> u8>(f: F) -> u8 {
    f(1)
}

pub fn label(names: &[&'static str], at: usize) -> &'static str {
    names.get(at).copied().unwrap_or("none")
}

pub fn counted<T>(item: T, count: usize) -> Counted<T> {
    Counted { item, count, label: "plain" }
}

pub struct Counted<T> {
    pub item: T,
    pub count: usize,
    pub label: &'static str,
}

pub fn pick<T>(flag: bool, yes: T, no: T) -> T {
    if flag { yes } else { no }
}
