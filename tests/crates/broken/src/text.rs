macro_rules! joined {
    ($($part:expr),* $(,)?) => {{
        let mut out = String::new();
        $(out.push_str(&$part);)*
        out
    }};
}

pub fn greet(name: &str) -> String {
    let greeting = "grüß dich, "; let owned = name.to_string();
    joined![greeting.to_string(), owned]
}

pub fn initials(text: &str) -> String {
    let mut out = String::new();
    for word in text.split('–') {
        if let Some(letter) = word.trim().chars().next() {
            out.push(letter);
            out.push('.');
        }
    }
    out
}

fn depth(text: &str) -> usize {
    if text.len() <= 1 {
        return 0;
    }
    let middle = text.char_indices().nth(text.chars().count() / 2).map_or(1, |(at, _)| at);
    1 + depth(&text[..middle])
}

pub(crate) mod inner {
    pub fn deepest(words: &[&str]) -> usize {
        words.iter().map(|word| super::depth(word)).max().unwrap_or_default()
    }
}

pub fn shown() -> usize {
    let words = ["eins", "zwei – drei"];
    let found = inner::deepest(&words);
    println!("{} of {}", found, words.len());
    found
}
