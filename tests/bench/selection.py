"""What choosing crates from a database dump of full size takes: seconds, and the most memory.

    python tests/bench/selection.py [--crates 200000] [--versions 2000000] [--dependencies 16000000] [--folder DIR]

A dump of the documented shape is made up: readmes of some KiB, downloads and dependants by a power law, a tenth of the
versions yanked, several licences. What is measured is `oxidizer crates select` in a process of its own.
"""

from __future__ import annotations

import argparse
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_README = ('# A crate\n\nIt says ""hello"", with commas,\nand lines.\n\n' + "Words of a readme. " * 12 + "\n") * 64
_LICENCES = ("MIT OR Apache-2.0", "MIT", "Apache-2.0", "GPL-3.0-only", "", "MIT/Apache-2.0", "MPL-2.0")
_CATEGORIES = 60


def main() -> None:
    """Make the dump where it is not there, choose, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crates", type=int, default=200_000)
    parser.add_argument("--versions", type=int, default=2_000_000)
    parser.add_argument("--dependencies", type=int, default=16_000_000)
    parser.add_argument("--folder", type=Path, default=None, help="keep the dump here")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = asked.folder or Path(scratch)
        if not (folder / "data").exists():
            make(folder / "data", asked.crates, asked.versions, asked.dependencies)
        size = sum(path.stat().st_size for path in (folder / "data").iterdir())
        began_s = time.monotonic()
        argv = ["crates", "select", "--dump", str(folder), "--top", "150", "--out", str(Path(scratch) / "list.toml")]
        subprocess.run([Path(sys.executable).with_name("oxidizer"), *argv], check=True)
        took_s = time.monotonic() - began_s
        most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / (1 << 20)
        print(f"{size / (1 << 30):.1f} GiB of CSV: {took_s:.1f} s, at most {most:.2f} GiB of memory")


def make(folder: Path, crates: int, versions: int, dependencies: int) -> None:
    """Write the tables."""
    chance = random.Random(0)
    folder.mkdir(parents=True)
    stamp = "{}-{:02}-{:02} 11:52:13.123456+00"
    with (folder / "crates.csv").open("w") as file:
        file.write(
            "created_at,description,documentation,homepage,id,max_features,max_upload_size,name,readme,repository,updated_at\n"
        )
        for n in range(crates):
            readme = _README[: int(len(_README) * min(1.0, chance.paretovariate(1.2) / 8))]
            readme = readme if readme.count('"') % 2 == 0 else readme.replace('"', "")
            file.write(
                f'2020-01-01 00:00:00+00,Words,,,{n},,,crate-{n},"{readme}",https://forge.example/o{n % 90000}/r{n},\n'
            )
    with (folder / "versions.csv").open("w") as file:
        file.write(
            "bin_names,categories,checksum,crate_id,crate_size,created_at,description,documentation,downloads,edition,features,"
            "has_lib,homepage,id,keywords,license,links,num,num_no_build,published_by,repository,rust_version,updated_at,yanked\n"
        )
        for n in range(versions):
            day = stamp.format(chance.randint(2016, 2026), chance.randint(1, 12), chance.randint(1, 28))
            licence, yanked = _LICENCES[n % len(_LICENCES)], "t" if chance.random() < 0.1 else "f"
            features = '"{""std"": [], ""full"": [""a"", ""b""]}"'
            file.write(
                f"{{}},{{}},{n:064x},{n % crates},{chance.randint(2000, 3000000)},{day},Words of it,,{n % 1000},2021,"
                f'{features},t,,{n},"{{a,b}}",{licence},,1.{n // crates}.0,1.{n // crates}.0,{n % 5000},https://forge.example/r,'
                f"1.70,{day},{yanked}\n"
            )
    last = {n % crates: n for n in range(versions)}
    with (folder / "default_versions.csv").open("w") as file:
        file.write("crate_id,num_versions,version_id\n")
        file.writelines(f"{crate},{versions // crates},{version}\n" for crate, version in last.items())
    with (folder / "dependencies.csv").open("w") as file:
        file.write("crate_id,default_features,explicit_name,features,id,kind,optional,req,target,version_id\n")
        for n in range(dependencies):
            needed = min(crates - 1, int(chance.paretovariate(0.4)))
            file.write(f'{needed},t,,"{{a,b}}",{n},{n % 3},f,^1.0,,{n % versions}\n')
    with (folder / "crate_downloads.csv").open("w") as file:
        file.write("crate_id,downloads\n")
        file.writelines(f"{n},{int(chance.paretovariate(0.5))}\n" for n in range(crates))
    with (folder / "categories.csv").open("w") as file:
        file.write("category,crates_cnt,created_at,description,id,path,slug\n")
        file.writelines(f"K{n},1,,Words,{n},root,kind-{n}\n" for n in range(_CATEGORIES))
    with (folder / "crates_categories.csv").open("w") as file:
        file.write("category_id,crate_id\n")
        file.writelines(f"{int(chance.paretovariate(0.5)) % _CATEGORIES},{n}\n" for n in range(crates) if n % 3)


if __name__ == "__main__":
    main()
