"""The files that a line of an answer names, whatever stands around them: words, quotes, a colon, Markdown.

What looks like a file's name is one, shown or not: an answer for a file that was not shown must never be taken for an
edit of another. So in doubt a word is a name; a few ways of writing that are common in prose about Rust are not.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

_FENCE = re.compile(r"\s*(?:`{3,}|~{3,})(.*)", re.DOTALL)
_ASIDE = re.compile(r"https?://[^\s<>()\[\]\"'`]*|</?\w+\s*/?>|^\s*//+!?")
"""Addresses, tags, and the mark of a comment."""
_BETWEEN = r"\s\"'`*#<>()\[\]{},;:|=\u00ab\u00bb\u2013\u2014\u2018-\u201e\u2026\u2192\u3001\uff0c\uff1a"
_WORD = re.compile(rf"(?:[A-Za-z]:(?=[/\\]))?[^{_BETWEEN}]+")
_IDIOM = re.compile(
    r"(?i:and/or|either/or|i/o|input/output|n/a|w/o|read/write|true/false|yes/no|\d+/\d+)|\\[nrt0]"
    r"|[A-Z]\w*(?:/[A-Z]\w*)+"
)
"""Words with a slash that are no paths; the last are types and traits, as in `Send/Sync`."""
_FILE = re.compile(
    r"(?!self\.)[^/\\]*\w\.(?i:rs|toml|md|txt|json|ya?ml|xml|html|css|js|csv|sql|ron|proto|pest|lalrpop|snap"
    r"|stderr|stdout|sh|py|c|h|cc|cpp|hpp)"
    r"|[Cc]argo\.lock|\.git\w+|\.env|[Mm]akefile|Dockerfile|[Jj]ustfile"
    r"|(?:LICEN[CS]E|README|CHANGELOG|COPYING|NOTICE)[\w.-]*"
)
"""A file's name without a folder. `self.size` is none, so that not every dot makes one."""
_LABELS = (["file"], ["path"], ["filename"], ["file", "name"], ["file", "path"])


def named(above: Sequence[str], files: Collection[str]) -> list[str]:
    """The files that are named right above a block, each once: by its fence or the last line that is none.

    Lines without a letter or digit are left aside. `files` are the names of those shown, which may be such as no rule
    would find.
    """
    found: list[str] = []
    for line in reversed(above):
        fence = _FENCE.fullmatch(line)
        found += _in_line(fence[1] if fence else line, files)
        if re.search(r"\w", line) and not fence:
            break
    return list(dict.fromkeys(found))


def _in_line(line: str, files: Collection[str]) -> list[str]:
    for whole in (line.strip(), line.strip(" \t\r*_`#:\"'").removeprefix("./")):
        if whole in files:
            return [whole]
    found, line = [], _ASIDE.sub(" ", line)
    for name in sorted(files, key=len, reverse=True):
        if not _WORD.fullmatch(name):
            # The words below would be parts of it.
            alone = rf"(?<![\w./\\~-])(?:\./)?{re.escape(name)}(?![\w/\\-]|\.\w)"
            line, count = re.subn(alone, " ", line)
            found += [name] * bool(count)
    return found + list(_words(line, files))


def _words(line: str, files: Collection[str]) -> Iterator[str]:
    words = [(word, m.end()) for m in _WORD.finditer(line) if (word := _bare(m[0]))]
    alone = len(words) == len(line.split()) == 1
    labelled = ":" in line and [word.lower() for word, _ in words[:-1]] in _LABELS
    for word, end in words[-1:] if labelled else words:
        # A method's name has its arguments behind it; a number in parentheses is a file's line.
        called = re.match(r"\((?!\d)", line[end : end + 2]) is not None
        if labelled or _is_path(word, called) or ((alone or word in files) and re.search(r"[./\\]", word)):
            yield word


def _bare(word: str) -> str:
    word = word.rstrip(".!?")
    return (word.strip("_") if word[:1] == word[-1:] == "_" else word).removeprefix("./")


def _is_path(word: str, called: bool) -> bool:
    if re.search(r"[/\\]", word):
        return re.search(r"\w", word) is not None and not _IDIOM.fullmatch(word)
    return not called and _FILE.fullmatch(word) is not None
