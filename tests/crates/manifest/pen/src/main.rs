use pen::Pen;

fn main() {
    println!("{}", Pen::default().write());
}
