"""The licence gate: permissive and named is accepted, all else is rejected with a cause and a sentence."""

from pathlib import Path

import pytest

from oxidizer.datasets.licence import HeaderLicence, judge_licence, scan_headers


@pytest.mark.parametrize(
    ("expression", "spdx"),
    [
        ("MIT", "MIT"),
        ("MIT OR Apache-2.0", "MIT OR Apache-2.0"),
        ("MIT/Apache-2.0", "MIT OR Apache-2.0"),
        ("Apache-2.0 / MIT / MPL-2.0", "Apache-2.0 OR MIT"),
        ("MIT OR GPL-3.0-or-later", "MIT"),
        ("Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT", "Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT"),
        ("(MIT OR Apache-2.0) AND Unicode-3.0", "(MIT OR Apache-2.0) AND Unicode-3.0"),
        ("(MIT OR GPL-2.0-only) AND (ISC OR LGPL-3.0-only)", "MIT AND ISC"),
        ("Zlib OR Unlicense OR 0BSD", "Zlib OR Unlicense OR 0BSD"),
        ("MIT-0 OR BSL-1.0 OR CC0-1.0", "MIT-0 OR BSL-1.0 OR CC0-1.0"),
    ],
)
def test_permissive_expressions_are_accepted_by_their_permissive_part(expression: str, spdx: str) -> None:
    verdict = judge_licence(expression, None)
    assert (verdict.accepted, verdict.spdx, verdict.cause) == (True, spdx, None)


@pytest.mark.parametrize(
    ("expression", "license_file", "cause", "words"),
    [
        (None, None, "licence_unknown", "names no licence"),
        ("  ", None, "licence_unknown", "names no licence"),
        (None, "LICENSE", "licence_unknown", "only a file"),
        ("MIT AND", None, "licence_unknown", "not a valid SPDX expression"),
        ("MIT/Apache-2.0 AND ISC", None, "licence_unknown", "not a valid SPDX expression"),
        ("LicenseRef-MIT-TC", None, "licence_unknown", "not a valid SPDX expression"),
        ("My-Own", None, "licence_unknown", "My-Own"),
        ("BUSL-1.1", None, "licence_unknown", "not on the list"),
        ("GPL-3.0", None, "licence_copyleft", "GPL-3.0-only"),
        ("MIT AND MPL-2.0", None, "licence_copyleft", "MPL-2.0"),
        ("LGPL-2.1-only OR AGPL-3.0-only", None, "licence_copyleft", "AGPL-3.0-only, LGPL-2.1-only"),
        ("Apache-2.0 WITH Classpath-exception-2.0", None, "licence_unknown", "not on the list"),
        ("GPL-2.0-only WITH Classpath-exception-2.0", None, "licence_copyleft", "GPL-2.0-only WITH"),
    ],
)
def test_all_else_is_rejected(expression: str | None, license_file: str | None, cause: str, words: str) -> None:
    verdict = judge_licence(expression, license_file)
    assert (verdict.accepted, verdict.spdx, verdict.cause) == (False, None, cause)
    assert words in verdict.reason
    assert verdict.reason.endswith(".")


def tree(folder: Path, head: str) -> Path:
    (folder / "src").mkdir(parents=True)
    (folder / "src/lib.rs").write_text(head + "\npub fn f() {}\n")
    (folder / "src/plain.rs").write_text("// Plain words.\n")
    return folder


@pytest.mark.parametrize(
    ("head", "licence"),
    [
        ("// SPDX-License-Identifier: GPL-3.0-or-later", "GPL-3.0-or-later"),
        ("/* SPDX-License-Identifier: MPL-2.0 */", "MPL-2.0"),
        ("/*\n * This program is free software under the GNU General\n * Public License.\n */", "GPL-2.0-or-later"),
        ("//! Subject to the terms of the Mozilla Public\n//! License, v. 2.0.", "MPL-2.0"),
        ("// (c) Corp. All rights reserved.\n// This file is confidential.", "proprietary"),
    ],
)
def test_headers_that_contradict_the_manifest_reject_the_crate(tmp_path: Path, head: str, licence: str) -> None:
    headers = scan_headers(tree(tmp_path / "crate", head))
    assert headers == [HeaderLicence("src/lib.rs", licence)]
    verdict = judge_licence("MIT", None, headers)
    assert (verdict.accepted, verdict.cause) == (False, "licence_contradicted")
    assert "src/lib.rs" in verdict.reason
    assert licence in verdict.reason


@pytest.mark.parametrize(
    "head",
    [
        "// Copyright (c) 2016 The Project. All rights reserved.\n// Licensed under the Apache License, Version 2.0",
        'const NAME: &str = "GNU General Public License";',
        'const LINE: &str = "SPDX-License-Identifier: GPL-3.0-only";',
        "\n" * 40 + "// GNU General Public License",
    ],
)
def test_other_words_are_no_licence(tmp_path: Path, head: str) -> None:
    assert scan_headers(tree(tmp_path / "crate", head)) == []


def test_a_header_among_the_licences_on_offer_contradicts_nothing() -> None:
    verdict = judge_licence("MIT OR GPL-2.0-or-later", None, [HeaderLicence("src/lib.rs", "GPL-2.0-or-later")])
    assert (verdict.accepted, verdict.spdx) == (True, "MIT")


def test_a_permissive_licence_of_one_file_is_recorded_too() -> None:
    headers = [HeaderLicence("src/a.rs", "CC0-1.0"), HeaderLicence("src/b.rs", "CC0-1.0")]
    assert judge_licence("MIT OR Apache-2.0", None, headers).spdx == "(MIT OR Apache-2.0) AND CC0-1.0"


def test_a_header_that_asks_for_more_than_the_manifest_is_not_covered_by_it() -> None:
    assert not judge_licence("MIT", None, [HeaderLicence("src/a.rs", "MIT AND GPL-3.0-only")]).accepted
    assert judge_licence("MIT", None, [HeaderLicence("src/a.rs", "MIT AND ISC")]).spdx == "MIT AND MIT AND ISC"
