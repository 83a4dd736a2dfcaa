pub fn total(values: &[u32]) -> u32 {
    let mut sum = 0;
    for value in values {
        sum += *value;
    }
    sum
}

pub fn collected(values: &[u32]) -> Vec<u32> {
    let mut out = Vec::new();
    out.extend_from_slice(values);
    out
}

pub struct Point {
    pub x: i32,
}

pub fn moved(by: i32) -> Point {
    let mut point = Point { x: 0 };
    point.x = by;
    point
}

pub fn shifted(mut point: Point, (mut dx, scale): (i32, i32)) -> Point {
    dx *= scale;
    point.x += dx;
    point
}

pub fn padded(mut line: String, width: usize) -> String {
    while line.len() < width {
        line.push(' ');
    }
    line
}

#[derive(Debug, PartialEq)]
pub struct Score {
    name: String,
    points: Vec<u32>,
}

pub trait Reset {
    fn reset(&mut self);
}

impl Reset for Score {
    fn reset(&mut self) {
        self.points.clear();
    }
}

impl Score {
    pub fn new(name: &str) -> Self {
        Score { name: name.to_string(), points: vec![] }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn last_two(&self) -> Option<&[u32]> {
        if self.points.len() < 2 {
            return None;
        }
        Some(&self.points[self.points.len() - 2..])
    }

    pub fn add(&mut self, points: u32) {
        self.points.push(points);
        sort(&mut self.points);
    }

    pub fn rename(&mut self, name: &str) {
        self.name = name.to_string();
    }

    pub fn double(&mut self) {
        for value in self.points.iter_mut() {
            *value *= 2;
        }
        if let Some(first) = self.points.first_mut() {
            raise(first);
        }
        for value in &mut self.points {
            *value += 1;
        }
    }

    pub fn restart(&mut self) {
        start_over(self);
        self.rename("again");
    }

    pub fn is(&self, other: &Score) -> bool {
        *self == *other && &self.name == &other.name && sum(&self.points) == sum(&other.points)
    }
}

pub fn rows(grid: &mut [Vec<u32>]) {
    for row in grid.iter_mut() {
        row.push(0);
    }
    let first = &mut grid[0];
    first.clear();
}

pub fn read_all(mut input: impl std::io::Read) -> std::io::Result<Vec<u8>> {
    let mut out = Vec::new();
    copied(&mut input, &mut out)?;
    Ok(out)
}

fn copied<R: std::io::Read>(mut from: R, to: &mut Vec<u8>) -> std::io::Result<usize> {
    from.read_to_end(to)
}

fn start_over(score: &mut Score) {
    score.reset();
}

fn sort(values: &mut [u32]) {
    values.sort_unstable();
}

fn raise(value: &mut u32) {
    *value += 1;
}

fn sum(values: &Vec<u32>) -> u32 {
    values.iter().sum()
}
