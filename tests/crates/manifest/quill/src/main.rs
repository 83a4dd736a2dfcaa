fn main() {
    println!("{}", quill::width());
}
