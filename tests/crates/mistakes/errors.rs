use std::fmt;
use std::num::ParseIntError;

#[derive(Debug)]
pub enum Error {
    Empty,
    Number(ParseIntError),
    Format(fmt::Error),
}

impl From<fmt::Error> for Error {
    fn from(error: fmt::Error) -> Self {
        Error::Format(error)
    }
}

pub struct Version {
    pub major: u32,
    pub minor: u32,
}

impl Version {
    pub fn parse(text: &str) -> Result<Version, Error> {
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Err(Error::Empty);
        }
        let mut parts = trimmed.split('.');
        let major = number(parts.next().ok_or(Error::Empty)?)?;
        let minor = match parts.next() {
            Some(part) => number(part)?,
            None => 0,
        };
        Ok(Version { major, minor })
    }

    pub fn next(&self) -> Version {
        Version { major: self.major.wrapping_add(1), minor: 0 }
    }
}

fn number(text: &str) -> Result<u32, Error> {
    match text.parse::<u32>() {
        Ok(value) => Ok(value),
        Err(error) => Err(Error::Number(error)),
    }
}

pub fn major(text: &str) -> Result<u32, Error> {
    let version = Version::parse(text)?;
    Ok(version.major)
}

pub fn sum(text: &str) -> Result<u32, Error> {
    let mut total = 0;
    for part in text.split(',') {
        total += part.parse::<u32>().map_err(Error::Number)?;
    }
    Ok(total)
}

pub fn written(version: &Version) -> Result<String, Error> {
    use fmt::Write;
    let mut text = String::new();
    write!(text, "{}.{}", version.major, version.minor)?;
    Ok(text)
}

pub fn first_number(text: &str) -> Option<u32> {
    let word = text.split(' ').next()?;
    if word.is_empty() {
        return None;
    }
    word.parse().ok()
}

pub fn count(text: &str) -> usize {
    let first = text.lines().next().unwrap();
    first.chars().count()
}

pub fn minor(text: &str) -> u32 {
    first_number(text).unwrap_or(0)
}

pub fn next_minor(text: &str) -> u32 {
    first_number(text).unwrap_or(0) + 1
}

pub fn doubled(text: &str) -> Result<u32, Error> {
    number(text).map(|value| value * 2)
}

pub fn letters(text: &str) -> Result<usize, Error> {
    let count = text.chars().filter(|c| c.is_alphabetic()).count();
    let lines = text.lines().next().map(str::len).unwrap_or_default().min(count);
    Ok(lines)
}

pub fn is_release(text: &str) -> Result<bool, Error> {
    Ok(Version::parse(text)?.major.min(1) == 1 && major(text)? + 1 > 1)
}

pub fn double_length(text: &str) -> Option<String> {
    let word = text.split(' ').next().map(|word| word.len() * 2);
    word.map(|length| length.to_string())
}

pub fn lengths(text: &str) -> Vec<usize> {
    text.split(' ').map(str::len).collect()
}

pub fn parsed(text: &str) -> Result<u32, Error> {
    text.parse::<u32>().map_err(Error::Number)
}
