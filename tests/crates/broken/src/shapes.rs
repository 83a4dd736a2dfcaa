pub trait Shape {
    const SIDES: usize;

    fn area(&self) -> f64;

    fn name(&self) -> String {
        format!("shape of {} sides", Self::SIDES)
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Square {
    side: f64,
    tags: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct Circle(pub f64);

impl Square {
    pub fn new(side: f64) -> Self {
        Square { side, tags: Vec::new() }
    }

    pub fn tagged(mut self, tag: &str) -> Self {
        self.tags.push(tag.to_owned());
        self
    }

    pub fn longest(&self) -> Option<&String> {
        let mut best: Option<&String> = None;
        for tag in &self.tags {
            if best.map_or(true, |b| tag.len() > b.len()) {
                best = Some(tag);
            }
        }
        best
    }

    pub fn tags(&self) -> &[String] {
        &self.tags
    }

    pub fn grow(&mut self, by: f64) {
        let side = &mut self.side;
        *side += by;
        self.tags.retain(|tag| !tag.is_empty());
    }
}

impl Shape for Square {
    const SIDES: usize = 4;

    fn area(&self) -> f64 {
        self.side * self.side
    }
}

impl Shape for Circle {
    const SIDES: usize = 0;

    fn area(&self) -> f64 {
        let Circle(radius) = self;
        std::f64::consts::PI * radius * radius
    }

    fn name(&self) -> String {
        "circle".to_string()
    }
}

pub fn largest<'a, S>(shapes: &'a [S]) -> Option<&'a S>
where
    S: Shape,
{
    let mut best = shapes.first()?;
    for shape in shapes {
        if shape.area() > best.area() {
            best = shape;
        }
    }
    Some(best)
}

pub fn total<T: Shape + Clone>(shapes: &[T]) -> f64 {
    let copies: Vec<T> = shapes.to_vec();
    copies.iter().map(|s| s.area()).sum()
}
