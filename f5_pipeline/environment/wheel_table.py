"""Upstream's releases of flash_attn by the table ``wheels.toml``: the wheels of each, and those known to be bad."""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from packaging.specifiers import SpecifierSet

from f5_pipeline.environment.platform import PlatformTags

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_DIMENSIONS = ("torch", "cuda", "python", "architecture", "abi")


@dataclass(frozen=True)
class Cell:
    """One wheel of a build matrix: what it is built for."""

    torch: str  # "2.8"
    cuda: str  # the major version, "12"
    python: str  # "cp312"
    architecture: str  # "x86_64"
    abi: str  # "TRUE" or "FALSE": the C++11 ABI


@dataclass(frozen=True)
class Release:
    """A release of flash_attn, and its build matrix."""

    version: str
    tag: str  # of upstream's repository
    released: bool
    glibc: str | None  # the oldest that its wheels run with; None: any
    matrix: Mapping[str, Sequence[str]]  # dimension → values
    exclude: Sequence[Mapping[str, Sequence[str]]]  # combinations of the matrix that are not built

    def has(self, cell: Cell) -> bool:
        """True if the release has a wheel for the cell."""
        return _matches(self.matrix, cell) and not any(_matches(each, cell) for each in self.exclude)

    def cells(self) -> Iterator[Cell]:
        """All wheels of the release."""
        for values in itertools.product(*(self.matrix[each] for each in _DIMENSIONS)):
            if self.has(cell := Cell(*values)):
                yield cell


def _matches(values: Mapping[str, Sequence[str]], cell: Cell) -> bool:
    return all(getattr(cell, dimension) in allowed for dimension, allowed in values.items())


@lru_cache(maxsize=1)
def load_table() -> dict[str, Any]:
    """The content of ``wheels.toml``."""
    return tomllib.loads(files("f5_pipeline.environment").joinpath("wheels.toml").read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def releases() -> tuple[Release, ...]:
    """The releases of the table, in order of preference."""
    return tuple(
        Release(
            version=row["version"],
            tag=row.get("tag", f"v{row['version']}"),
            released=row.get("released", True),
            glibc=row.get("glibc"),
            matrix={"abi": ["TRUE", "FALSE"]} | {each: row[each] for each in _DIMENSIONS if each in row},
            exclude=row.get("exclude", []),
        )
        for row in load_table()["release"]
    )


def cell_of(tags: PlatformTags) -> Cell:
    """The cell that a machine needs, or could only need if it had what it lacks ("")."""
    return Cell(
        tags.torch_minor or "",
        tags.cuda_major or "",
        tags.python_abi,
        tags.architecture,
        "TRUE" if tags.cxx11_abi else "FALSE",
    )


def wheel_name(version: str, cell: Cell, system: str = "linux") -> str:
    """Upstream's file name of a wheel."""
    return str(load_table()["name"]).format(version=version, system=system, **vars(cell))


def known_bad(version: str, torch: str, abi: str) -> str | None:
    """The defect of a wheel of upstream, which its name conceals; None if none is known."""
    for each in load_table()["known_bad"]:
        if (torch, abi) == (each["torch"], each["abi"]) and SpecifierSet(each["versions"]).contains(version, True):
            return str(each["reason"])
    return None


def natural(text: str) -> list[int]:
    """A sort key that sorts 2.10 after 2.9."""
    return [int(number) for number in re.findall(r"\d+", text)]
