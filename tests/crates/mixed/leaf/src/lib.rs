//! A dependency, to see that it is not built again.

/// A number as text.
pub fn text(n: i32) -> String {
    n.to_string()
}
