use std::{env, fs, path::Path};

fn main() {
    let out = env::var("OUT_DIR").unwrap();
    fs::write(Path::new(&out).join("sheets.txt"), paper::sheets().to_string()).unwrap();
}
