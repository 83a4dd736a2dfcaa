//! A crate with one test of every kind.

/// Twice a number, as text.
///
/// ```
/// assert_eq!(mixed::doubled(21), "42");
/// ```
pub fn doubled(n: i32) -> String {
    leaf::text(n.wrapping_mul(2))
}

/// Half a number, if it has one.
///
/// ```
/// if std::env::var_os("MIXED_ABORT").is_some() {
///     std::process::abort();
/// }
/// assert_eq!(mixed::half(3), None);
/// ```
pub fn half(n: i32) -> Option<i32> {
    (n % 2 == 0).then_some(n / 2)
}

#[cfg(test)]
mod tests {
    use super::doubled;

    #[test]
    fn doubles() {
        assert_eq!(doubled(4), "8");
    }

    #[test]
    #[should_panic(expected = "left")]
    fn panics_on_purpose() {
        assert_eq!(doubled(1), "3");
    }

    #[test]
    #[ignore = "fails, to show that ignored is not failed"]
    fn ignored() {
        panic!("never run");
    }

    #[test]
    fn leaves_a_line_open() {
        use std::io::Write;
        std::io::stdout().write_all(b"no newline").unwrap();
    }
}
