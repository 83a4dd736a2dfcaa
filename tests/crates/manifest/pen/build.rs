fn main() {
    println!("cargo::rustc-check-cfg=cfg(pressed)");
    println!("cargo::rustc-cfg=pressed");
}
