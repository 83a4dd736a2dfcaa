//! Fields, methods, constructors and labels.

pub const LIMIT: usize = 10;

pub type Row = Vec<u8>;

#[derive(Debug, Clone)]
pub enum Token {
    Word(String),
    Pair(u8, u8),
    Span { start: usize, end: usize },
    End,
}

#[derive(Debug, Clone)]
pub struct Point {
    pub x: i32,
    pub y: i32,
}

impl Point {
    pub fn new(x: i32, y: i32) -> Point {
        Point { x, y }
    }

    pub fn origin() -> Self {
        Self { x: 0, y: 0 }
    }

    pub fn moved(&self, dx: i32, dy: i32) -> Point {
        Point { x: self.x + dx, y: self.y + dy }
    }

    pub fn is_origin(&self) -> bool {
        let Point { x: first, y: second } = self;
        *first == 0 && *second == 0
    }
}

pub struct Reader {
    input: Vec<u8>,
    offset: usize,
}

impl Reader {
    pub fn new(input: Vec<u8>) -> Reader {
        Reader { input, offset: 0 }
    }

    pub fn peek(&self) -> Option<u8> {
        self.input.get(self.offset).copied()
    }

    pub fn advance(&mut self, count: usize) -> usize {
        self.offset += count;
        self.rest()
    }

    fn rest(&self) -> usize {
        self.input.len() - self.offset
    }

    pub fn limit(&self) -> usize {
        self.rest().min(LIMIT)
    }
}

pub fn span(token: &Token) -> Token {
    match token {
        Token::Pair(left, right) => Token::Span { start: usize::from(*left), end: usize::from(*right) },
        Token::Span { start, end } => Token::Span { start: *start, end: *end },
        other => other.clone(),
    }
}

pub fn first_repeated(rows: &[Row], wanted: u8) -> Option<(usize, usize)> {
    let mut found = None;
    'rows: for (at, row) in rows.iter().enumerate() {
        for (column, cell) in row.iter().enumerate() {
            if *cell == wanted {
                found = Some((at, column));
                break 'rows;
            }
            if column > LIMIT {
                break;
            }
        }
    }
    found
}

pub fn largest(pairs: &[(u8, u8)]) -> u8 {
    let mut best = u8::MIN;
    for (left, right) in pairs {
        best = best.max(*left.max(right));
    }
    best
}

pub fn capacity(count: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(count);
    out.push(1);
    out
}
