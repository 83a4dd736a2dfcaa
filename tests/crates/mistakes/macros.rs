use std::fmt;

#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    Circle(u32),
    Square { side: u32 },
}

pub struct Frame {
    pub name: String,
    pub shapes: Vec<Shape>,
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} with ", self.name)?;
        for shape in &self.shapes {
            writeln!(f, "{}: {:?}", self.name, shape)?;
        }
        write!(f, "end")
    }
}

impl Frame {
    pub fn new(name: &str, sizes: &[u32]) -> Self {
        assert!(!name.is_empty());
        assert!(sizes.len() < 10, "too many sizes: {}", sizes.len());
        let mut shapes = vec![Shape::Circle(1)];
        for side in sizes.iter().copied() {
            debug_assert!(side > 0);
            shapes.push(Shape::Square { side });
        }
        Frame { name: name.to_string(), shapes }
    }

    pub fn label(&self, index: usize) -> String {
        let shape = &self.shapes[index];
        format!("{index}: {shape:?}")
    }

    pub fn title(&self) -> String {
        format!("{}", self.name)
    }

    pub fn area(&self, index: usize) -> u32 {
        match self.shapes.get(index) {
            Some(Shape::Circle(radius)) => 3 * radius * radius,
            Some(Shape::Square { side }) => side * side,
            None => panic!("no shape {}", index),
        }
    }
}

pub fn sizes(extra: u32) -> Vec<u32> {
    let mut sizes = vec![1, 2, 4];
    sizes.extend([extra, 8]);
    sizes
}

pub fn words() -> [&'static str; 2] {
    ["one", "two"]
}

pub fn report(count: usize, names: &[String]) {
    println!("{} names: {}", count, names.join(", "));
    eprintln!("done");
}
