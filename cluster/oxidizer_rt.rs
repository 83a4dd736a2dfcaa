#[doc(hidden)] #[allow(warnings, clippy::all)] pub mod oxidizer_rt {
    // Chooses one mutant by OXIDIZER_MUTANT; without it, notes in the folder OXIDIZER_SEEN which test meets which.
    extern crate std;
    use self::std::{cell::RefCell, collections::HashSet, env, fs::OpenOptions, io::Write, sync::OnceLock, thread};
    static CHOSEN: OnceLock<u32> = OnceLock::new();
    self::std::thread_local! { static MET: RefCell<HashSet<u32>> = RefCell::new(HashSet::new()); }
    #[inline(never)]
    pub fn on(id: u32) -> bool {
        let chosen = *CHOSEN.get_or_init(|| env::var("OXIDIZER_MUTANT").ok().and_then(|n| n.parse().ok()).unwrap_or(0));
        if chosen == 0 {
            let first = MET.try_with(|met| met.borrow_mut().insert(id)).unwrap_or(false);
            if first { note(id); }
        }
        chosen == id
    }
    fn note(id: u32) {
        if let (Ok(folder), Ok(exe)) = (env::var("OXIDIZER_SEEN"), env::current_exe()) {
            let file = std::path::Path::new(&folder).join(exe.file_name().unwrap_or_default());
            if let Ok(mut file) = OpenOptions::new().append(true).create(true).open(file) {
                let line = std::format!("{} {}\n", id, thread::current().name().unwrap_or("?"));
                let _ = file.write_all(line.as_bytes());
            }
        }
    }
}
