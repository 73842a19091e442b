"""Chooses the flash_attn wheel for a machine from a table, as a pure function. Downloads and installs nothing.

A matching name proves nothing; the table lists wheels with misleading names. The proof is in ``proof``.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import PurePath
from typing import Any
from urllib.parse import quote, unquote

from f5_pipeline.environment.platform import PlatformTags

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_NAME = re.compile(
    r"flash_attn-(?P<version>[0-9][0-9a-z.]*)\+cu(?P<cuda>\d\d)\d*torch(?P<torch>\d+\.\d+)[0-9.]*"
    r"(cxx11abi(?P<abi>TRUE|FALSE))?-(?P<python>cp3\d+)-cp3\d+-(?P<system>[a-z]+)[0-9_]*_(?P<architecture>x86_64|aarch64)"
    r"\.whl"
)
_OWN_WHEEL = "build a wheel for it and name that in F5_FLASH_ATTN"


@dataclass(frozen=True)
class Wheel:
    """A wheel that should fit the machine."""

    name: str  # of the file
    source: str  # a URL (https, s3) or a path
    version: str  # of flash_attn
    sha256: str | None  # pinned by the user; None: recorded at the first download
    wheel_bytes: int  # an estimate from the table, like the next
    unpacked_bytes: int
    note: str = ""  # why this wheel was chosen and not the expected one


@dataclass(frozen=True)
class NoWheel:
    """No wheel fits: the reason, and what the user can do."""

    reason: str
    help: str


def choose_wheel(tags: PlatformTags, mirror: str | None = None, pin: str | None = None) -> Wheel | NoWheel:
    """Choose the wheel for a machine with a CUDA build of torch.

    Args:
        tags: the platform tags of the machine.
        mirror: a URL or folder that replaces upstream's releases (``F5_WHEELS``).
        pin: an exact wheel: its name, URL or path, with ``#sha256=…`` to pin its content (``F5_FLASH_ATTN``).
    """
    return _pinned(tags, mirror, pin) if pin else _from_table(tags, mirror)


@lru_cache(maxsize=1)
def load_table() -> dict[str, Any]:
    """The content of ``wheels.toml``."""
    return tomllib.loads(files("f5_pipeline.environment").joinpath("wheels.toml").read_text(encoding="utf-8"))


def _from_table(tags: PlatformTags, mirror: str | None) -> Wheel | NoWheel:
    if (none := _unsupported(tags)) is not None:
        return none
    skipped: dict[str, list[str]] = {}  # reason → versions
    for release in load_table()["release"]:
        if not _covers(release, tags):
            continue
        if (reason := _disqualify(release, tags)) is None:
            return _wheel(_name(release["version"], tags), release["version"], mirror, note=_listed(skipped))
        skipped.setdefault(reason, []).append(release["version"])
    return NoWheel(_listed(skipped), f"use torch 2.7 or newer, or {_OWN_WHEEL}")


def _listed(skipped: dict[str, list[str]]) -> str:
    return "; ".join(f"not {', '.join(versions)}: {why}" for why, versions in skipped.items())


def _pinned(tags: PlatformTags, mirror: str | None, pin: str) -> Wheel | NoWheel:
    source, _, fragment = pin.partition("#")
    sha256 = fragment.removeprefix("sha256=") or None
    name = unquote(PurePath(source.split("?")[0]).name)
    match = _NAME.fullmatch(name)
    if match is None:
        return NoWheel(f"{name!r} is not the name of a flash_attn wheel", "correct F5_FLASH_ATTN")
    if (defect := _known_bad(match["version"], match["torch"], match["abi"] or "")) is not None and sha256 is None:
        right = _from_table(tags, mirror)
        if isinstance(right, Wheel):
            return _noted(right, f"instead of {name}, as set: {defect}")
        return NoWheel(f"{name} is known to be bad ({defect}), and {right.reason}", right.help)
    if (misfit := _misfit(match, tags)) is not None:
        return NoWheel(f"{name} {misfit}", "correct F5_FLASH_ATTN, or unset it: the right wheel is then chosen")
    if source == name:
        return _wheel(name, match["version"], mirror, sha256)
    return _wheel(name, match["version"], None, sha256, source)


def _unsupported(tags: PlatformTags) -> NoWheel | None:
    """The reason why no release has a wheel for these tags; None if one may."""
    if tags.system != "linux":
        return NoWheel(
            f"there are wheels for Linux only, and this is {tags.system}", "use torch's attention on this machine"
        )
    releases, absent = load_table()["release"], load_table()["absent"]
    for field, value in (
        ("architecture", tags.architecture),
        ("cuda", tags.cuda_major),
        ("python", tags.python),
        ("torch", tags.torch_minor),
    ):
        known = sorted({each for release in releases for each in release[field]}, key=_natural)
        if value not in known:
            shown = {"cuda": "CUDA", "python": "Python", "torch": "torch"}.get(field, field)
            reason = f"there is no published wheel for {shown} {value}, only for {', '.join(known)}"
            return NoWheel(reason, f"install one of these, or {_OWN_WHEEL}")
    if any(tags.torch_minor in each["torch"] and tags.python in each["python"] for each in absent):
        reason = f"there is no published wheel for torch {tags.torch_minor} with {tags.python}"
        return NoWheel(reason, f"use a newer torch or an older Python, or {_OWN_WHEEL}")
    return None


def _covers(release: dict[str, Any], tags: PlatformTags) -> bool:
    return (
        tags.torch_minor in release["torch"]
        and tags.cuda_major in release["cuda"]
        and tags.python in release["python"]
        and tags.architecture in release["architecture"]
    )


def _disqualify(release: dict[str, Any], tags: PlatformTags) -> str | None:
    """The reason why a release with a wheel for these tags cannot be used; None if it can."""
    if (defect := _known_bad(release["version"], tags.torch_minor or "", _abi(tags))) is not None:
        return f"the wheel of this name is known to be bad: {defect}"
    needed = release.get("glibc")
    if needed and tags.glibc and _natural(tags.glibc) < _natural(needed):
        return f"it needs glibc {needed}, and this machine has {tags.glibc}"
    return None


def _known_bad(version: str, torch: str, abi: str) -> str | None:
    for each in load_table()["known_bad"]:
        if version in each["versions"] and (torch, abi) == (each["torch"], each["abi"]):
            return str(each["reason"])
    return None


def _misfit(match: re.Match[str], tags: PlatformTags) -> str | None:
    """The contradiction between the name of a wheel and the machine; None if it fits."""
    expected = {
        "python": tags.python,
        "torch": tags.torch_minor,
        "architecture": tags.architecture,
        "cuda": tags.cuda_major,
        "abi": _abi(tags),
    }
    for field, value in expected.items():
        if match[field] is not None and match[field] != value:
            return f"is for {field} {match[field]}, and this is {value}"
    return None


def _abi(tags: PlatformTags) -> str:
    return "TRUE" if tags.cxx11_abi else "FALSE"


def _name(version: str, tags: PlatformTags) -> str:
    return str(load_table()["name"]).format(
        version=version,
        cuda=tags.cuda_major,
        torch=tags.torch_minor,
        abi=_abi(tags),
        python=tags.python,
        system=tags.system,
        architecture=tags.architecture,
    )


def _wheel(
    name: str, version: str, mirror: str | None, sha256: str | None = None, source: str = "", note: str = ""
) -> Wheel:
    table = load_table()
    if not source and mirror is None:
        source = str(table["url"]).format(version=version, name=quote(name))
    elif not source and mirror is not None:
        source = f"{mirror.rstrip('/')}/{quote(name) if mirror.startswith('http') else name}"
    return Wheel(name, source, version, sha256, table["wheel_bytes"], table["unpacked_bytes"], note)


def _noted(wheel: Wheel, note: str) -> Wheel:
    return Wheel(**{**vars(wheel), "note": "; ".join(filter(None, (note, wheel.note)))})


def _natural(text: str) -> list[int]:
    """A sort key that sorts 2.10 after 2.9."""
    return [int(number) for number in re.findall(r"\d+", text)]
