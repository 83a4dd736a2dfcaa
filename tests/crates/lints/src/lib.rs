//! Complaints whose suggestions are right, wrong, or right only in company.
//! The tests of mining read this crate; its lines are counted in none of them.

pub mod layout;

/// Twice a number.
///
/// ```
/// assert_eq!(lints::doubled(21), 42);
/// ```
#[must_use]
pub fn doubled(n: i32) -> i32 {
    return n * 2;
}

/// Half a number.
#[must_use]
pub fn halved(n: i32) -> i32 {
    return n / 2;
}

/// A number and three. No test runs this.
#[must_use]
pub fn unrun(n: i32) -> i32 {
    return n + 3;
}

/// Columns count characters, offsets count bytes.
#[must_use]
pub fn accented() -> usize {
    let é = "déjà vu"; return é.len();
}

/// Several complaints in one function.
#[must_use]
pub fn crowded(words: &[&str]) -> i32 {
    let mut unused = 1;
    let mut sum = 0;
    if words.len() == 0 {
        return unused;
    }
    for word in words.iter() {
        sum = sum + (word.len() as i32);
    }
    return sum;
}

fn shout(text: String) -> usize {
    text.len()
}

/// Its helper takes what it need not own: the tool's advice forgets this call.
#[must_use]
pub fn loud() -> usize {
    shout(String::from("loud"))
}

fn badName() -> i32 {
    7
}

/// The other half of a renaming.
#[must_use]
pub fn renamed() -> i32 {
    let badValue = badName();
    badValue
}

macro_rules! made {
    ($value:expr) => {{
        let mut made_here = $value;
        made_here
    }};
}

/// The complaint lies in the macro.
#[must_use]
pub fn from_macro() -> i32 {
    made!(3)
}

/// Divides, for the tests that ask for too much.
#[must_use]
pub fn encode(n: i32) -> i32 {
    return n + 1;
}

/// Takes `encode` back.
#[must_use]
pub fn decode(n: i32) -> i32 {
    return n - 1;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        assert_eq!(doubled(4), 8);
        assert_eq!(halved(4), 2);
    }

    #[test]
    fn words() {
        assert_eq!(crowded(&["a", "bc"]), 3);
        assert_eq!(crowded(&[]), 1);
        assert_eq!(accented(), 9);
    }

    #[test]
    fn round_trip() {
        assert_eq!(decode(encode(5)), 5);
        assert_eq!((loud(), renamed(), from_macro()), (4, 7, 3));
    }

    #[test]
    #[ignore = "its name begins as another's: leaving it out leaves no other out"]
    fn word() {
        panic!("ignored");
    }
}
