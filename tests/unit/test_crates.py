"""Lists of crates: what is right is read, and each mistake is named with its place and the way out."""

from pathlib import Path

import pytest

from oxidizer.cluster.crates import CrateSpec, ListError, load_list

ROOT = Path(__file__).parents[2]


def write(folder: Path, text: str, name: str = "list.toml") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def own_crate(folder: Path) -> Path:
    folder.mkdir()
    (folder / "Cargo.toml").write_text('[package]\nname = "mine"\n')
    return folder


def test_toml_with_published_and_own_crates_keeps_its_order(tmp_path: Path) -> None:
    own_crate(tmp_path / "mine")
    path = write(
        tmp_path,
        '[[crate]]\nname = "hex"\nversion = "0.4.3"\nfeatures = ["std", "alloc"]\ndefault_features = false\n'
        '[[crate]]\npath = "mine"\nlicense = "MIT"\n'
        '[[crate]]\nname = "a_b-C9"\nversion = "1.0.0-rc.1+build.5"\n',
    )
    assert load_list(path) == [
        CrateSpec("hex", "0.4.3", ("alloc", "std"), default_features=False),
        CrateSpec("mine", "", path=tmp_path / "mine", license="MIT"),
        CrateSpec("a_b-C9", "1.0.0-rc.1+build.5"),
    ]


def test_csv_may_turn_its_columns_and_skip_lines(tmp_path: Path) -> None:
    path = write(tmp_path, "\ufeffversion, name\r\n1.2.3,hex\r\n\r\n0.1.0,heck\r\n", "list.csv")
    assert load_list(path) == [CrateSpec("hex", "1.2.3"), CrateSpec("heck", "0.1.0")]


def test_the_shipped_list_is_right() -> None:
    specs = load_list(ROOT / "datasets/crates/starter.toml")
    assert 25 <= len(specs) <= 40
    assert all(spec.path is None for spec in specs)


ONE = '[[crate]]\nname = "hex"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the list is empty"),
        ("[[crate]\n", "not valid TOML"),
        ('[crate]\nname = "hex"\n', "write \\[\\[crate\\]\\]"),
        ('[[crates]]\nname = "hex"\n', "unknown key `crates`; did you mean `crate`"),
        (ONE, "crate 1: `version` has to be a text"),
        (ONE + "version = 1.0\n", '`version` has to be a text in quotes: version = "1.0"'),
        (ONE + 'version = "1.0"\n', "`1.0` leaves numbers out"),
        (ONE + 'version = "^1.0.0"\n', "`\\^1.0.0` is a range"),
        (ONE + 'version = "*"\n', "is a range"),
        (ONE + 'version = "01.0.0"\n', "not a semantic version"),
        (ONE + 'version = "1.0.0\\n"\n', "not a semantic version"),
        (ONE + 'vesion = "1.0.0"\n', "crate 1: unknown key `vesion`; did you mean `version`"),
        (ONE + 'version = "1.0.0"\nlicense = "MIT"\n', "`license` does not go with this entry"),
        (ONE + 'version = "1.0.0"\nfeatures = "std"\n', "`features` has to be a list"),
        (ONE + 'version = "1.0.0"\nfeatures = ["a", "a"]\n', "named twice"),
        (ONE + 'version = "1.0.0"\nfeatures = ["--x y"]\n', "`features` has to be a list"),
        (ONE + 'version = "1.0.0"\ndefault_features = 1\n', "has to be true or false"),
        (f'{ONE}version = "1.0.0"\n{ONE}version = "1.0.0"\n', "crate 2: hex 1.0.0 is listed already .*crate 1"),
        ('[[crate]]\nname = "../x"\nversion = "1.0.0"\n', "not a crate's name"),
        ('[[crate]]\nname = "9lives"\nversion = "1.0.0"\n', "not a crate's name"),
        ('[[crate]]\npath = "nowhere"\n', "no Cargo.toml in"),
        ('[[crate]]\npath = "x"\nversion = "1.0.0"\n', "`version` does not go with this entry"),
    ],
)
def test_each_mistake_in_toml_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ListError, match=message) as caught:
        load_list(write(tmp_path, text))
    assert "list.toml" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "header has to be"),
        ("name\nhex\n", "header has to be"),
        ("name,versoin\nhex,1.0.0\n", "line 1: unknown key `versoin`; did you mean `version`"),
        ("name,version\n", "the list is empty"),
        ("name,version\nhex,1.0.0\nheck\n", "line 3: has 1 fields"),
        ("name,version\nhex,1.0.0\nheck,1\n", "line 3: version `1` leaves numbers out"),
        ("name,version\nhex,1.0.0\nhex,1.0.0\n", "line 3: hex 1.0.0 is listed already .*line 2"),
    ],
)
def test_each_mistake_in_csv_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ListError, match=message):
        load_list(write(tmp_path, text, "list.csv"))


def test_a_list_of_another_kind_or_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ListError, match="cannot be read"):
        load_list(tmp_path / "none.toml")
    with pytest.raises(ListError, match=r"ends in \.toml"):
        load_list(write(tmp_path, "hex 1.0.0", "list.txt"))
