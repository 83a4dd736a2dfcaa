use std::fmt::Debug;

#[derive(Debug, Clone, Copy)]
pub enum Kind {
    Word,
    Space,
}

pub struct Words<'a> {
    rest: std::str::Split<'a, char>,
}

impl<'a> Words<'a> {
    pub fn next(&mut self) -> Option<&'a str> {
        self.rest.next()
    }
}

pub struct Line {
    text: String,
    end: usize,
}

impl Line {
    pub fn words(&self) -> Words<'_> {
        Words { rest: self.text.split(' ') }
    }

    pub fn len(&self) -> usize {
        self.text.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn bounds(&self) -> (usize, usize) {
        let Line { text, end } = self;
        (text.len(), *end)
    }
}

pub fn count(words: Words<'_>) -> usize {
    let line_words = words.rest;
    line_words.count()
}

fn measure(text: &str) -> usize {
    let found = text.trim_start();
    found.len()
}

pub fn measured(text: &str) -> usize {
    measure(text)
}

pub fn width(kind: Kind) -> usize {
    match kind {
        Kind::Word => 4,
        Kind::Space => 1,
    }
}

pub fn push_given(values: &mut Vec<u32>, given: Option<u32>) {
    if let Some(value) = given {
        values.push(value);
    }
}

pub fn is_used(count: u32) -> bool {
    count > 0
}

pub fn is_free(count: u32) -> bool {
    count == 0
}

pub fn shown(value: &dyn Debug) -> String {
    format!("{value:?}")
}
