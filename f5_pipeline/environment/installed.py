"""The installed files of torch and flash_attn, and their changes since they were proven.

Other distributions may bring a package ``flash_attn`` too. flash-attn-4 does, without the functions of flash_attn 2:
beside none of flash_attn 2 it is a namespace package, which f5_tts takes for flash_attn 2 and fails to import.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions, packages_distributions
from importlib.util import find_spec
from pathlib import Path

from packaging.utils import canonicalize_name

from f5_pipeline.environment.platform import torch_version

#: The files of torch that a compiled extension is linked with, and the one with its version.
_TORCH_FILES = ("version.py", "_C*.so", "lib/*.so*")


@dataclass(frozen=True)
class InstalledFiles:
    """A snapshot of the versions and files of torch and flash_attn."""

    torch: str | None
    flash_attn: str | None
    files: Mapping[str, str]  # path → size and modification time


def installed_files() -> InstalledFiles:
    """What is installed now. Takes milliseconds; imports nothing."""
    distribution = flash_attn_distribution()
    version = None if distribution is None else str(distribution.metadata["Version"])
    paths = [*_torch_files(), *_flash_attn_files(distribution)]
    return InstalledFiles(torch_version()[0], version, {str(path): _stamp(path) for path in paths})


def changes(before: InstalledFiles, after: InstalledFiles) -> list[str]:
    """The changes between two snapshots, as sentences."""
    found = [
        f"{name} was {old or 'not installed'} and is now {new or 'not installed'}"
        for name, old, new in (
            ("torch", before.torch, after.torch),
            ("flash_attn", before.flash_attn, after.flash_attn),
        )
        if old != new
    ]
    differing = sorted(
        path for path in before.files.keys() | after.files.keys() if before.files.get(path) != after.files.get(path)
    )
    if differing and not found:
        more = f" and {len(differing) - 3} more files" if len(differing) > 3 else ""
        found.append(f"reinstalled or altered: {', '.join(differing[:3])}{more}")
    return found


def site_packages() -> Path:
    """The folder of this interpreter's compiled packages."""
    return Path(sysconfig.get_path("platlib"))


def flash_attn_distribution() -> Distribution | None:
    """The metadata of the flash_attn that would be imported; None if there is none."""
    return next(iter(distributions(name="flash_attn")), None)


def flash_attn_present() -> bool:
    """True if ``import flash_attn`` would find a module, with or without metadata."""
    return find_spec("flash_attn") is not None


def flash_attn_location() -> str:
    """The file or folder that ``import flash_attn`` would find; "" if there is none."""
    spec = find_spec("flash_attn")
    if spec is None:
        return ""
    return spec.origin or next(iter(spec.submodule_search_locations or ()), "")


def other_owners() -> list[str]:
    """The distributions besides flash_attn's own that have files in the package ``flash_attn``: ["flash-attn-4"]."""
    if not flash_attn_present():
        return []
    names = {str(canonicalize_name(name)) for name in packages_distributions().get("flash_attn", ())}
    return sorted(names - {"flash-attn"})


def empty_remains() -> list[Path]:
    """The folders ``flash_attn`` without a file, which pip leaves behind when it uninstalls flash-attn-4.

    Python takes each for a namespace package, so f5_tts cannot be imported beside one.
    """
    spec = find_spec("flash_attn")
    if spec is None or spec.origin is not None or flash_attn_distribution() is not None or other_owners():
        return []
    folders = {Path(folder) for folder in spec.submodule_search_locations or ()}
    return sorted(folder for folder in folders if not any(_holds_a_file(path) for path in folder.rglob("*")))


def _holds_a_file(path: Path) -> bool:
    return not path.is_dir() and path.suffix != ".pyc"


def removal_command() -> str:
    """The command that removes what makes ``import flash_attn`` fail: flash_attn 2, or what only looks like it."""
    others, location = other_owners(), flash_attn_location()
    if flash_attn_distribution() is None and not others and location:
        folder = Path(location)
        return f"rm -r {folder if folder.is_dir() else folder.parent}"
    own = [] if flash_attn_distribution() is None and others else ["flash_attn"]
    return f"{sys.executable} -m pip uninstall {' '.join([*own, *others])}"


def explain_failure(failure: str) -> str:
    """Why ``import flash_attn`` fails: another distribution has the package, or the failure itself."""
    if not (others := other_owners()):
        return failure
    return f"{' and '.join(others)} has files in this package, and {failure}"


def _flash_attn_files(distribution: Distribution | None) -> list[Path]:
    listed = (distribution.files or []) if distribution is not None else []
    # Python writes .pyc files at any import, so they prove nothing.
    return [Path(str(path.locate())) for path in listed if path.suffix != ".pyc"]


def _torch_files() -> Iterator[Path]:
    spec = find_spec("torch")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        for pattern in _TORCH_FILES:
            yield from sorted(Path(folder).glob(pattern))


def _stamp(path: Path) -> str:
    try:
        stat = os.stat(path)  # noqa: PTH116 - faster, for a thousand files
    except OSError:
        return "absent"
    return f"{stat.st_size} bytes, {stat.st_mtime_ns}"
