//! Types with derived traits.

use std::collections::{BTreeSet, HashMap};
use std::fmt;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Suit {
    Clubs,
    Hearts,
    Spades,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Card {
    pub suit: Suit,
    pub rank: u8,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Hand {
    pub cards: Vec<Card>,
    pub owner: String,
}

#[derive(Debug, Clone, Default)]
pub struct Score {
    pub points: u32,
    pub factor: f64,
}

#[derive(Debug)]
pub struct Game {
    pub score: Score,
    pub hand: Hand,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    #[default]
    Open,
    Closed,
}

#[derive(Debug, Default)]
pub struct Settings {
    pub mode: Mode,
    pub limit: usize,
}

pub struct Seat {
    pub index: usize,
}

pub struct Room {
    pub seat: Seat,
    pub beside: Option<usize>,
}

#[derive(Clone)]
pub struct Label {
    text: String,
}

#[derive(Clone)]
pub struct Sign {
    pub label: Label,
    pub lit: bool,
}

impl fmt::Debug for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Label({})", self.text)
    }
}

impl PartialEq for Label {
    fn eq(&self, other: &Label) -> bool {
        self.text.eq_ignore_ascii_case(&other.text)
    }
}

impl Default for Label {
    fn default() -> Label {
        Label { text: "none".to_string() }
    }
}

impl Sign {
    pub fn twin(&self) -> Sign {
        self.clone()
    }

    pub fn same(&self, other: &Sign) -> bool {
        self.label == other.label && self.lit == other.lit
    }
}

impl Hand {
    pub fn best(&self) -> Option<Card> {
        self.cards.iter().copied().max_by_key(|card| (card.suit, card.rank))
    }

    pub fn first(&self) -> Card {
        self.cards[0]
    }

    pub fn suits(&self) -> BTreeSet<Suit> {
        self.cards.iter().map(|card| card.suit).collect()
    }

    pub fn counts(&self) -> HashMap<Card, usize> {
        let mut counts = HashMap::new();
        for card in &self.cards {
            *counts.entry(*card).or_insert(0) += 1;
        }
        counts
    }
}

pub fn is_same(left: &Hand, right: &Hand) -> bool {
    left == right
}

pub fn report(game: &Game) -> String {
    format!("{game:?} {:?}", Settings::default())
}

pub fn fresh() -> Game {
    let hand = Hand { cards: Vec::new(), owner: String::new() };
    Game { score: Score::default(), hand }
}

pub fn twice(mode: Mode) -> (Mode, Mode) {
    (mode, mode)
}

pub fn saved(game: &Game) -> (Score, Hand) {
    (game.score.clone(), game.hand.clone())
}
