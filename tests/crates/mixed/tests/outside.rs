#[test]
fn from_outside() {
    assert_eq!(mixed::doubled(-3), "-6");
}

#[test]
fn fails_when_asked() {
    assert!(std::env::var_os("MIXED_FAIL").is_none(), "asked to fail");
}

#[test]
fn hangs_when_asked() {
    while std::env::var_os("MIXED_HANG").is_some() {
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

#[test]
fn spins_when_asked() {
    while std::env::var_os("MIXED_SPIN").is_some() {}
}

#[test]
fn aborts_when_asked() {
    if std::env::var_os("MIXED_ABORT").is_some() {
        std::process::abort();
    }
}
