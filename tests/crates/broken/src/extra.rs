pub fn only_with_the_feature(n: i64) -> i64 {
    let mut m = n;
    m += 1;
    m
}
