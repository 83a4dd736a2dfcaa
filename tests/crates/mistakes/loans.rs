pub struct Lexer {
    source: String,
    position: usize,
    tokens: Vec<String>,
    depth: Vec<usize>,
}

impl Lexer {
    pub fn new(source: &str) -> Self {
        Lexer { source: source.to_owned(), position: 0, tokens: Vec::new(), depth: vec![0] }
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.source[self.position..].chars().next()?;
        self.position += c.len_utf8();
        Some(c)
    }

    pub fn rewind(&mut self, to: usize) -> bool {
        self.position = to;
        self.position == self.source.len()
    }

    fn at_end(&self) -> bool {
        self.position == self.source.len()
    }

    pub fn pair(&mut self) {
        self.tokens.push("(".to_owned());
        self.bump();
        self.tokens.push(")".to_owned());
    }

    pub fn finish(&mut self) -> usize {
        self.depth.push(self.position);
        if self.at_end() {
            self.depth.clear();
        }
        let count = self.depth.len();
        self.depth.pop();
        count
    }
}

pub fn words(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let trimmed = text.trim();
    let start = &trimmed[1..];
    for word in start.split(' ') {
        out.push(word.to_owned());
    }
    let total = out.len();
    out.truncate(total / 2);
    out
}

pub fn digits(text: &str) -> u32 {
    let mut sum = 0;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '-' && chars.peek().is_some() {
            chars.next();
        }
        sum += c.to_digit(10).unwrap_or(0);
    }
    sum
}

pub fn flood(start: usize, edges: &[Vec<usize>]) -> Vec<bool> {
    let mut seen = vec![false; edges.len()];
    let mut stack = vec![start];
    while let Some(node) = stack.pop() {
        seen[node] = true;
        for &next in &edges[node] {
            if !seen[next] && stack.len() < edges.len() {
                stack.push(next);
            }
        }
    }
    seen
}

pub fn drained(queue: &mut Vec<u32>) -> u32 {
    let mut most = 0;
    for item in queue.iter() {
        if *item > most {
            most = *item;
        }
    }
    queue.clear();
    most
}

pub fn left_over(mut left: usize, cost: usize) -> usize {
    left -= cost;
    if left > 10 { left / 2 } else { left }
}
