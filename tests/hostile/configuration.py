"""Trees that want to steer cargo: what cargo does with them as they are shows in a sandbox; ours are prepared first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_MANIFEST = '[package]\nname = "steered"\nversion = "0.1.0"\nedition = "2021"\nlicense = "MIT"\n'
_LOCK = 'version = 4\n\n[[package]]\nname = "steered"\nversion = "0.1.0"\n'
_SAYS = 'fn main() {{\n    std::fs::write("/box/target/said", "{}").unwrap();\n}}\n'
_TEST = "#[test]\nfn passes() {}\n"
_SCRIPT = "#!/bin/sh\necho {} >/box/target/said\n{}\n"
_BESIDE = {
    "beside/Cargo.toml": _MANIFEST.replace("steered", "beside"),
    "beside/src/lib.rs": "",
    "beside/build.rs": _SAYS.format("built what lies beside the crate"),
}
_HELPER = '\n[dependencies]\nhelper = "1"\n'

CHECK = ("cargo", "check", "--offline")
TEST = ("cargo", "test", "--offline")


@dataclass(frozen=True)
class Steering:
    """A tree in `crate/`, with what lies beside it."""

    name: str
    files: Mapping[str, str]
    plain: tuple[str, ...] = CHECK
    """The command that does the harm in the tree as it is."""
    stripped: str | None = None
    """What our preparer leaves out, by its name; the tree then builds, and nothing of it happens."""
    refused: str | None = None
    """Else the words with which our preparer refuses the tree."""
    harm: str = ""
    """What the plain command prints where harm is done; empty: what stands in /box/target/said is the harm."""
    published: bool = False
    """The crate comes from a registry, not from a folder of the user's own."""
    command: str = "check"
    """What is run of the prepared tree: check, test or clippy."""
    folder: str = "crate"
    """Where the plain command is run."""
    links: Mapping[str, str] | None = None
    """Links in the tree, by name."""
    needs_rustup: bool = False
    """rustup stands for cargo."""
    quick: tuple[str, ...] = ()


def _configured(text: str, *, name: str = ".cargo/config.toml") -> dict[str, str]:
    """A crate with a test and a configuration of its own."""
    return {
        "crate/Cargo.toml": _MANIFEST,
        "crate/Cargo.lock": _LOCK,
        "crate/src/lib.rs": _TEST,
        f"crate/{name}": text,
    }


def _scripted(text: str, words: str, then: str = 'exec "$@"', *, name: str = ".cargo/config.toml") -> dict[str, str]:
    """The same with a script that the configuration names."""
    return {**_configured(text, name=name), "crate/evil.sh": script(words, then)}


def script(words: str, then: str = 'exec "$@"') -> str:
    """A program that cargo shall take for one of its own: it says so, and does what is expected."""
    return _SCRIPT.format(words, then)


_RUSTUP = """
[toolchain]
path = "/tmp/tree/crate/evil"
"""

CASES = (
    Steering("rustc_wrapper",
             _scripted('[build]\nrustc-wrapper = "./evil.sh"\n', "wrapped the compiler"),
             stripped=".cargo", quick=("docker", "bubblewrap", "bubblewrap-user")),
    Steering("workspace_wrapper",
             _scripted('[build]\nrustc-workspace-wrapper = "./evil.sh"\n', "wrapped the compiler"), stripped=".cargo"),
    Steering("compiler_replaced",
             _scripted('[build]\nrustc = "./evil.sh"\n', "is the compiler", 'exec /opt/rust/bin/rustc "$@"'),
             stripped=".cargo"),
    Steering("rustdoc_replaced",
             _scripted('[build]\nrustdoc = "./evil.sh"\n', "is rustdoc", 'exec /opt/rust/bin/rustdoc "$@"'),
             plain=TEST, command="test", stripped=".cargo"),
    Steering("runner",
             _scripted("[target.'cfg(all())']\nrunner = \"./evil.sh\"\n", "ran the tests"),
             plain=TEST, command="test", stripped=".cargo"),
    Steering("linker",
             {**_scripted('[target.x86_64-unknown-linux-gnu]\nlinker = "./evil.sh"\n', "linked", 'exec cc "$@"'),
              "crate/build.rs": "fn main() {}\n"},
             stripped=".cargo"),
    Steering("flags",
             {**_configured('[build]\nrustflags = ["--cfg", "owned"]\n'),
              "crate/build.rs": "#[cfg(owned)]\n" + _SAYS.format("compiled with its own flags")
              + "#[cfg(not(owned))]\nfn main() {}\n"}, stripped=".cargo"),
    Steering("variable",
             {**_configured('[env]\nLD_PRELOAD = { value = "", force = true }\nOWNED = "1"\n'),
              "crate/build.rs": 'fn main() {\n    if std::env::var("OWNED").is_ok() {\n        '
              'std::fs::write("/box/target/said", "set a variable").unwrap();\n    }\n}\n'}, stripped=".cargo"),
    Steering("target_folder", _configured('[build]\ntarget-dir = "/box/home/elsewhere"\n'),
             plain=("sh", "-c", "unset CARGO_TARGET_DIR; cargo check --offline && ls /box/home/elsewhere"),
             harm="debug", stripped=".cargo"),
    Steering("alias",
             {**_configured('[alias]\nclippy = "run --quiet --offline --"\n'),
              "crate/src/main.rs": _SAYS.format("ran instead of clippy")},
             plain=("cargo", "clippy"), command="clippy", stripped=".cargo"),
    Steering("source_replaced",
             {"crate/Cargo.toml": _MANIFEST + _HELPER, "crate/src/lib.rs": _TEST,
              "crate/.cargo/config.toml": '[source.crates-io]\nreplace-with = "own"\n[source.own]\ndirectory = "own"\n',
              "crate/own/helper/Cargo.toml": _MANIFEST.replace("steered", "helper").replace("0.1.0", "1.0.0"),
              "crate/own/helper/.cargo-checksum.json": '{"files": {}}', "crate/own/helper/src/lib.rs": "",
              "crate/own/helper/build.rs": _SAYS.format("its own helper was built for the registry's")},
             stripped=".cargo", quick=("bubblewrap",)),
    Steering("paths_overridden",
             {"crate/Cargo.toml": _MANIFEST + _HELPER, "crate/src/lib.rs": _TEST,
              "crate/.cargo/config.toml": 'paths = ["own"]\n[source.crates-io]\nreplace-with = "own"\n'
              '[source.own]\ndirectory = "vendor"\n',
              "crate/vendor/helper/Cargo.toml": _MANIFEST.replace("steered", "helper").replace("0.1.0", "1.0.0"),
              "crate/vendor/helper/.cargo-checksum.json": '{"files": {}}', "crate/vendor/helper/src/lib.rs": "",
              "crate/own/Cargo.toml": _MANIFEST.replace("steered", "helper").replace("0.1.0", "1.0.0"),
              "crate/own/src/lib.rs": "", "crate/own/build.rs": _SAYS.format("a path took a dependency's place")},
             stripped=".cargo"),
    Steering("old_name_of_the_file",
             _scripted('[build]\nrustc-wrapper = "./evil.sh"\n', "wrapped the compiler", name=".cargo/config"),
             stripped=".cargo"),
    Steering("configuration_of_a_member",
             {"crate/Cargo.toml": '[workspace]\nmembers = ["steered"]\nresolver = "2"\n', "crate/Cargo.lock": _LOCK,
              "crate/steered/Cargo.toml": _MANIFEST, "crate/steered/src/lib.rs": _TEST,
              "crate/steered/.cargo/config.toml": '[build]\nrustc-wrapper = "./evil.sh"\n',
              "crate/steered/evil.sh": script("wrapped the compiler")},
             folder="crate/steered", stripped="steered/.cargo"),
    Steering("published_with_configuration",
             _scripted('[build]\nrustc-wrapper = "./evil.sh"\n', "wrapped the compiler"),
             published=True, stripped=".cargo"),
    Steering("toolchain_file",
             {"crate/Cargo.toml": _MANIFEST, "crate/Cargo.lock": _LOCK, "crate/src/lib.rs": _TEST,
              "crate/rust-toolchain.toml": _RUSTUP, "crate/evil/bin/cargo.sh": script("is cargo", "exit 0"),
              "crate/evil/bin/rustc.sh": script("is rustc", "exit 0")},
             plain=("sh", "-c", "PATH=/opt/oxidizer:$PATH RUSTUP_HOME=/box/home cargo check"),
             stripped="rust-toolchain.toml", needs_rustup=True),
    Steering("workspace_above",
             {**_BESIDE, "crate/Cargo.toml": _MANIFEST + 'workspace = "../beside"\n', "crate/src/lib.rs": "",
              "beside/Cargo.toml": _BESIDE["beside/Cargo.toml"] + '[workspace]\nmembers = ["../crate"]\n'},
             plain=("cargo", "metadata", "--offline", "--no-deps", "--format-version=1"),
             harm='"workspace_root":"/tmp/tree/beside"', refused="does not contain it"),
    Steering("dependency_beside",
             {**_BESIDE, "crate/Cargo.toml": _MANIFEST + '[dependencies]\nbeside = { path = "../beside" }\n',
              "crate/src/lib.rs": ""}, refused="points out of the crate", quick=("docker",)),
    Steering("published_dependency_beside",
             {**_BESIDE, "crate/Cargo.toml": _MANIFEST + '[dependencies]\nbeside = { path = "../beside" }\n',
              "crate/src/lib.rs": ""}, refused="points out of the crate", published=True),
    Steering("dependency_in_git",
             {"crate/Cargo.toml": _MANIFEST + '[dependencies]\nx = { git = "http://127.0.0.1:@tcp@/x" }\n',
              "crate/src/lib.rs": ""},
             plain=("env", "-u", "CARGO_NET_OFFLINE", "CARGO_HOME=/tmp/home", "cargo", "check"), harm="tcp",
             refused="to a git repository", published=True),
    Steering("own_dependency_in_git_here",
             {"crate/Cargo.toml": _MANIFEST + '[dependencies]\nx = { git = "http://127.0.0.1:@tcp@/x" }\n',
              "crate/src/lib.rs": ""},
             plain=("env", "-u", "CARGO_NET_OFFLINE", "CARGO_HOME=/tmp/home", "cargo", "check"), harm="tcp",
             refused="to a git repository at"),
    Steering("patch_beside",
             {**_BESIDE, "crate/Cargo.toml": _MANIFEST + '[patch.crates-io]\nbeside = { path = "../beside" }\n'
              '[dependencies]\nbeside = "0.1"\n', "crate/src/lib.rs": ""}, refused="points out of the crate"),
    Steering("member_beside",
             {**_BESIDE, "crate/Cargo.toml": _MANIFEST + '[workspace]\nmembers = ["../beside"]\n',
              "crate/src/lib.rs": "", "beside/Cargo.toml": _BESIDE["beside/Cargo.toml"] + 'workspace = "../crate"\n'},
             plain=(*CHECK, "--workspace"), refused="points out of the crate"),
    Steering("member_by_pattern",
             {**_BESIDE, "crate/Cargo.toml": _MANIFEST + '[workspace]\nmembers = [".[.]/beside"]\n',
              "crate/src/lib.rs": "", "beside/Cargo.toml": _BESIDE["beside/Cargo.toml"] + 'workspace = "../crate"\n'},
             plain=(*CHECK, "--workspace"), refused="beside"),
    Steering("build_script_beside",
             {**_BESIDE, "crate/Cargo.toml": _MANIFEST + 'build = "../beside/build.rs"\n', "crate/src/lib.rs": ""},
             refused="points out of the crate"),
    Steering("library_beside",
             {**_BESIDE, "crate/Cargo.toml": _MANIFEST + '[lib]\npath = "../beside/src/lib.rs"\n'},
             plain=(*CHECK, "--message-format=json"), harm="/tmp/tree/crate/../beside/src/lib.rs",
             refused="points out of the crate"),
    Steering("source_is_a_link",
             {"crate/Cargo.toml": _MANIFEST, "crate/src/lib.rs": 'pub const NOTES: &str = include_str!("notes");\n',
              "beside/notes": "private",
              "crate/build.rs": 'fn main() {\n    let notes = std::fs::read_to_string("src/notes");\n'
              '    std::fs::write("/box/target/said", notes.unwrap_or_default()).unwrap();\n}\n'},
             links={"crate/src/notes": "../../beside/notes"}, stripped="src/notes (a link out of the tree)"),
)  # fmt: skip
