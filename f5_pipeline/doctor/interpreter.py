"""The Python version, the installed packages, and free memory."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib import metadata
from pathlib import Path

import psutil
from packaging.requirements import Requirement

from f5_pipeline.doctor.finding import Finding, fail, ok, warn

_PACKAGE = "f5-pipeline"
_OLDEST, _NEWEST_TESTED = (3, 10), (3, 13)
_BASE_MEMORY = 1_500_000_000  # bytes: torch, f5_tts and Dagster, loaded
_CGROUP = Path("/sys/fs/cgroup")


def probe_python() -> tuple[tuple[int, int, int], str]:
    """Version and prefix of this interpreter."""
    return sys.version_info[:3], sys.prefix


def check_python(version: tuple[int, int, int], prefix: str) -> Finding:
    """Check that this version of Python is supported."""
    found = f"Python {'.'.join(map(str, version))} in {prefix}."
    if version[:2] < _OLDEST:
        return fail("python", found, "Use Python 3.11.")
    if version[:2] > _NEWEST_TESTED:
        return warn(
            "python", f"{found} Newer than the tested versions.", "If packages do not install, use Python 3.11."
        )
    return ok("python", found)


def probe_packages() -> tuple[dict[str, str], dict[str, str | None]]:
    """The packages that this product requires, and the installed versions; see ``check_packages``."""
    requirements = [Requirement(text) for text in metadata.requires(_PACKAGE) or []]
    needed = [each for each in requirements if each.marker is None or each.marker.evaluate({"extra": ""})]
    return {each.name: str(each.specifier) for each in needed}, {each.name: _version(each.name) for each in needed}


def _version(name: str) -> str | None:
    with suppress(metadata.PackageNotFoundError):
        return metadata.version(name)
    return None


def check_packages(required: Mapping[str, str], installed: Mapping[str, str | None]) -> Finding:
    """Check that the installed packages have the required versions.

    Args:
        required: package → version specifier (">=2.4,<3", or "" for any).
        installed: package → its version; None: not installed.
    """
    wrong = [
        f"{name} is {installed[name] or 'not installed'} and must be {specifier or 'installed'}"
        for name, specifier in required.items()
        if installed[name] is None or not Requirement(name + specifier).specifier.contains(str(installed[name]), True)
    ]
    if wrong:
        fix = f"In {sys.prefix}: pip install --upgrade {_PACKAGE}; in a checkout: make install."
        return fail("packages", f"{'; '.join(wrong)}.", fix)
    return ok("packages", f"All {len(required)} required packages are installed.")


def probe_memory(cgroup: Path = _CGROUP) -> int:
    """Bytes that a new process may use, on this machine or in its container."""
    return min([psutil.virtual_memory().available, *_container_memory(cgroup)])


def _container_memory(cgroup: Path) -> Iterator[int]:
    with suppress(OSError, ValueError):  # ValueError: the limit is "max"
        limit = int((cgroup / "memory.max").read_text())
        yield limit - int((cgroup / "memory.current").read_text())


def check_memory(free: int, checkpoint: int) -> Finding:
    """Check that the model fits into memory. Both sizes are in bytes."""
    needed = 2 * checkpoint + _BASE_MEMORY  # the file is read into one copy and loaded into another
    found = f"{free / 1e9:.1f} GB of memory is free; speaking needs about {needed / 1e9:.1f} GB."
    fix = "Close other programs, or give the container more memory."
    return ok("memory", found) if free >= needed else warn("memory", found, fix)
