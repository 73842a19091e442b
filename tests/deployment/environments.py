"""A Python environment that has a few distributions of this one and what they require, and nothing else.

As an image would be built from the same list, but from the files that are installed here, in a second.
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
    """Make it in ``folder``; ``packages`` are folders of packages without what they require. Returns its ``bin``."""
    venv.create(folder, symlinks=True, with_pip=False)
    site = next(folder.glob("lib/python*/site-packages"))
    for installed in closure(requirements):
        _link(installed, site, folder / "bin")
    for package in packages:
        (site / package.name).symlink_to(package, target_is_directory=True)
    return folder / "bin"


def closure(requirements: Iterable[str]) -> list[Distribution]:
    """The distributions that are installed for these requirements, and for theirs, and so on."""
    wanted, found, seen = [Requirement(each) for each in requirements], {}, set()
    while wanted:
        requirement = wanted.pop()
        key = (canonicalize_name(requirement.name), frozenset(requirement.extras))
        if key in seen:
            continue
        seen.add(key)
        found[key[0]] = distribution(requirement.name)
        theirs = map(Requirement, found[key[0]].requires or [])
        wanted += [each for each in theirs if _applies(each, requirement.extras)]
    return list(found.values())


def _applies(requirement: Requirement, extras: set[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras))


def _link(installed: Distribution, site: Path, scripts: Path) -> None:
    for file in installed.files or []:
        source = Path(str(installed.locate_file(file)))
        if ".." not in file.parts:
            place = site / file
            place.parent.mkdir(parents=True, exist_ok=True)
            if not place.exists():
                place.symlink_to(source)
        elif source.resolve().parent == Path(sys.executable).parent:
            _copy_script(source, scripts)


def _copy_script(source: Path, scripts: Path) -> None:
    text = source.read_bytes()
    if text.startswith(b"#!"):
        place = scripts / source.name
        place.write_bytes(re.sub(rb"^#!.*", b"#!" + bytes(scripts / "python"), text, count=1))
        place.chmod(0o755)
