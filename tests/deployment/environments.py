"""A Python environment with some distributions of the present one and their dependencies, and nothing else.

It corresponds to an image built from the same requirements, but links the installed files, which takes a second.
"""

from __future__ import annotations

import re
import sys
import venv
from collections.abc import Iterable
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def make_environment(folder: Path, requirements: Iterable[str], packages: Iterable[Path]) -> Path:
    """Create it in ``folder``; ``packages`` are folders of packages without dependencies. Returns its ``bin``."""
    venv.create(folder, symlinks=True, with_pip=False)
    site = next(folder.glob("lib/python*/site-packages"))
    for installed in closure(requirements):
        _link(installed, site, folder / "bin")
    for package in packages:
        (site / package.name).symlink_to(package, target_is_directory=True)
    return folder / "bin"


def closure(requirements: Iterable[str]) -> list[Distribution]:
    """The installed distributions for these requirements and their dependencies."""
    wanted, found, seen = [Requirement(each) for each in requirements], {}, set()
    while wanted:
        requirement = wanted.pop()
        key = (canonicalize_name(requirement.name), frozenset(requirement.extras))
        if key in seen:
            continue
        seen.add(key)
        found[key[0]] = distribution(requirement.name)
        dependencies = map(Requirement, found[key[0]].requires or [])
        wanted += [each for each in dependencies if _applies(each, requirement.extras)]
    return list(found.values())


def _applies(requirement: Requirement, extras: set[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras))


def _link(installed: Distribution, site: Path, scripts: Path) -> None:
    for file in installed.files or []:
        source = Path(str(installed.locate_file(file)))
        if ".." not in file.parts:
            target = site / file
            target.parent.mkdir(parents=True, exist_ok=True)
            if not target.exists():
                target.symlink_to(source)
        elif source.resolve().parent == Path(sys.executable).parent:
            _copy_script(source, scripts)


def _copy_script(source: Path, scripts: Path) -> None:
    text = source.read_bytes()
    if text.startswith(b"#!"):
        target = scripts / source.name
        target.write_bytes(re.sub(rb"^#!.*", b"#!" + bytes(scripts / "python"), text, count=1))
        target.chmod(0o755)
