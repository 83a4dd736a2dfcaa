"""The licence bundle: for every crate in a corpus the texts and names by which its code may be passed on.

    CORPUS/licences/texts/<sha256>.txt   each text once, byte for byte as the package ships it
    CORPUS/licences/INDEX.md, index.json which crate, version, licence, source, authors and texts; index.json is last

The same crates give the same bytes, in any order and after any number of interruptions. What cannot be had is listed
as missing, never left out; trouble with the network raises, and the same call then goes on where it ended.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from oxidizer.cluster.crates import CrateSpec
from oxidizer.cluster.fetch import FetchError, RegistryUnavailable, fetch_published
from oxidizer.cluster.scratch import scratch
from oxidizer.cluster.tarball import UnpackError
from oxidizer.cluster.toolchain import Toolchain
from oxidizer.cluster.unpack import content_hash, unpack_source
from oxidizer.datasets.corpus.owed import RepositoryTexts
from oxidizer.datasets.corpus.pulls import PACKAGE, package_of
from oxidizer.datasets.corpus.texts import Shipped, shipped, standard_texts
from oxidizer.datasets.spdx import leaves, parse

FOLDER = "licences"
"""Where the bundle lies in a corpus."""
INDEX = "index.json"
_PAGE = "INDEX.md"
_TEXTS = "texts"
_JOURNAL = "journal.jsonl"
_MARKDOWN = re.compile(r"([\\`*_\[\]<>#|])")

_HEAD = """# Licences of the code in this corpus

{packages} packages, {texts} texts. Whoever passes rows on, passes on what is listed here for their packages.
Texts are as the packages ship them. A standard text is SPDX's, where the package ships none; what it leaves open in
angle brackets is for the authors named beside it."""


class NoticesInterrupted(Exception):
    """The registry, the network or this machine failed. Nothing is lost: the same call goes on where it ended."""


@dataclass(frozen=True, order=True)
class Used:
    """A package whose code is in a corpus."""

    crate: str
    version: str
    source: str
    """registry, path or git."""
    member: str
    license: str
    """The SPDX expression as taken."""
    source_url: str
    archive: Path | None = field(default=None, compare=False)
    """For a path, the `source.tar.gz` of its unit; for git, what its units keep of the repository (`owed.py`)."""

    @classmethod
    def of(cls, row: Mapping[str, Any], archive: Path | None = None) -> Used:
        """The package that a row is from."""
        return cls(**package_of(row), archive=archive)


@dataclass(frozen=True)
class Text:
    """One text of a package."""

    name: str
    """Its path in the package's source; of a standard text, what SPDX calls the licence or exception."""
    sha256: str
    standard: bool
    """SPDX's own text: the package ships none."""


@dataclass(frozen=True)
class Notice:
    """What is owed to one package."""

    crate: str
    version: str
    source: str
    member: str
    license: str
    source_url: str
    sha256: str
    """Of the package as published: of its `.crate` as the index promises it, of a path's content, of what units keep
    of a repository; "" if not had.
    """
    authors: tuple[str, ...]
    """As the manifest names them."""
    texts: tuple[Text, ...]
    missing: tuple[str, ...]
    """What could not be had, a sentence each: nobody should pass on the code before it is."""

    @property
    def used(self) -> Used:
        """The package."""
        return Used(**{key: getattr(self, key) for key in PACKAGE})


@dataclass(frozen=True)
class Bundle:
    """All that is owed, in the order of the packages."""

    notices: tuple[Notice, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """What could not be had, for the caller to refuse."""
        return tuple(f"{n.crate} {n.version}: {what}" for n in self.notices for what in n.missing)


def write_notices(corpus: Path, used: Iterable[Used], toolchain: Toolchain) -> Bundle:
    """Write the bundle of a corpus; what an earlier call wrote there of the same packages is not fetched again.

    Raises NoticesInterrupted.
    """
    folder = corpus / FOLDER
    (folder / _TEXTS).mkdir(parents=True, exist_ok=True)
    had, notices = _had(folder), []
    with standard_texts(toolchain) as standard, (folder / _JOURNAL).open("ab") as journal:
        # A line that a crash tore must not take the next one along.
        journal.write(b"\n")
        for package in sorted(set(used)):
            if (notice := had.get(package)) is None:
                notice = _gather(folder, package, toolchain, standard)
                journal.write(_line(notice))
                journal.flush()
            notices.append(notice)
    bundle = Bundle(tuple(notices))
    _publish(folder, bundle)
    return bundle


def read_notices(corpus: Path) -> Bundle:
    """The bundle of a corpus. Raises ValueError where it has none that is whole."""
    path = corpus / FOLDER / INDEX
    try:
        told = json.loads(path.read_bytes())
        return Bundle(tuple(_notice(entry) for entry in told["crates"]))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{path} is no index of licences ({error}); build the corpus again") from error


def faults(corpus: Path, used: Iterable[Used]) -> Iterator[str]:
    """What is wrong with a bundle, a sentence each: packages, texts or files that are missing, changed or too many.

    Raises ValueError where there is none.
    """
    bundle = read_notices(corpus)
    wanted, listed = set(used), {notice.used for notice in bundle.notices}
    yield from (f"{one.crate} {one.version} is not in the index" for one in sorted(wanted - listed))
    yield from (f"{one.crate} {one.version} is in the index and not in the corpus" for one in sorted(listed - wanted))
    yield from bundle.missing
    owed = {text.sha256 for notice in bundle.notices for text in notice.texts}
    there = {path.name.removesuffix(".txt"): path for path in (corpus / FOLDER / _TEXTS).glob("*")}
    yield from (f"the text {name} is missing" for name in sorted(owed - set(there)))
    for name, path in sorted(there.items()):
        if name not in owed:
            yield f"{path.name} belongs to no crate of the index"
        elif not _is_whole(path, name):
            yield f"{path.name} was changed: it has another hash"


Standard = Callable[[str], bytes | None]


def _gather(folder: Path, package: Used, toolchain: Toolchain, standard: Standard) -> Notice:
    found, sha256, missing = Shipped((), {}, (), False), "", []
    with scratch("notices") as place:
        tree = place.resolve() / "src"
        try:
            if package.source == "git" and package.archive is not None:
                kept = package.archive.read_bytes()
                sha256, found = hashlib.sha256(kept).hexdigest(), RepositoryTexts.of([kept]).shipped
            else:
                sha256 = _source(package, toolchain, tree)
                found = shipped(tree, package.member)
        except (RegistryUnavailable, OSError) as error:
            raise NoticesInterrupted(_interrupted(f"{package.crate} {package.version}", error)) from error
        except (FetchError, UnpackError) as error:
            missing.append(f"its sources cannot be had: {error}")
    texts = [Text(name, _keep(folder, text), False) for name, text in found.texts.items()]
    missing += [f"{name} is longer than any licence" for name in found.too_long]
    if sha256 and not found.has_licence:
        for name in _licences(package.license):
            try:
                text = standard(name)
            except (RegistryUnavailable, FetchError, OSError) as error:
                raise NoticesInterrupted(_interrupted(f"the text of {name}", error)) from error
            if text is None:
                missing.append(f"it ships no licence text, and SPDX has none of `{name}`")
            else:
                texts.append(Text(name, _keep(folder, text), True))
    own = {key: getattr(package, key) for key in PACKAGE}
    return Notice(**own, sha256=sha256, authors=found.authors, texts=tuple(texts), missing=tuple(missing))


def _source(package: Used, toolchain: Toolchain, tree: Path) -> str:
    """Unpack a package's source; gives its hash."""
    if not (tree / package.member).resolve().is_relative_to(tree):
        raise UnpackError(f"its folder `{package.member}` lies outside of its source")
    if package.source == "registry":
        return fetch_published(CrateSpec(package.crate, package.version), toolchain, tree)[0]
    if package.source != "path" or package.archive is None:
        raise UnpackError(f"it comes from a {package.source}, and no archive of its source was given")
    unpack_source(package.archive, tree)
    sha256 = content_hash(tree)
    if sha256[: len(package.version)] != package.version:
        raise UnpackError(f"{package.archive.name} is not the source that its version names")
    return sha256


def _interrupted(what: str, error: Exception) -> str:
    cause = " ".join(str(error).split())
    return f"{what} could not be fetched ({cause}); run the same command again, it goes on from here"


def _licences(expression: str) -> list[str]:
    """The names under which SPDX keeps the texts of an expression: of licences, and of exceptions to them."""
    parsed = parse(expression)
    named = leaves(parsed) if parsed is not None else {expression}
    return sorted({part for licence in named for part in licence.split(" WITH ")})


def _keep(folder: Path, text: bytes) -> str:
    sha256 = hashlib.sha256(text).hexdigest()
    path = folder / _TEXTS / f"{sha256}.txt"
    if not _is_whole(path, sha256):
        _write(path, text)
    return sha256


def _is_whole(path: Path, sha256: str) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256


def _write(path: Path, content: bytes) -> None:
    """So that the name always holds a whole file."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.part")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _had(folder: Path) -> dict[Used, Notice]:
    """What earlier calls found, as far as nothing was missing and its texts are still there."""
    lines = (folder / _JOURNAL).read_bytes().splitlines() if (folder / _JOURNAL).is_file() else []
    notices = [notice for line in lines if (notice := _read_line(line)) is not None]
    # An index that is none is made anew.
    with suppress(ValueError):
        notices += read_notices(folder.parent).notices
    whole: dict[str, bool] = {}
    for text in (text for notice in notices for text in notice.texts):
        if text.sha256 not in whole:
            whole[text.sha256] = _is_whole(folder / _TEXTS / f"{text.sha256}.txt", text.sha256)
    return {n.used: n for n in notices if not n.missing and all(whole[text.sha256] for text in n.texts)}


def _publish(folder: Path, bundle: Bundle) -> None:
    """Write the indexes, then remove what no crate of theirs needs."""
    _write(folder / _PAGE, _page(bundle).encode())
    told = {"schema_version": 1, "crates": [asdict(notice) for notice in bundle.notices]}
    _write(folder / INDEX, (json.dumps(told, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode())
    owed = {f"{text.sha256}.txt" for notice in bundle.notices for text in notice.texts}
    for path in (folder / _TEXTS).iterdir():
        if path.name not in owed:
            path.unlink()
    for path in [folder / _JOURNAL, *folder.glob("*.part")]:
        path.unlink()


def _line(notice: Notice) -> bytes:
    return json.dumps(asdict(notice), sort_keys=True, ensure_ascii=False).encode() + b"\n"


def _read_line(line: bytes) -> Notice | None:
    try:
        return _notice(json.loads(line))
    except (ValueError, TypeError, KeyError):
        return None


def _notice(told: Mapping[str, Any]) -> Notice:
    return Notice(
        **{
            **told,
            "authors": tuple(told["authors"]),
            "texts": tuple(Text(**text) for text in told["texts"]),
            "missing": tuple(told["missing"]),
        }
    )


def _page(bundle: Bundle) -> str:
    texts = {text.sha256 for notice in bundle.notices for text in notice.texts}
    head = _HEAD.format(packages=len(bundle.notices), texts=len(texts))
    return "\n".join([head, *(line for notice in bundle.notices for line in _section(notice)), ""])


def _section(notice: Notice) -> Iterator[str]:
    yield ""
    yield f"## {_plain(f'{notice.crate} {notice.version}')}"
    yield f"- licence as taken: {_plain(notice.license)}"
    yield f"- source: {_plain(notice.source_url)}"
    yield f"- authors: {_plain(', '.join(notice.authors)) or 'the manifest names none'}"
    for text in notice.texts:
        kind = "standard text, none shipped: " if text.standard else ""
        yield f"- {kind}[{_plain(text.name)}]({_TEXTS}/{text.sha256}.txt)"
    for what in notice.missing:
        yield f"- **missing**: {_plain(what)}"


def _plain(words: str) -> str:
    """Strangers' words, on one line and without meaning to Markdown."""
    return _MARKDOWN.sub(r"\\\1", " ".join(words.split()))
