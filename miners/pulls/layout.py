"""Rust without its layout: what rustfmt and whoever moves code leave as it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from oxidizer.datasets.corpus.tokens import tokens


def rust_tokens(source: bytes) -> tuple[str, ...]:
    """The tokens of Rust, comments left out, and the last comma of a list, which is layout."""
    return tuple(_without_last_commas(tokens(source.decode("utf-8", "surrogateescape"))))


def _without_last_commas(words: Sequence[str]) -> Iterator[str]:
    for word, behind in zip(words, [*words[1:], ""], strict=True):
        if word != "," or behind not in (")", "]", "}", ">", ""):
            yield word
