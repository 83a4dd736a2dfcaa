//! Modules, what they show and what they import.

pub mod shapes {
    use std::fmt;
    use std::fmt::Result as Written;

    pub const SIDES: u32 = 4;
    pub static UNIT: u32 = 1;

    pub struct Square {
        pub side: u32,
        pub(crate) area: u32,
    }

    pub struct Corner(pub u32, pub u32);

    pub struct Edge(pub Corner, pub u32);

    pub(crate) struct Grid {
        pub(super) cells: Vec<u32>,
    }

    pub enum Kind {
        Round,
        Flat,
    }

    pub trait Solid {
        fn volume(&self) -> u32;
    }

    pub type Pair = (u32, u32);

    impl Square {
        pub const MAX: u32 = 100;

        pub fn new(side: u32) -> Square {
            Square { side, area: side * side }
        }

        pub(crate) fn grown(&self) -> Square {
            Square::new(self.side + 1)
        }
    }

    impl Grid {
        pub(crate) fn sum(&self) -> u32 {
            self.cells.iter().sum()
        }
    }

    impl fmt::Display for Square {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> Written {
            write!(f, "[{}]", self.side)
        }
    }

    pub fn area(side: u32) -> u32 {
        side * side
    }

    pub(crate) fn corner(side: u32) -> Corner {
        Corner(side, side)
    }

    pub fn numbers(text: &str) -> Vec<u32> {
        let mut found = Vec::new();
        for word in text.split(' ') {
            if let Ok(number) = word.parse() {
                found.push(number);
            }
        }
        found
    }

    pub mod deep {
        use super::{area, Square};
        use std::cmp::{max, min};

        pub fn largest(squares: &[Square]) -> u32 {
            let mut best = 0;
            for square in squares {
                best = max(best, area(square.side));
            }
            min(best, Square::MAX)
        }

        pub(in crate::shapes) fn depth() -> u32 {
            2
        }
    }

    use std::cmp::Ordering as Depths;

    pub enum Ordering {
        Deep,
    }

    pub fn is_deep(ordering: &Ordering, depths: Depths) -> bool {
        matches!(ordering, Ordering::Deep) && depths.is_lt()
    }

    pub fn depth() -> u32 {
        deep::depth()
    }
}

mod front {
    pub use crate::shapes::deep::largest;
    pub use crate::shapes::{area, Kind};
    pub use std::time::Duration;
}

mod machine {
    use super::shapes::{self, Solid, Square};

    pub(super) struct Wheel {
        pub(super) spokes: u32,
    }

    impl Solid for Square {
        fn volume(&self) -> u32 {
            self.side * shapes::SIDES
        }
    }

    impl Iterator for Wheel {
        type Item = Spoke;

        fn next(&mut self) -> Option<Spoke> {
            self.spokes = self.spokes.checked_sub(1)?;
            Some(Spoke { index: self.spokes })
        }
    }

    pub struct Spoke {
        pub(super) index: u32,
    }
}

use crate::machine::Wheel;
use crate::shapes::{Corner, Edge, Grid, Pair, Solid, Square};
use front::Duration;
use std::collections::HashMap;

pub fn counted(words: &[&str]) -> HashMap<String, usize> {
    let mut counts = HashMap::with_capacity(words.len());
    for word in words {
        *counts.entry(word.to_string()).or_insert(0) += 1;
    }
    counts
}

pub fn total(squares: &[Square]) -> u32 {
    let grid = Grid { cells: squares.iter().map(|square| square.area).collect() };
    grid.sum() + front::area(shapes::SIDES) + shapes::UNIT + shapes::depth() + front::largest(squares)
}

pub fn grown(square: &Square) -> u32 {
    square.grown().volume()
}

pub fn span(corner: &Corner) -> Pair {
    (corner.0, corner.1)
}

pub fn length(edge: Edge) -> u32 {
    let Edge(corner, length) = edge;
    corner.0 + length + shapes::corner(1).1
}

pub fn is_round(kind: &front::Kind) -> bool {
    matches!(kind, front::Kind::Round)
}

pub fn spokes(count: u32) -> Vec<u32> {
    Wheel { spokes: count }.map(|spoke| spoke.index).collect()
}

pub fn start() -> Corner {
    Corner(0, 0)
}

pub fn pause() -> Duration {
    Duration::from_secs(1)
}
