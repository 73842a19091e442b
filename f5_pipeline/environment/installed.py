"""What is installed here of the packages that the attention depends on, and whether it is still what was proven."""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from importlib.util import find_spec
from pathlib import Path

from f5_pipeline.environment.platform import torch_version

#: Of torch's ten thousand files, those that a compiled extension is linked with, and those that name its version.
_TORCH_FILES = ("version.py", "_C*.so", "lib/*.so*")


@dataclass(frozen=True)
class InstalledFiles:
    """The versions of torch and flash_attn, and their files as they were at one moment."""

    torch: str | None
    flash_attn: str | None
    files: Mapping[str, str]  # path → size and time of change


def installed_files() -> InstalledFiles:
    """What is installed now. Milliseconds; imports nothing."""
    distribution = flash_attn_distribution()
    version = None if distribution is None else str(distribution.metadata["Version"])
    paths = [*_torch_files(), *_flash_attn_files(distribution)]
    return InstalledFiles(torch_version()[0], version, {str(path): _stamp(path) for path in paths})


def changes(then: InstalledFiles, now: InstalledFiles) -> list[str]:
    """What was altered, removed or installed between two moments, as sentences; empty: nothing."""
    found = [
        f"{name} was {before or 'not installed'} and is now {after or 'not installed'}"
        for name, before, after in (
            ("torch", then.torch, now.torch),
            ("flash_attn", then.flash_attn, now.flash_attn),
        )
        if before != after
    ]
    differing = sorted(
        path for path in then.files.keys() | now.files.keys() if then.files.get(path) != now.files.get(path)
    )
    if differing and not found:
        more = f" and {len(differing) - 3} more files" if len(differing) > 3 else ""
        found.append(f"reinstalled or altered: {', '.join(differing[:3])}{more}")
    return found


def site_packages() -> Path:
    """Where this interpreter's compiled packages are installed."""
    return Path(sysconfig.get_path("platlib"))


def flash_attn_distribution() -> Distribution | None:
    """The metadata of the flash_attn that would be imported, wherever it is installed; None: there is none."""
    return next(iter(distributions(name="flash_attn")), None)


def flash_attn_present() -> bool:
    """Whether ``import flash_attn`` would find anything, however it got here."""
    return find_spec("flash_attn") is not None


def _flash_attn_files(distribution: Distribution | None) -> list[Path]:
    listed = (distribution.files or []) if distribution is not None else []
    # Compiled Python comes and goes with the user's umask and first import; it proves nothing.
    return [Path(str(path.locate())) for path in listed if path.suffix != ".pyc"]


def _torch_files() -> Iterator[Path]:
    spec = find_spec("torch")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        for pattern in _TORCH_FILES:
            yield from sorted(Path(folder).glob(pattern))


def _stamp(path: Path) -> str:
    try:
        stat = os.stat(path)  # noqa: PTH116 - a thousand of these
    except OSError:
        return "absent"
    return f"{stat.st_size} bytes, {stat.st_mtime_ns}"
