"""What the file name of a wheel says: distribution, version and tags, and the torch, CUDA and C++ ABI that it is for.

Upstream, community builds and people who build their own name wheels differently. What a name does not say, or says in
an unknown way, is unknown and no error: the proof decides (``proof``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath
from urllib.parse import unquote

from packaging.tags import Tag
from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from f5_pipeline.display.secrets import public_address

_SAFE = re.compile(r"[A-Za-z0-9_.+!-]+\.whl", re.IGNORECASE)
_COPY = re.compile(r" ?\(\d+\)(?=\.whl$)", re.IGNORECASE)  # a browser's second download: "….whl" → "… (1).whl"
#: Stores and browsers replace the + before the local version: "flash_attn-2.8.3_cu12torch2.8…".
_LOST_PLUS = re.compile(r"^([A-Za-z_.0-9]+-\d[0-9a-z.]*?)[_ ]([A-Za-z][^-]*-)")

_CUDA = re.compile(r"(?<![a-z])cu(?:da)?\.?(\d{2,3})(?!\d)(?:\.\d+(?=torch|pt|cxx|$))?")
_TORCH = re.compile(r"(?:torch|pt)\.?(?:(\d)\.(\d+)|(\d)(\d{1,3}))")
_ABI = re.compile(r"abi\.?(true|false|1|0)")
_OTHER_PLATFORM = re.compile(r"rocm|hip(?!p)|xpu|npu|musa|metal|cpu")
_NEWEST_MINOR = 40  # "torch211" is torch 2.11, and "torch271" is torch 2.7.1


@dataclass(frozen=True)
class WheelName:
    """The content of a wheel's file name; None: the name does not say it."""

    file: str  # as pip accepts it
    distribution: str  # "flash-attn"
    version: str  # without the local part, "2.8.3.post1"
    tags: frozenset[Tag]
    torch: str | None = None  # "2.9"
    cuda: str | None = None  # the major version, "12"
    abi: str | None = None  # "TRUE" or "FALSE": the C++11 ABI
    accelerator: str | None = None  # one that is not CUDA: "rocm"


def file_name(source: str) -> str:
    """The file name in a path or URL, decoded, without what a browser adds to it."""
    name = PurePath(public_address(source)).name
    for _ in range(2):  # a copied link may be encoded twice
        name = unquote(name)
    return _COPY.sub("", PurePath(name).name)


def read_wheel_name(name: str) -> WheelName | None:
    """Read a file name; None if no wheel can have it."""
    for file in (name, _LOST_PLUS.sub(r"\1+\2", name)):
        if not _SAFE.fullmatch(file):
            continue
        file = f"{file[:-4]}.whl"
        try:
            distribution, version, _, tags = parse_wheel_filename(file)
        except (InvalidWheelFilename, InvalidVersion):
            continue
        return _read_local(file, str(distribution), version, tags)
    return None


def _read_local(file: str, distribution: str, version: Version, tags: frozenset[Tag]) -> WheelName:
    local = (version.local or "").lower()
    cuda, torch, abi, other = (pattern.search(local) for pattern in (_CUDA, _TORCH, _ABI, _OTHER_PLATFORM))
    return WheelName(
        file,
        distribution,
        version.public,
        tags,
        torch=_torch_minor(torch) if torch else None,
        cuda=cuda[1][:2] if cuda else None,
        abi={"true": "TRUE", "1": "TRUE", "false": "FALSE", "0": "FALSE"}[abi[1]] if abi else None,
        accelerator=other[0] if other and not cuda else None,
    )


def _torch_minor(match: re.Match[str]) -> str:
    """ "2.9" of torch2.9.1, torch29, pt29 and torch291; "2.11" of torch211 and torch2110."""
    if match[1]:
        return f"{match[1]}.{match[2]}"
    major, rest = match[3], match[4]
    minor = next(part for part in (rest, rest[:2], rest[:1]) if int(part) <= _NEWEST_MINOR)
    return f"{major}.{int(minor)}"


def platforms_of(tags: frozenset[Tag]) -> Iterator[str]:
    """The platforms of a wheel, sorted."""
    yield from sorted({tag.platform for tag in tags})
