use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

pub struct Store<K, V> {
    entries: BTreeMap<K, V>,
    log: Rc<RefCell<Vec<String>>>,
}

impl<K: Ord + Clone + std::fmt::Debug, V: Clone> Store<K, V> {
    pub fn new(log: &Rc<RefCell<Vec<String>>>) -> Self {
        Store { entries: BTreeMap::new(), log: Rc::clone(log) }
    }

    pub fn put(&mut self, key: K, value: V) -> Option<V> {
        self.log.borrow_mut().push(format!("put {:?}", key));
        if self.entries.len() >= crate::LIMIT {
            let oldest = self.entries.keys().next().cloned()?;
            self.entries.remove(&oldest);
        }
        self.entries.insert(key, value)
    }

    pub fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key)
    }

    pub fn copied(&self) -> Vec<(K, V)> {
        let mut out = Vec::new();
        for (key, value) in &self.entries {
            let pair = (key.clone(), value.clone());
            out.push(pair);
        }
        out
    }

    pub fn update<F>(&mut self, key: &K, change: F) -> bool
    where
        F: FnOnce(&mut V),
    {
        if let Some(value) = self.entries.get_mut(key) {
            change(value);
            true
        } else {
            false
        }
    }
}

pub fn counter() -> impl FnMut() -> u32 {
    let mut count = 0;
    move || {
        count += 1;
        count
    }
}

pub fn spawned(words: Vec<String>) -> usize {
    let shared = words.clone();
    let handle = std::thread::spawn(move || shared.iter().map(|w| w.len()).sum::<usize>());
    let all = handle.join().unwrap_or(0);
    all + words.len()
}

/// The byte behind a pointer.
///
/// # Safety
/// The pointer is valid for reads.
pub unsafe fn peek(at: *const u8) -> u8 {
    unsafe { *at }
}

pub fn first_byte(bytes: &[u8]) -> Option<u8> {
    if bytes.is_empty() {
        return None;
    }
    let at = bytes.as_ptr();
    Some(unsafe { peek(at) })
}
