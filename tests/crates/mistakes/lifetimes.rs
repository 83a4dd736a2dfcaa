use std::fmt::Debug;

#[derive(Clone, Copy)]
pub struct Words<'a> {
    text: &'a str,
    at: usize,
}

pub struct Scanner<'src> {
    words: Words<'src>,
    last: Option<&'src str>,
    seen: Vec<String>,
}

pub enum Token<'a> {
    Word(&'a str),
    Phrase { words: Words<'a> },
}

impl<'a> Words<'a> {
    pub fn new(text: &'a str) -> Self {
        Words { text, at: 0 }
    }

    pub fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub fn skip(&mut self, by: usize) {
        self.at += by;
    }
}

impl<'a> From<&'a str> for Words<'a> {
    fn from(text: &'a str) -> Self {
        Words::new(text)
    }
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let rest = self.rest();
        if rest.is_empty() {
            return None;
        }
        let end = rest.find(' ').unwrap_or(rest.len());
        self.skip(rest.len().min(end + 1));
        Some(&rest[..end])
    }
}

impl<'src> Scanner<'src> {
    pub fn new(text: &'src str) -> Self {
        Scanner { words: Words::new(text), last: None, seen: Vec::new() }
    }

    pub fn advance(&mut self) -> Option<&'src str> {
        self.last = self.words.next();
        self.last
    }

    pub fn note(&mut self) {
        if let Some(word) = self.advance() {
            self.seen.push(word.to_owned());
        }
        self.advance();
    }

    pub fn newest(&self) -> Option<&String> {
        self.seen.last()
    }

    pub fn name(&self) -> &str {
        self.seen[0].as_str()
    }
}

pub fn token<'a>(words: Words<'a>, many: bool) -> Token<'a> {
    if many {
        Token::Phrase { words }
    } else {
        Token::Word(words.rest())
    }
}

pub fn longer<'a>(first: &'a str, second: &'a str) -> &'a str {
    if first.len() > second.len() {
        first
    } else {
        second
    }
}

pub fn kind(index: usize) -> &'static str {
    match index {
        0 => "word",
        _ => "phrase",
    }
}

pub fn boxed<'a, T: Debug + 'a>(value: T) -> Box<dyn Debug + 'a> {
    Box::new(value)
}

pub fn lasting<T: Debug + 'static>(value: T) -> Box<dyn Debug> {
    Box::new(value)
}

pub fn shown<'a>(words: &'a [String]) -> Box<dyn Iterator<Item = usize> + 'a> {
    Box::new(words.iter().map(|word| word.len()))
}

fn size(text: &str) -> usize {
    text.len()
}

fn joined(words: &[&str]) -> usize {
    let text = words.concat();
    let lengths = Words::new(&text).map(size).sum::<usize>();
    lengths + size(&text) + size(&words.join(" ")) + measured(&text)
}

fn measured(text: &str) -> usize {
    joined(&[]) + size(text)
}

pub fn first_two(text: &str) -> usize {
    let owned = text.to_owned();
    let mut scanner = Scanner::new(&owned);
    scanner.note();
    scanner.note();
    scanner.newest().map_or(0, |word| word.len()) + measured(text)
}

pub struct Label<'a> {
    text: &'a str,
}

impl<'a> Label<'a> {
    pub fn text(&self) -> &'a str {
        self.text
    }
}

pub fn tail<'a>(text: &'a str) -> &'a str {
    let label = Label { text };
    label.text()
}

pub fn shorter<'a, 'b>(first: &'a str, _: &'b str) -> &'a str {
    first
}

pub fn gathered<'a>(out: &mut Vec<&'a str>, text: &'a str) {
    out.extend(Words::new(text));
}

pub fn lengths<'a>(words: &'a [String]) -> impl Iterator<Item = usize> + 'a {
    words.iter().map(|word| word.len())
}

fn weight(text: &str) -> usize {
    text.bytes().map(usize::from).sum()
}

pub fn heaviest(words: &[&str]) -> usize {
    let one = weight(&words.join(" "));
    one + words.len()
}

fn tally(text: &str) -> usize {
    text.split(' ').count()
}

pub fn tallied(text: &str) -> usize {
    tally(text) * 2
}
