"""Builds the toolchain image that Docker sandboxes run in: a small Debian, a C compiler, and the run's own toolchain.

In production from a base image of a registry (`Dockerfile`); where none can be pulled, from debootstrap, with the
host's apt mirrors. The tag names the compiler and hashes toolchain and recipe: the same tag is the same content, except
for Debian's own security updates.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import docker
from docker.errors import APIError, BuildError, DockerException, ImageNotFound

from oxidizer.cluster import apt
from oxidizer.cluster.scratch import scratch

REPOSITORY = "oxidizer-toolchain"
RELEASE = "bookworm"
PACKAGES = ("ca-certificates", "g++", "gcc", "libc6-dev", "make", "pkg-config")
DEBIAN_TOOLCHAIN = ("cargo-web", "rust-web-clippy", "rustc-web", "rustfmt-web")
"""Debian's own Rust, for a toolchain whose sysroot is /usr."""

_DOCKERFILE = Path(__file__).with_name("Dockerfile")
_RECIPE = 1  # raise it when the way an image is built changes what is in it
_LEFT_OUT = re.compile(r"share/(doc|man)|bin/(rust-(gdb|gdbgui|lldb|analyzer))|libexec|lib/rustlib/(etc|multirust-.*)")
_LLVM_TOOLS = ("llvm-cov", "llvm-profdata")
_USELESS = (
    "usr/share/doc",
    "usr/share/man",
    "usr/share/locale",
    "usr/share/info",
    "var/lib/apt/lists",
    "var/cache/apt",
)
_CERTIFICATES = "etc/ssl/certs/ca-certificates.crt"

Say = Callable[[str], None]


class ImageError(Exception):
    """The image could not be built; the message names the way out."""


def image_tag(toolchain: Path) -> str:
    """The tag of the image for a toolchain (its sysroot), e.g. `oxidizer-toolchain:1.95.0-0a1b2c3d4e5f`."""
    about = _about(toolchain)
    parts = [about, str(_RECIPE), RELEASE, *PACKAGES, _DOCKERFILE.read_text()]
    if not _is_debians(toolchain):
        parts += [f"{path}:{(toolchain / path).stat().st_size}" for path in _contents(toolchain)]
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    return f"{REPOSITORY}:{_field(about, 'release')}-{digest[:12]}"


def image_digest(tag: str) -> str:
    """The id (`sha256:...`) of a local image; ImageError where there is none."""
    try:
        return str(_client().images.get(tag).id)
    except ImageNotFound as error:
        raise ImageError(f"there is no image {tag}: run `oxidizer image build`") from error


def build_image(toolchain: Path, *, base_image: str | None, tag: str | None, say: Say) -> str:
    """Build the image unless its tag is there, and return the tag; progress goes to `say`. Raises ImageError."""
    toolchain = toolchain.resolve()
    tag = tag or image_tag(toolchain)
    client = _client()
    if client.images.list(name=tag):
        say(f"image {tag} is there already")
        return tag
    try:
        if base_image is not None:
            _from_base(client, toolchain, base_image, tag, say)
        else:
            _from_debootstrap(client, toolchain, tag, say)
    except (BuildError, APIError) as error:
        raise ImageError(f"Docker could not build {tag}: {error}") from error
    size = client.images.get(tag).attrs["Size"]
    say(f"built {tag}: {size / 1e6:.0f} MB")
    return tag


def _from_base(client: docker.DockerClient, toolchain: Path, base_image: str, tag: str, say: Say) -> None:
    if _is_debians(toolchain):
        raise ImageError("with a base image the toolchain must be a folder of its own: install one with rustup")
    arguments = {"BASE_IMAGE": base_image, "PACKAGES": " ".join(PACKAGES), "LLVM": _llvm(toolchain)}
    with tempfile.TemporaryFile() as context:
        _write_context(context, toolchain)
        say(f"building {tag} from {base_image}")
        lines = client.api.build(
            fileobj=context, custom_context=True, tag=tag, buildargs=arguments, network_mode="host", rm=True,
            forcerm=True, decode=True,
        )  # fmt: skip
        for line in lines:
            if "error" in line:
                raise ImageError(f"Docker could not build from {base_image}: {line['error'].strip()}")
            if text := line.get("stream", "").strip():
                say(text)


def _write_context(context: Any, toolchain: Path) -> None:
    with tarfile.open(fileobj=context, mode="w") as archive:
        text = _DOCKERFILE.read_bytes()
        entry = tarfile.TarInfo("Dockerfile")
        entry.size = len(text)
        archive.addfile(entry, io.BytesIO(text))
        for path in _contents(toolchain):
            archive.add(toolchain / path, f"toolchain/{path}", recursive=False)
    context.seek(0)


def _from_debootstrap(client: docker.DockerClient, toolchain: Path, tag: str, say: Say) -> None:
    if os.geteuid() != 0:
        raise ImageError("debootstrap needs root: run this as root, or name a base image to build from")
    if shutil.which("debootstrap") is None:
        raise ImageError(
            "debootstrap is not installed: apt-get install debootstrap, or name a base image to build from"
        )
    sources = apt.sources(RELEASE)
    if not sources or sources[0].suite != RELEASE:
        raise ImageError(f"this machine's apt has no source for Debian {RELEASE}: name a base image to build from")
    with scratch("image") as folder:
        root = folder / "root"
        say(f"Debian {RELEASE} from {sources[0].uri}")
        _call(["debootstrap", "--variant=minbase", RELEASE, str(root), sources[0].uri])
        _install(root, sources, toolchain, say)
        _add_toolchain(root, toolchain, say)
        _clean(root)
        say(f"importing {tag}")
        _import(client, root, tag)


def _install(root: Path, sources: Sequence[apt.Source], toolchain: Path, say: Say) -> None:
    """Install the packages in the chroot, with the host's way to the mirrors."""
    (root / "etc/apt/sources.list").write_text("".join(f"{source.line()}\n" for source in sources))
    settings = root / "etc/apt/apt.conf.d/00host"
    settings.write_text(apt.settings() + 'APT::Install-Recommends "false";\n')
    for name in ("etc/resolv.conf", "etc/hosts", _CERTIFICATES):
        if Path("/", name).exists():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(Path("/", name).read_bytes())
    packages = [*PACKAGES, *(DEBIAN_TOOLCHAIN if _is_debians(toolchain) else ())]
    say(f"installing {', '.join(packages)}")
    _call(["chroot", str(root), "apt-get", "update", "-q"])
    _call(["chroot", str(root), "apt-get", "install", "-qy", *packages])
    llvm = f"llvm-{_llvm(toolchain)}"
    known = subprocess.run(["chroot", str(root), "apt-cache", "show", llvm], capture_output=True, check=False)
    if known.returncode == 0:
        say(f"installing {llvm}")
        _call(["chroot", str(root), "apt-get", "install", "-qy", llvm])
    else:
        say(f"Debian {RELEASE} has no {llvm}: Docker sandboxes will have no coverage")
    settings.unlink()


def _add_toolchain(root: Path, toolchain: Path, say: Say) -> None:
    target = root / "opt/rust"
    if _is_debians(toolchain):
        target.symlink_to("/usr")
        return
    say(f"copying {toolchain.name}")
    for path in _contents(toolchain):
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(toolchain / path, target / path, follow_symlinks=False)


def _clean(root: Path) -> None:
    """Remove what no sandbox reads: documents, package lists, and the LLVM tools but two."""
    for name in _USELESS:
        shutil.rmtree(root / name, ignore_errors=True)
    for tool in root.glob("usr/lib/llvm-*/bin/*"):
        if tool.name not in _LLVM_TOOLS:
            tool.unlink()
    for name in ("etc/resolv.conf", "etc/hosts"):
        (root / name).write_text("")


def _import(client: docker.DockerClient, root: Path, tag: str) -> None:
    archive = ["tar", "-C", str(root), "--numeric-owner", "--one-file-system", "--exclude=./dev/*", "-c", "."]
    repository, _, version = tag.rpartition(":")
    with subprocess.Popen(archive, stdout=subprocess.PIPE) as tar:
        assert tar.stdout is not None
        client.api.import_image_from_stream(
            tar.stdout,
            repository=repository,
            tag=version,
            changes=["ENV PATH=/opt/rust/bin:/usr/local/bin:/usr/bin:/bin"],
        )
    if tar.returncode != 0:
        raise ImageError(f"tar ended with {tar.returncode} while {tag} was imported: is the disk full?")


def _contents(toolchain: Path) -> Iterator[str]:
    """The files and links of a toolchain that go into the image, relative and sorted."""
    found = []
    for folder, folders, files in os.walk(toolchain):
        inside = Path(folder).relative_to(toolchain)
        links = [name for name in folders if Path(folder, name).is_symlink()]
        folders[:] = [name for name in folders if not _LEFT_OUT.fullmatch((inside / name).as_posix())]
        found += [(inside / name).as_posix() for name in [*files, *links]]
    return iter(sorted(path for path in found if not _LEFT_OUT.fullmatch(path)))


def _is_debians(toolchain: Path) -> bool:
    return toolchain.resolve() == Path("/usr")


def _about(toolchain: Path) -> str:
    rustc = toolchain / "bin" / "rustc"
    try:
        return subprocess.run([rustc, "-vV"], capture_output=True, text=True, check=True, cwd="/").stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise ImageError(f"{toolchain} is no toolchain: {rustc} does not run; see `rustc --print sysroot`") from error


def _llvm(toolchain: Path) -> str:
    """The major version of the compiler's LLVM."""
    return _field(_about(toolchain), "LLVM version").split(".")[0]


def _field(about: str, name: str) -> str:
    return next(line.split(": ", 1)[1] for line in about.splitlines() if line.startswith(f"{name}: "))


def _client() -> docker.DockerClient:
    try:
        return docker.from_env()
    except DockerException as error:
        raise ImageError("no Docker daemon answers: start one, or use --sandbox bubblewrap") from error


def _call(command: Sequence[str]) -> None:
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, env=_quiet()
    )
    if done.returncode != 0:
        raise ImageError(f"`{' '.join(command)}` failed:\n{done.stdout[-2000:]}")


def _quiet() -> dict[str, str]:
    return {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
