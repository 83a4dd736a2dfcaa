//! Trait objects, `impl Trait` and generics.

use std::collections::HashMap;
use std::fmt::{Debug, Display};

pub trait Shape {
    fn area(&self) -> u32;

    fn name(&self) -> String {
        "shape".to_string()
    }
}

pub struct Square(pub u32);

impl Shape for Square {
    fn area(&self) -> u32 {
        self.0 * self.0
    }
}

pub struct Circle {
    pub radius: u32,
}

impl Shape for Circle {
    fn area(&self) -> u32 {
        3 * self.radius * self.radius
    }
}

pub struct Scene<'a> {
    shapes: Vec<Box<dyn Shape>>,
    frame: Box<dyn Shape>,
    ground: &'a dyn Shape,
}

impl<'a> Scene<'a> {
    pub fn new(ground: &'a dyn Shape) -> Self {
        Scene { shapes: Vec::new(), frame: Box::new(Square(1)), ground }
    }

    pub fn add(&mut self, shape: Box<dyn Shape>) {
        self.shapes.push(shape);
    }

    pub fn add_square(&mut self, side: u32) {
        self.shapes.push(Box::new(Square(side)));
    }

    pub fn total(&self) -> u32 {
        let areas = self.shapes.iter().map(|shape| shape.area());
        areas.sum::<u32>() + self.frame.area() + self.ground.area()
    }

    pub fn named(&self) -> HashMap<String, &dyn Shape> {
        let twice = |name: String| name.repeat(2);
        self.shapes.iter().map(|shape| (twice(shape.name()), shape.as_ref())).collect()
    }
}

pub struct Reader<I: Iterator<Item = char>> {
    source: I,
    line: usize,
}

impl<I: Iterator<Item = char>> Reader<I> {
    pub fn next_line(&mut self) -> Option<String> {
        self.line += 1;
        let line: String = self.source.by_ref().take_while(|c| *c != '\n').collect();
        if line.is_empty() { None } else { Some(line) }
    }
}

pub fn make(round: bool) -> Box<dyn Shape> {
    if round {
        Box::new(Circle { radius: 2 })
    } else {
        Box::new(Square(2))
    }
}

pub fn unit() -> impl Shape {
    Square(1)
}

pub fn evens(limit: u32) -> impl Iterator<Item = u32> {
    (0..limit).filter(|n| n % 2 == 0)
}

pub fn evens_of(shapes: &mut dyn Iterator<Item = u32>) -> u32 {
    shapes.filter(|n| n % 2 == 0).sum()
}

pub fn show(shape: &dyn Shape) -> String {
    format!("{} of {}", shape.name(), shape.area())
}

pub fn describe(item: impl Display) -> String {
    let text = item.to_string();
    let letters = text.chars();
    letters.rev().collect()
}

pub fn debugged<T: Debug>(item: T) -> String {
    format!("{item:?}")
}

pub fn copied<T: Clone>(item: &T) -> (T, T) {
    (item.clone(), item.clone())
}

pub fn same<T: PartialEq>(left: &T, right: &T) -> bool {
    left == right
}

pub fn larger<T: Shape>(left: T, right: T) -> T {
    if left.area() > right.area() { left } else { right }
}

pub fn first<'a, T: Debug>(left: &'a T, name: &str) -> &'a T {
    if name.is_empty() {
        return left;
    }
    left
}

pub fn areas() -> String {
    let shapes = [make(true), make(false)];
    let total = show(larger(&Square(1), &Square(2)));
    let pair = copied(first(&debugged(total), "a"));
    format!("{} {}", shapes.len(), pair.0)
}

impl<S: Shape + ?Sized> Shape for &S {
    fn area(&self) -> u32 {
        (**self).area()
    }
}

pub fn fitting<S: Shape>(shapes: &[S], limit: &S) -> usize {
    shapes.iter().filter(|shape| shape.area() < limit.area()).count()
}

pub fn collected(text: &str) -> Vec<char> {
    let letters = text.chars();
    letters.collect()
}
