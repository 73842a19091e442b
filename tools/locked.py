"""Installs verified packages for the interpreter that runs it: ``python tools/locked.py [--lock FILE] REQUIREMENT…``.

uv or, without it, pip installs only files whose SHA-256 is in ``requirements/all.lock``, whatever an index or a mirror
serves. A resolver would have to read unverified packages, so none is used: each round installs what is required and
missing, and reads from the metadata of the installed packages what these require. For a package that
``tool.uv.dependency-metadata`` of pyproject.toml names, its list of requirements counts instead. ``.[EXTRA,…]`` stands
for the dependencies of this project. Packages that are published as sources only are built with the verified
setuptools.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements" / "all.lock"
PIP = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
VERIFIED = [*PIP, "--no-deps", "--no-build-isolation", "--use-pep517", "--require-hashes"]
# The strategy matters for versions that only a later index has. The hashes make it safe.
UV = ["pip", "install", "--quiet", "--python", sys.executable, "--index-strategy", "unsafe-best-match"]
UV_VERIFIED = [*UV, "--no-deps", "--no-build-isolation", "--require-hashes"]
#: pip's variables that uv has under other names, and what separates several values there.
UV_VARIABLES = {
    "PIP_INDEX_URL": ("UV_DEFAULT_INDEX", " "),
    "PIP_EXTRA_INDEX_URL": ("UV_INDEX", " "),
    "PIP_FIND_LINKS": ("UV_FIND_LINKS", ","),
    "PIP_NO_INDEX": ("UV_NO_INDEX", " "),
}


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--lock", type=Path, action="append", default=[LOCK], help="more locks; the last one counts")
    arguments.add_argument("requirements", nargs="+")
    given = arguments.parse_args()
    locked: dict[str, str] = {}
    for lock in given.lock:
        locked.update(read_lock(lock.read_text()))
    try:
        install_locked(given.requirements, locked)
    except Unlocked as error:
        print(error, file=sys.stderr)
        return 1
    problems = conflicts()
    print(*problems, sep="\n", end="\n" if problems else "", file=sys.stderr)
    return 1 if problems else 0


class Unlocked(Exception):
    """A required package that the lock does not name for this platform."""

    def __init__(self, names: Iterable[str]) -> None:
        super().__init__(
            f"requirements/all.lock has no {', '.join(sorted(names))} for this platform, so nothing can be verified. "
            "Renew it with python tools/lock.py (CONTRIBUTING.md)."
        )


def read_lock(text: str) -> dict[str, str]:
    """Each package's lines of a lock (requirement and hashes), by normalised name."""
    blocks = re.findall(r"^[\w.-]+==.*(?:\n +--hash=.*)*", text, re.M)
    return {normalised(block.partition("==")[0]): block for block in blocks}


def install_locked(requirements: Iterable[str], locked: dict[str, str]) -> None:
    """Install the requirements and all that they require. Raises ``Unlocked``; pip's failure ends the program."""
    _install({"packaging", "setuptools"}, locked)
    from packaging.requirements import Requirement

    roots = [Requirement(each) for line in requirements for each in expanded(line)]
    tried: set[str] = set()
    while missing := {name for name in needed(roots, locked) if not _installed(name, locked)}:
        if missing & tried:
            raise Unlocked(missing & tried)
        tried |= missing
        _install(missing, locked)


def conflicts() -> list[str]:
    """What ``pip check`` finds, except for packages that ``own_requirements`` leaves out."""
    check = subprocess.run([sys.executable, "-m", "pip", "check"], check=False, capture_output=True, text=True)
    lines = (check.stdout + check.stderr).splitlines() if check.returncode else []
    return [line for line in lines if not _is_left_out(line)]


def _is_left_out(line: str) -> bool:
    """True if a line of ``pip check`` reports a package that is missing on purpose."""
    found = re.fullmatch(r"(\S+) (\S+) requires (\S+), which is not installed\.", line)
    if found is None or (own := own_requirements().get((normalised(found[1]), found[2]))) is None:
        return False
    from packaging.requirements import Requirement

    return normalised(found[3]) not in {normalised(Requirement(each).name) for each in own}


def needed(requirements: Iterable[Requirement], locked: Mapping[str, str]) -> set[str]:
    """The names of all packages that are required, as far as the installed packages tell."""
    queue, seen = list(requirements), set[tuple[str, str]]()
    while queue:
        requirement = queue.pop()
        for extra in {"", *requirement.extras}:
            step = (normalised(requirement.name), extra)
            if step not in seen:
                seen.add(step)
                queue += _requires(*step, locked)
    return {name for name, _ in seen}


def expanded(line: str) -> list[str]:
    """The requirements of this project for ``.`` or ``.[EXTRA,…]``, or its name instead; any other line unchanged."""
    project = _pyproject().get("project", {"name": ""})
    ours = re.fullmatch(rf"(?:\.|{project['name']})(?:\[([\w,-]*)\])?", line)
    if not ours:
        return [line]
    extras = [extra for extra in (ours[1] or "").split(",") if extra]
    own = [line for extra in extras for line in project["optional-dependencies"][extra]]
    listed = [*project["dependencies"], *(each for line in own for each in expanded(line))]
    return [each for each in dict.fromkeys(listed) if "python_version < '3.11'" not in each]


def own_requirements() -> dict[tuple[str, str], list[str]]:
    """What this project needs of a package's requirements, by the package's name and version."""
    listed = _pyproject().get("tool", {}).get("uv", {}).get("dependency-metadata", [])
    return {(normalised(each["name"]), each["version"]): each["requires-dist"] for each in listed}


@cache
def _pyproject() -> dict[str, Any]:
    """The content of pyproject.toml; empty if it is not here, as while the images install torch."""
    import tomllib  # Python 3.11

    path = ROOT / "pyproject.toml"
    return tomllib.loads(path.read_text()) if path.exists() else {}


def _requires(name: str, extra: str, locked: Mapping[str, str]) -> list[Requirement]:
    """What an installed package requires, or what ``own_requirements`` says.

    Another build than the locked one (torch for a GPU of AMD or Intel) also requires packages that no lock has. Those
    came with it, and are not followed.
    """
    from packaging.requirements import Requirement

    if (version := _version(name)) is None:
        return []
    lines = own_requirements().get((name, version), importlib.metadata.requires(name)) or []
    listed = [Requirement(line) for line in lines]
    found = [each for each in listed if each.marker is None or each.marker.evaluate({"extra": extra})]
    if name in locked and version != version_of(locked[name]):
        return [each for each in found if normalised(each.name) in locked]
    return found


def _installed(name: str, locked: Mapping[str, str]) -> bool:
    """True in the locked version. If the lock names no build, any build of the version: 2.13.0+cpu is a 2.13.0."""
    version = _version(name)
    return name in locked and version is not None and version_of(locked[name]) in (version, version.partition("+")[0])


def _version(name: str) -> str | None:
    """The installed version of a package; None if it is not installed."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def version_of(block: str) -> str:
    return block.partition("==")[2].split()[0]


def _install(names: set[str], locked: Mapping[str, str]) -> None:
    if unknown := names - locked.keys():
        raise Unlocked(unknown)
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(locked[name] for name in sorted(names)) + "\n")
        file.flush()
        options = ["--requirement", file.name]
        code = 0 if _uv_installs(options) else subprocess.run([*VERIFIED, *options], check=False).returncode
    if code:
        sys.exit(code)
    importlib.invalidate_caches()


def _uv_installs(options: list[str]) -> bool:
    """True if uv is on the path and has installed the packages; says so if it has failed."""
    if not (uv := shutil.which("uv")):
        return False
    if subprocess.run([uv, *UV_VERIFIED, *options], check=False, env=uv_environment(os.environ)).returncode == 0:
        return True
    print("uv has failed, for the reason above: trying pip, which verifies the same hashes", file=sys.stderr)
    return False


def uv_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment for uv, with the indexes that pip's variables name unless uv's own name others."""
    translated = {
        theirs: separator.join(environment[ours].split())
        for ours, (theirs, separator) in UV_VARIABLES.items()
        if environment.get(ours)
    }
    return {**translated, **environment}


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    sys.exit(main())
