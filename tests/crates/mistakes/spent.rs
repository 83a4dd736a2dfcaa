use std::collections::HashMap;

pub struct Report {
    title: String,
    lines: Vec<String>,
}

impl Report {
    pub fn new(title: String) -> Self {
        Report { title, lines: Vec::new() }
    }

    pub fn len(&self) -> usize {
        self.lines.iter().map(|line| line.len()).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn add(&mut self, line: &str) {
        self.lines.push(line.to_owned());
    }

    pub fn title(&self) -> String {
        self.title.clone()
    }
}

pub fn written(title: String, words: &[&str]) -> (String, usize) {
    let mut report = Report::new(title);
    let mut total: usize = 0;
    for word in words {
        total += word.len();
        report.add(word);
    }
    (report.title(), total + report.len())
}

pub fn twice(report: Report) -> usize {
    report.size() + report.size()
}

impl Report {
    fn size(&self) -> usize {
        self.title.len()
    }
}

pub fn sizes(reports: &[Report]) -> Vec<usize> {
    reports.iter().map(Report::size).collect()
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

pub fn counted<T: Into<String>>(first: T, words: &[String]) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    counts.insert(first.into(), 1);
    for word in words {
        *counts.entry(word.clone()).or_insert(0) += 1;
    }
    counts
}

pub fn bits(values: &[u32]) -> (u32, bool) {
    let mut ones = 0;
    let mut any = false;
    for value in values {
        ones += value.count_ones();
        any |= *value != 0;
    }
    let mut rounds = 3;
    while rounds > 0 {
        rounds -= 1;
    }
    (ones, any)
}
