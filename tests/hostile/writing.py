"""Crates that want to leave marks: outside their target folder, or in it where the host would step on them."""

from __future__ import annotations

from oxidizer.cluster.promises import Promise
from tests.hostile.case import BACKENDS, Case, Evidence
from tests.hostile.forms import build_script, macro, test
from tests.hostile.stage import OTHERS

SOURCES = """
fn strike() {
    let _ = std::fs::write("/box/src/src/lib.rs", "pub fn two() -> u32 { 2 }");
    let _ = std::fs::write("/box/src/rust-toolchain.toml", "");
}
"""

REGISTRY = """
fn strike() {
    let _ = std::fs::write("/cargo/registry/cache/one-1.0.0.crate", "two");
    let _ = std::fs::write("/cargo/registry/cache/evil-1.0.0.crate", "evil");
}
"""

_CONFIG = """
fn strike() {
    if std::fs::write("/cargo/config.toml", "[build]\\nrustc-wrapper = '/box/target/evil'").is_ok() {
        told("rewrote cargo's configuration");
    }
    if std::fs::write("/cargo/credentials.toml", "").is_ok() {
        told("wrote into cargo's home");
    }
}
"""

_SHIMS = """
fn strike() {
    let _ = std::fs::write("/opt/oxidizer/test-runner", "#!/bin/sh\\nexit 0\\n");
    let _ = std::fs::write("/opt/oxidizer/evil", "#!/bin/sh\\n");
}
"""

_TOOLCHAIN = """
fn strike() {
    let _ = std::fs::write("/opt/rust/bin/cargo-evil", "#!/bin/sh\\n");
}
"""

_ROOT = """
fn strike() {
    for folder in ["/", "/box", "/opt", "/cargo", "/dev"] {
        if std::fs::write(format!("{folder}/planted"), "x").is_ok() {
            return told(&format!("wrote into {folder}"));
        }
    }
}
"""

# A hard link cannot be had from one mount to another; the link by name writes where the sources are writable.
_LINK = """
fn strike() {
    let _ = std::fs::hard_link("/box/src/src/lib.rs", "/box/target/linked");
    let _ = std::fs::write("/box/target/linked", "pub fn two() -> u32 { 2 }");
    let _ = std::os::unix::fs::symlink("/box/src/src/lib.rs", "/box/target/pointed");
    let _ = std::fs::write("/box/target/pointed", "pub fn two() -> u32 { 2 }");
}
"""

# The host asks for `results/report`. On the host, not in the sandbox, the links lead somewhere.
_SYMLINK = """
fn strike() {
    std::fs::create_dir_all("/box/target/results").unwrap();
    std::os::unix::fs::symlink("@secret@", "/box/target/results/report").unwrap();
}
"""

_FOLDER_LINK = """
fn strike() {
    std::os::unix::fs::symlink("@elsewhere@", "/box/target/results").unwrap();
}
"""

# A file of the crate's becomes one of another unit's: what the host writes into it, it writes there.
_SWAPPED = """
fn strike() {
    let _ = std::fs::remove_file("/box/src/src/lib.rs");
    let _ = std::os::unix::fs::symlink("@elsewhere@/report", "/box/src/src/lib.rs");
}
"""

# One file system holds it all, and yet these are several mounts.
_HARD_LINK = """
fn strike() {
    std::fs::create_dir_all("/box/target/results").unwrap();
    for way in ["@secret@", "/box/src/../secret", "/proc/self/root@secret@", "/box/src/Cargo.toml"] {
        let _ = std::fs::hard_link(way, "/box/target/results/report");
    }
}
"""

_FOLDER = """
fn strike() {
    std::fs::create_dir_all("/box/target/results/report/deeper").unwrap();
}
"""

# A device of the crate's own making: /dev/zero's numbers.
_NODE = """
extern "C" {
    fn mknod(path: *const u8, mode: u32, device: u64) -> i32;
}

fn strike() {
    std::fs::create_dir_all("/box/target/results").unwrap();
    unsafe { mknod(c"/box/target/results/report".as_ptr().cast(), 0o020666, 0x105) };
}
"""

_DEVICE = """
fn strike() {
    std::fs::create_dir_all("/box/target/results").unwrap();
    std::os::unix::fs::symlink("/dev/zero", "/box/target/results/report").unwrap();
}
"""

_FIFO = """
extern "C" {
    fn mkfifo(path: *const u8, mode: u32) -> i32;
}

fn strike() {
    std::fs::create_dir_all("/box/target/results").unwrap();
    assert_eq!(0, unsafe { mkfifo(c"/box/target/results/report".as_ptr().cast(), 0o666) });
}
"""


def changed(evidence: Evidence) -> str | None:
    """Something of the host is not as it was."""
    return f"changed {', '.join(evidence.changed)}" if evidence.changed else None


def changed_anothers(evidence: Evidence) -> str | None:
    """Another unit's sources are not what they were."""
    return "the host's edit went into another unit's sources" if OTHERS in evidence.changed else None


def collected(evidence: Evidence) -> str | None:
    """What was collected is not the crate's, or the host waits for it."""
    return f"the host {evidence.collected}" if evidence.collected else None


_MOUNTS = dict.fromkeys(BACKENDS, "a hard link leads from no mount to another, whatever is broken")
_NO_NODES = {"bubblewrap-user": "the capabilities of a user namespace reach nothing outside of it"}
_IMAGE = {"docker": "the toolchain is in the image, whose files belong to root"}

CASES = (
    Case("rewritten_sources", Promise.READ_ONLY, build_script(SOURCES), harm=changed, quick=("docker", "bubblewrap")),
    Case("rewritten_by_macro", Promise.READ_ONLY, macro(SOURCES), harm=changed),
    Case("poisoned_registry", Promise.READ_ONLY, build_script(REGISTRY), harm=changed, quick=("bubblewrap-user",)),
    Case("poisoned_configuration", Promise.READ_ONLY, build_script(_CONFIG),
         void=dict.fromkeys(("docker", "bubblewrap"), "our files in cargo's home belong to us, writable or not")),
    Case("replaced_shims", Promise.READ_ONLY, test(_SHIMS), command="test", harm=changed),
    Case("planted_subcommand", Promise.READ_ONLY, build_script(_TOOLCHAIN), harm=changed, void=_IMAGE),
    Case("planted_in_the_root", Promise.READ_ONLY, build_script(_ROOT),
         void=dict.fromkeys(("docker", "bubblewrap"), "the root's own folders belong to root")),
    Case("linked_sources", Promise.READ_ONLY, build_script(_LINK), harm=changed),
    Case("neighbours_sources", Promise.READ_ONLY, build_script(_SWAPPED), command="edit", harm=changed_anothers,
         quick=("bubblewrap-user",)),
    Case("report_is_a_link", Promise.COLLECTION, build_script(_SYMLINK), command="collect", harm=collected,
         quick=("docker", "bubblewrap")),
    Case("report_below_a_link", Promise.COLLECTION, build_script(_FOLDER_LINK), command="collect", harm=collected),
    Case("report_is_a_link_to_a_device", Promise.COLLECTION, build_script(_DEVICE), command="collect", harm=collected),
    Case("report_is_a_fifo", Promise.COLLECTION, build_script(_FIFO), command="collect", harm=collected,
         quick=("bubblewrap-user",)),
    Case("report_is_a_folder", Promise.COLLECTION, build_script(_FOLDER), command="collect", harm=collected,
         quick=("bubblewrap",)),
    Case("report_is_a_device", Promise.CAPABILITIES, build_script(_NODE), command="collect", harm=collected,
         plain_target=True, void=_NO_NODES),
    Case("report_is_a_hard_link", Promise.HOST_FILES, build_script(_HARD_LINK), command="collect", harm=collected,
         plain_target=True, void=_MOUNTS),
)  # fmt: skip
