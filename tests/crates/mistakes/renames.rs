//! Functions with local variables of all kinds.

pub struct Grid {
    pub width: usize,
    pub height: usize,
    pub cells: Vec<u8>,
}

pub enum Shape {
    Rect { left: usize, right: usize },
    Dot,
}

pub fn grid(width: usize, height: usize) -> Grid {
    let cells = vec![0; width * height];
    Grid { width: width + 1, height: height + 1, cells }
}

pub fn rect(at: usize) -> Shape {
    if at == 0 { Shape::Dot } else { Shape::Rect { left: at - 1, right: at + 1 } }
}

pub fn average(values: &[u32]) -> Option<u32> {
    let mut sum = 0;
    let mut count = 0;
    for value in values {
        sum += value;
        count += 1;
    }
    if count == 0 { None } else { Some(sum / count) }
}

pub fn split(text: &str) -> (Vec<String>, usize) {
    let mut words = Vec::new();
    let mut longest = 0;
    for word in text.split(' ') {
        words.push(word.to_string());
        longest = longest.max(word.len());
    }
    (words, longest)
}

pub fn grown(grid: Grid) -> Grid {
    let mut wide = grid;
    let mut last = (0, 0);
    last.0 = wide.width;
    wide.width += 1 + last.0 + last.1;
    wide
}

pub fn trimmed(text: &str) -> String {
    let start = text.trim_start();
    let dots = start.trim_end_matches('.');
    if dots.len() < start.len() || start.is_empty() {
        return dots.to_string();
    }
    start.to_string()
}
