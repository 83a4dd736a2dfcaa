#!/bin/sh
# Puts on a Debian machine what `make mine` (setup.sh mine) and `make test` (setup.sh test) need beside Python packages.
# As root it installs by apt what is missing; else it says what to install. Quick and quiet when everything is there.
# Exit status: 0 when mining can work, 1 when something needed is missing. It removes and upgrades nothing on purpose.
set -u

purpose=${1:-mine}
python=${PYTHON:-python3}
oldest_rust=85 # 1.85 reads every edition and lock file of the registry
cargo_home=${CARGO_HOME:-${HOME:-/root}/.cargo}
PATH=$PATH:$cargo_home/bin:/usr/sbin:/sbin

say() { printf 'setup: %s\n' "$*" >&2; }
have() { command -v "$1" >/dev/null 2>&1; }

usable_rust() {
    have cargo && rustc --version 2>/dev/null | {
        IFS=' .' read -r _ major minor _ && [ "$major" -gt 1 ] || [ "${minor:-0}" -ge "$oldest_rust" ]
    }
}

# The packages whose absence stops mining.
needed() {
    have git || echo git
    have make || echo make
    have gcc || echo gcc
    [ -e /usr/include/stdio.h ] || echo libc6-dev
    have pkg-config || echo pkg-config
    have "$python" || echo python3
    "$python" -c 'import ensurepip, venv' 2>/dev/null || echo python3-venv
    have bwrap || echo bubblewrap
    if ! usable_rust && ! have rustup; then echo rustc-web cargo-web rust-web-clippy rustfmt-web; fi
}

# The packages without which something is weaker: each with what it costs.
welcome() {
    # A client alone is no Docker, unless it reaches a daemon.
    have dockerd || docker info >/dev/null 2>&1 || echo "docker.io (no Docker sandbox, bubblewrap alone)"
    have iptables || echo "iptables (no Docker daemon)"
    [ "$(id -u)" != 0 ] || have mkfs.ext4 || echo "e2fsprogs (a watcher bounds a crate's disk, no file system does)"
    have debootstrap || echo "debootstrap (no toolchain image without a base image)"
    llvm=$(rustc -vV 2>/dev/null | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
    if [ -n "$llvm" ] && ! have "llvm-profdata-$llvm" && [ ! -x "/usr/lib/llvm-$llvm/bin/llvm-profdata" ]; then
        echo "llvm-$llvm (no line coverage: it stays unknown whether a test runs the edited lines)"
    fi
    if [ "$purpose" = test ]; then
        have chromium || have google-chrome || echo "chromium (the report is not looked at in a browser)"
        have ip || echo "iproute2 (no campaign is tried without its network)"
        have mkfs.ext4 || echo "e2fsprogs (no campaign is tried on a full disk)"
    fi
}

apt_install() {
    log=$(mktemp)
    if [ -z "${updated:-}" ]; then
        apt-get -q update >"$log" 2>&1 || say "apt-get update failed; trying with the lists that are there"
        updated=yes
    fi
    DEBIAN_FRONTEND=noninteractive apt-get -qy --no-install-recommends --no-remove install "$@" >"$log" 2>&1
    status=$?
    [ "$status" = 0 ] || tail -n 5 "$log" >&2
    rm -f "$log"
    return "$status"
}

install_all() {
    missing=$(needed | xargs)
    if [ -n "$missing" ]; then
        say "installing $missing"
        # shellcheck disable=SC2086 # one word a package
        apt_install $missing || say "apt could not install them"
    fi
    # Rust first: the LLVM tools have to be of its version.
    welcome | while read -r package cost; do
        say "installing $package"
        apt_install "$package" </dev/null || say "apt could not install $package $cost"
    done
}

check() {
    ok=0
    missing=$(needed | xargs)
    # Docker does without bubblewrap.
    if [ "$missing" = bubblewrap ] && docker info >/dev/null 2>&1; then
        say "bubblewrap is missing (no sandbox but Docker): apt-get install bubblewrap"
        missing=
    fi
    if [ -n "$missing" ]; then
        say "missing, as root: apt-get install $missing"
        ok=1
    fi
    if ! usable_rust; then
        if have rustup; then
            say "rustup has no Rust of at least 1.$oldest_rust here: rustup toolchain install stable"
        else
            say "no Rust of at least 1.$oldest_rust is here: install the packages above, or rustup"
        fi
        ok=1
    elif ! cargo clippy --version >/dev/null 2>&1 || ! cargo fmt --version >/dev/null 2>&1; then
        say "clippy or rustfmt is missing: rustup component add clippy rustfmt, or apt-get install rust-web-clippy rustfmt-web"
        ok=1
    fi
    if have "$python" && ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
        say "Python 3.11 or newer is needed, $python is $("$python" -V 2>&1 | cut -d' ' -f2): make PYTHON=python3.12 ..."
        ok=1
    fi
    welcome | while read -r package cost; do
        say "would be good, as root: apt-get install $package $cost"
    done
    return "$ok"
}

case $purpose in
    mine | test) ;;
    *) say "no such purpose: $purpose (mine or test)" && exit 2 ;;
esac
if [ "$(id -u)" = 0 ] && have apt-get; then install_all; fi
check
