fn main() {
    println!("{}", mixed::doubled(21));
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_binary_has_a_test_too() {
        assert!(mixed::doubled(1).len() == 1);
    }
}
