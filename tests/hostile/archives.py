"""Archives that no crate's author packs: what a plain reader does with them shows in a sandbox, ours refuses them."""

from __future__ import annotations

import gzip
import io
import tarfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from oxidizer.cluster.promises import Promise
from oxidizer.cluster.sandbox import Mounts
from oxidizer.cluster.tarball import UnpackError
from oxidizer.cluster.toolchain import Toolchain
from oxidizer.cluster.unpack import TreeLimits, unpack_crate
from tests.hostile.case import LIMITS, Group
from tests.hostile.trial import Outcome, Row, open_box
from tests.integration.boxes import MB

Member = tuple[tarfile.TarInfo, bytes]

# A plain reader, and a look at what it did, in a folder that is gone afterwards.
_READER = """
import os, stat, sys, tarfile
os.makedirs("/tmp/out/dest")
open("/tmp/victim", "w").write("mine")
try:
    archive = tarfile.open("/box/src/evil.crate", ignore_zeros=ZEROS, errors="surrogateescape")
    if hasattr(tarfile, "fully_trusted_filter"):
        archive.extraction_filter = tarfile.fully_trusted_filter
    archive.extractall("/tmp/out/dest")
except RecursionError:
    print("the reader's stack is full"); sys.exit()
found = [os.path.join(at, name) for at, folders, names in os.walk(b"/tmp/out/dest") for name in folders + names]
size = sum(os.lstat(path).st_size for path in found)
harm = LOOK
print(harm or "")
"""
# A reader in the manner of ours, which believes the number in a header.
_BELIEVER = """
import gzip
with gzip.open("/box/src/evil.crate") as stream:
    header = stream.read(512)
    read = len(stream.read(int(header[124:136].strip(b" \\0"), 8)))
print(f"read {read >> 20} MB at once" if read > 100 << 20 else "")
"""


@dataclass(frozen=True)
class Archive:
    """An archive of the crate `a` 1.0.0."""

    name: str
    make: Callable[[], bytes]
    look: str
    """A Python expression in the plain reader: the harm in words, or something false."""
    words: str | None
    """What the refusal says; None where the archive is unpacked, but for what would harm."""
    script: str = _READER
    zeros: bool = False
    """The plain reader reads on behind what looks like the end, as some do."""


def prove_archive(case: Archive, folder: Path, toolchain: Toolchain) -> Row:
    """A plain reader does the harm in a sandbox; ours does none, and then takes a good archive. AssertionError."""
    (folder / "src").mkdir()
    archive = folder / "src/evil.crate"
    archive.write_bytes(case.make())
    mounts = Mounts(folder / "src", folder / "target", toolchain.sysroot)
    limits = replace(LIMITS, tmp_bytes=128 * MB, memory_bytes=1024 * MB)
    # Devices are made by root; the sandbox gives the reader that one right of root's.
    with open_box("bubblewrap", mounts, limits, Promise.CAPABILITIES) as box:
        plain = box.run(
            ["/usr/bin/python3", "-c", case.script.replace("ZEROS", str(case.zeros)).replace("LOOK", case.look)]
        )
    harm = plain.stdout.decode().strip()
    assert harm, plain.stderr.decode()
    before = sorted(path.name for path in folder.iterdir())
    began = time.monotonic()
    try:
        unpack_crate(archive, folder / "out", "a", "1.0.0", _TREE)
        end = "unpacked without it"
        assert case.words is None
    except UnpackError as error:
        end = f"refused: {error}"
        assert case.words is not None, end
        assert case.words in end, end
        assert end.isprintable()
    seconds = time.monotonic() - began
    assert seconds < 20
    assert sorted(path.name for path in folder.iterdir()) in (before, sorted([*before, "out"]))
    left = [path.lstat() for path in (folder / "out").rglob("*")] if (folder / "out").exists() else []
    assert sum(stat.st_size for stat in left) <= 32 * MB
    assert not any(stat.st_mode & 0o7000 or (stat.st_nlink > 1 and stat.st_mode & 0o100000) for stat in left)
    good = folder / "good.crate"
    good.write_bytes(packed(file("Cargo.toml", b"[package]"), file("src/lib.rs")))
    unpack_crate(good, folder / "good", "a", "1.0.0")
    assert (folder / "good/Cargo.toml").read_bytes() == b"[package]"
    return Row(Group.ARCHIVES.value, case.name, "preparer", "-", Outcome.HELD, harm, end, plain.wall_s, seconds)


def file(name: str, data: bytes = b"x", mode: int = 0o644, kind: bytes = tarfile.REGTYPE) -> Member:
    """A member below the crate's folder, unless its name is absolute or leads out."""
    info = tarfile.TarInfo(name if name.startswith(("/", "b-")) else f"a-1.0.0/{name}")
    info.size, info.mode, info.type = len(data), mode, kind
    return info, data


def link(name: str, target: str, kind: bytes) -> Member:
    """A link, hard or symbolic."""
    info, _ = file(name, b"", kind=kind)
    info.linkname = target
    return info, b""


def packed(*members: Member, format: int = tarfile.GNU_FORMAT) -> bytes:
    """The archive of these members."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=format, errors="surrogateescape") as tar:
        for info, data in members:
            tar.addfile(info, io.BytesIO(data))
    return gzip.compress(raw.getvalue(), compresslevel=6, mtime=0)


def _resized(field: bytes) -> bytes:
    """A header that says this of its file's size, before 200 MB of zeros."""
    header = bytearray(file("x", b"")[0].tobuf())
    header[124:136] = field.ljust(12, b"\0")
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return gzip.compress(bytes(header) + bytes(200 * MB), compresslevel=1)


def _sparse() -> bytes:
    """A file of which the header says that it is 30 MB of holes, in the old GNU way."""
    info, _ = file("x", b"", kind=tarfile.GNUTYPE_SPARSE)
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    header[386:398], header[398:410] = b"%011o\0" % (30 * MB), b"%011o\0" % 0
    header[483:495] = b"%011o\0" % (30 * MB)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return gzip.compress(bytes(header) + bytes(1024))


def _pax(size: int) -> Member:
    info, data = file("x", b"y" * 2000)
    info.pax_headers = {"size": str(size)}
    return info, data


def _device() -> Member:
    info, data = file("x", b"", kind=tarfile.CHRTYPE)
    info.devmajor, info.devminor = 1, 5
    return info, data


def _tail(*members: Member) -> bytes:
    return gzip.decompress(packed(*members))


_TREE = TreeLimits(members=2000, total_bytes=32 * MB)
_COMMENT = tarfile.TarInfo.create_pax_global_header({"comment": "c" * 60_000})
_OUT = 'os.path.exists("/tmp/out/{0}") and "wrote /tmp/out/{0}"'

CASES = (
    Archive("traversal", lambda: packed(file("x"), file("../../evil")), _OUT.format("evil"), "no crate needs"),
    Archive("absolute_name", lambda: packed(file("/tmp/out/evil")), _OUT.format("evil"), "outside of"),
    Archive("folder_of_another", lambda: packed(file("b-1.0.0/x")), _OUT.format("dest/b-1.0.0/x"), "outside of"),
    Archive("link_and_through_it",
            lambda: packed(link("d", "/tmp/out", tarfile.SYMTYPE), file("d/evil")), _OUT.format("evil"),
            "neither a file nor a folder"),
    Archive("hard_link_out", lambda: packed(link("x", "/tmp/victim", tarfile.LNKTYPE), file("x", b"yours")),
            'open("/tmp/victim").read() == "yours" and "wrote into a file outside"', "neither a file nor a folder"),
    Archive("symlink_to_a_secret", lambda: packed(link("README.md", "/tmp/victim", tarfile.SYMTYPE)),
            'open("/tmp/out/dest/a-1.0.0/README.md").read() == "mine" and "the readme is a file of the host"',
            "neither a file nor a folder"),
    Archive("fifo", lambda: packed(file("x", b"", kind=tarfile.FIFOTYPE)),
            'any(stat.S_ISFIFO(os.lstat(f).st_mode) for f in found) and "a FIFO, which holds up who reads it"',
            "neither a file nor a folder"),
    Archive("device", lambda: packed(_device()),
            'any(stat.S_ISCHR(os.lstat(f).st_mode) for f in found) and "a device of the host"',
            "neither a file nor a folder"),
    Archive("set_user_id_bit", lambda: packed(file("x", mode=0o4755)),
            'any(os.lstat(f).st_mode & stat.S_ISUID for f in found) and "a set-user-id program"', None),
    Archive("bomb_by_ratio", lambda: packed(*(file(f"x{n}", bytes(30 * MB)) for n in range(3))),
            'size > 60 << 20 and f"{size >> 20} MB from {os.path.getsize(archive.name) >> 10} KB"',
            "far more than its packed size"),
    Archive("bomb_by_one_file", lambda: packed(file("x", bytes(40 * MB))),
            'size >= 40 << 20 and f"{size >> 20} MB in one file"', "more bytes than the limit"),
    Archive("bomb_by_count", lambda: packed(*(file(f"x{n}", b"") for n in range(2100))),
            'len(found) > 2000 and f"{len(found):,} files"', "more than 2000 members"),
    Archive("bomb_by_its_own_folder", lambda: packed(*[file("", b"", kind=tarfile.DIRTYPE)] * 2100),
            'len(archive.getmembers()) > 2000 and f"{len(archive.getmembers()):,} members"',
            "more than 2000 members"),
    Archive("bomb_by_depth", lambda: packed(file("d/" * 300 + "x")),
            'max(f.count(b"/") for f in found) > 300 and "folders 300 deep"', "deeper than"),
    Archive("bomb_by_headers", lambda: gzip.compress(_COMMENT * 2000 + _tail(file("x"))), "''",
            "headers for one member"),
    Archive("size_below_zero", lambda: _resized(b"-1"), "", "not octal", script=_BELIEVER),
    Archive("size_in_two_ways", lambda: packed(_pax(5), format=tarfile.PAX_FORMAT),
            'os.path.getsize("/tmp/out/dest/a-1.0.0/x") == 5 and "a file whose length depends on who reads"',
            "sets size"),
    Archive("holes", _sparse, 'size >= 30 << 20 and f"{size >> 20} MB of holes"', "neither a file nor a folder"),
    Archive("twice_the_same_name", lambda: packed(file("src/lib.rs", b"1"), file("src/lib.rs", b"2")),
            'open("/tmp/out/dest/a-1.0.0/src/lib.rs").read() == "2" and "the second file is in the first one\'s place"',
            "one file on some file systems"),
    Archive("names_by_case", lambda: packed(file("src/lib.rs"), file("src/LIB.rs")),
            'sum(b"lib.rs" in f.lower() for f in found) == 2 and "two files that are one elsewhere"',
            "one file on some file systems"),
    Archive("names_by_accent", lambda: packed(file("é"), file("e\u0301"), format=tarfile.PAX_FORMAT),
            'len(found) == 3 and "two files that are one elsewhere"', "one file on some file systems"),
    Archive("very_long_name", lambda: packed(file("n" * 250)),
            'any(len(os.path.basename(f)) == 250 for f in found) and "a name of 250 bytes"', "no crate needs"),
    Archive("name_not_in_utf8", lambda: packed(file("\udcff\udcfe")),
            'any(b"\\xff" in f for f in found) and "a name that is no text"', "not UTF-8"),
    Archive("name_for_a_terminal", lambda: packed(file("\x1b]0;owned\x07\x1b[2J")),
            'any(b"\\x1b" in f for f in found) and "a name that a terminal obeys"', "no crate needs"),
    Archive("hidden_behind_the_end", lambda: gzip.compress(_tail(file("x")) + _tail(file("hidden"))),
            'any(b"hidden" in f for f in found) and "a file that other readers do not see"', "after the archive's end",
            zeros=True),
    Archive("hidden_in_a_second_part", lambda: packed(file("x")) + packed(file("hidden")),
            'any(b"hidden" in f for f in found) and "a file that other readers do not see"', "after the archive's end",
            zeros=True),
)  # fmt: skip
