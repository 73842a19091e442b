"""Python, the installed packages, and memory."""

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
_OLDEST, _NEWEST_TRIED = (3, 10), (3, 13)
_BESIDES = 1_500_000_000  # bytes: torch, f5_tts and Dagster, loaded
_CGROUP = Path("/sys/fs/cgroup")


def judge_python(version: tuple[int, int, int], prefix: str) -> Finding:
    """Whether this interpreter can run everything."""
    said = f"Python {'.'.join(map(str, version))} in {prefix}."
    if version[:2] < _OLDEST:
        return fail("python", said, "Use Python 3.11.")
    if version[:2] > _NEWEST_TRIED:
        return warn("python", f"{said} Newer than what was tried.", "If packages do not install, use Python 3.11.")
    return ok("python", said)


def see_python() -> tuple[tuple[int, int, int], str]:
    return sys.version_info[:3], sys.prefix


def judge_packages(required: Mapping[str, str], installed: Mapping[str, str | None]) -> Finding:
    """Whether what is installed is what this version asks for.

    Args:
        required: package → what versions are right (">=2.4,<3", or "").
        installed: package → its version; None: it is not installed.
    """
    wrong = [
        f"{name} is {installed[name] or 'not installed'} and must be {wanted or 'there'}"
        for name, wanted in required.items()
        if installed[name] is None or not Requirement(name + wanted).specifier.contains(str(installed[name]), True)
    ]
    if wrong:
        fix = f"In {sys.prefix}: pip install --upgrade {_PACKAGE}; in a checkout: make setup."
        return fail("packages", f"{'; '.join(wrong)}.", fix)
    return ok("packages", f"All {len(required)} required packages are there.")


def see_packages() -> tuple[dict[str, str], dict[str, str | None]]:
    """What this product requires, and what of it is installed."""
    asked = [Requirement(text) for text in metadata.requires(_PACKAGE) or []]
    needed = [one for one in asked if one.marker is None or one.marker.evaluate({"extra": ""})]
    return {one.name: str(one.specifier) for one in needed}, {one.name: _version(one.name) for one in needed}


def _version(name: str) -> str | None:
    with suppress(metadata.PackageNotFoundError):
        return metadata.version(name)
    return None


def judge_memory(free: int, checkpoint: int) -> Finding:
    """Whether a model fits into memory. Sizes in bytes; ``free`` is of this machine, or of its container."""
    needed = 2 * checkpoint + _BESIDES  # it is read into one copy and loaded into another
    said = f"{free / 1e9:.1f} GB of memory are free; speaking needs about {needed / 1e9:.1f} GB."
    fix = "Close other programs, or give the container more memory."
    return ok("memory", said) if free >= needed else warn("memory", said, fix)


def see_memory() -> int:
    """Bytes that a new process may use."""
    return min([psutil.virtual_memory().available, *_container_limit(_CGROUP)])


def _container_limit(folder: Path) -> Iterator[int]:
    with suppress(OSError, ValueError):  # "max": there is no limit
        most = int((folder / "memory.max").read_text())
        yield most - int((folder / "memory.current").read_text())
