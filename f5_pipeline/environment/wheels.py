"""Chooses the flash_attn wheel for a machine, as a pure function. Downloads and installs nothing.

Without a pin it is the first of upstream's releases (``wheel_table``) that has a wheel for the machine. A pin is a
version, or one exact wheel of any origin. Only a wheel that surely cannot run is refused, because a name proves
nothing: the table lists wheels with misleading names, and others run although their name does not match. The proof is
in ``proof``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from urllib.parse import quote

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from f5_pipeline.environment.platform import PlatformTags
from f5_pipeline.environment.wheel_help import community_wheels, nothing_published, obstacle_of_machine, ways_out
from f5_pipeline.environment.wheel_name import WheelName, file_name, read_wheel_name
from f5_pipeline.environment.wheel_table import (
    Release,
    cell_of,
    known_bad,
    load_table,
    natural,
    releases,
    wheel_name,
)
from f5_pipeline.environment.wheel_tags import describe, is_pure, tag_obstacle

_SHA256_DIGITS = 64
_DISTRIBUTION = "flash-attn"
_ABI_OF_TORCH = [2, 7]  # from this torch on there is one C++ ABI, and the name of a wheel says nothing about it
#: Other generations of FlashAttention, by distribution. F5-TTS calls the functions of generation 2.
_OTHER_GENERATIONS = {"flash-attn-3": "FlashAttention 3", "flash-attn-4": "FlashAttention 4"}
_SOURCES = (".tar.gz", ".tgz", ".zip", ".git")
_CONDA = (".conda", ".tar.bz2")


@dataclass(frozen=True)
class Wheel:
    """A wheel that may run on the machine."""

    name: str  # of the file
    source: str = field(repr=False)  # a URL (https, s3), which may have a password or token, or a path
    version: str  # of flash_attn
    sha256: str | None  # pinned by the user; None: recorded at the first download
    wheel_bytes: int  # an estimate from the table, like the next
    unpacked_bytes: int
    note: str = ""  # why this wheel and not the expected one, or why its proof may fail


@dataclass(frozen=True)
class NoWheel:
    """No wheel fits: the reason, and what the user can do."""

    reason: str
    help: str


@dataclass(frozen=True)
class _Request:
    """What is to be chosen, for which machine."""

    tags: PlatformTags
    mirror: str | None  # replaces upstream's releases
    sha256: str | None = None  # pinned


def choose_wheel(tags: PlatformTags, mirror: str | None = None, pin: str | None = None) -> Wheel | NoWheel:
    """Choose the wheel for a machine with a CUDA build of torch.

    Args:
        tags: the platform tags of the machine.
        mirror: a URL or folder that replaces upstream's releases (``F5_WHEELS``).
        pin: a version ("2.8.3", "flash-attn<2.8"), or an exact wheel: its name, URL or path; with ``#sha256=…`` to pin
            its content (``F5_FLASH_ATTN``).
    """
    if (obstacle := obstacle_of_machine(tags)) is not None:
        return NoWheel(obstacle, ways_out(tags))
    if not pin:
        return _from_table(_Request(tags, mirror))
    source, hash_sign, fragment = pin.partition("#")
    digest = fragment.lower().removeprefix("sha256=")
    if hash_sign and not (fragment.lower().startswith("sha256=") and _is_sha256(digest)):
        return NoWheel(f"what follows # in F5_FLASH_ATTN is {fragment[:80]!r}, not sha256=HEX", "correct F5_FLASH_ATTN")
    request = _Request(tags, mirror, digest or None)
    specifier, source = _read_requirement(source.strip())
    return _pinned(request, source) if specifier is None else _pinned_version(request, specifier)


def _is_sha256(text: str) -> bool:
    return len(text) == _SHA256_DIGITS and all(digit in "0123456789abcdef" for digit in text)


def _read_requirement(text: str) -> tuple[SpecifierSet | None, str]:
    """The versions that a pin allows, if it is a version or a requirement as of pip; and the wheel that it names."""
    try:
        return SpecifierSet(f"=={Version(text).public}"), text
    except InvalidVersion:
        pass
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        return None, text
    if canonicalize_name(requirement.name) != _DISTRIBUTION:
        return None, text
    return (None, requirement.url) if requirement.url else (requirement.specifier, text)


# --- from the table -----------------------------------------------------------------------------------------------


def _from_table(request: _Request) -> Wheel | NoWheel:
    found, skipped = _first_that_fits(request, [each for each in releases() if each.released])
    if found is not None:
        return found
    reason = f"no wheel fits {describe(request.tags)}: {skipped}" if skipped else nothing_published(request.tags)
    return NoWheel(reason, ways_out(request.tags))


def _pinned_version(request: _Request, specifier: SpecifierSet) -> Wheel | NoWheel:
    allowed = [each for each in releases() if specifier.contains(each.version, prereleases=True)]
    if not allowed:
        return _unknown_version(request, specifier)
    found, skipped = _first_that_fits(request, allowed)
    if found is not None:
        return found
    if skipped and isinstance(right := _from_table(replace(request, sha256=None)), Wheel):
        return replace(right, note=f"instead of flash_attn {specifier}, as set: {skipped}")
    versions = ", ".join(dict.fromkeys(each.version for each in allowed))
    reason = skipped or f"upstream has no wheel of flash_attn {versions} for {describe(request.tags)}"
    return NoWheel(reason, _help_with_pin(request))


def _unknown_version(request: _Request, specifier: SpecifierSet) -> Wheel | NoWheel:
    """A wheel under upstream's name for it, if one version is named; else none."""
    exact = [each.version for each in specifier if each.operator in ("==", "===") and "*" not in each.version]
    if len(exact) == len(specifier) == 1:
        name = wheel_name(exact[0], cell_of(request.tags), request.tags.system)
        return _wheel(request, name, exact[0], note=f"flash_attn {exact[0]} is not in the table of known releases")
    known = ", ".join(dict.fromkeys(each.version for each in releases()))
    return NoWheel(f"no known release of flash_attn is {specifier}: there are {known}", "correct F5_FLASH_ATTN")


def _first_that_fits(request: _Request, allowed: Iterable[Release]) -> tuple[Wheel | None, str]:
    """The wheel of the first release that has one, and why earlier releases that have one cannot be used."""
    skipped: dict[str, list[str]] = {}  # reason → versions
    tags, cell = request.tags, cell_of(request.tags)
    for release in allowed:
        if tags.system != "linux" or tags.glibc is None or not release.has(cell):
            continue
        if (reason := _disqualify(release, tags)) is None:
            notes = [_listed(skipped), *_doubts_of_release(release, tags)]
            wheel = _wheel(request, wheel_name(release.version, cell), release.version, release.tag)
            return replace(wheel, note="; ".join(filter(None, notes))), ""
        skipped.setdefault(reason, []).append(release.version)
    return None, _listed(skipped)


def _listed(skipped: dict[str, list[str]]) -> str:
    return "; ".join(f"not {', '.join(versions)}: {why}" for why, versions in skipped.items())


def _disqualify(release: Release, tags: PlatformTags) -> str | None:
    """The reason why a release with a wheel for these tags cannot be used; None if it can."""
    cell = cell_of(tags)
    if (defect := known_bad(release.version, cell.torch, cell.abi)) is not None:
        return f"the wheel of this name is known to be bad: {defect}"
    if release.glibc and tags.glibc and natural(tags.glibc) < natural(release.glibc):
        return f"it needs glibc {release.glibc}, and this machine has {tags.glibc}"
    return None


def _doubts_of_release(release: Release, tags: PlatformTags) -> Iterable[str]:
    if not release.released:
        yield f"flash_attn {release.version} was not released when the table was written"
    if tags.torch_is_prerelease:
        yield f"it is built for the release of torch {tags.torch_minor}, and this is {tags.torch}: its proof decides"


# --- one exact wheel ----------------------------------------------------------------------------------------------


def _pinned(request: _Request, source: str) -> Wheel | NoWheel:
    name = file_name(source)
    wheel = read_wheel_name(name)
    if wheel is None:
        return _no_wheel_name(name, source)
    if (foreign := _foreign(wheel)) is not None:
        return NoWheel(f"{wheel.file} {foreign} ({describe(request.tags)})", _help_with_pin(request))
    version = wheel.version
    defect = known_bad(version, wheel.torch or "", wheel.abi or "")
    if defect is not None and request.sha256 is None and tag_obstacle(wheel, request.tags) is None:
        return _instead_of(request, wheel, defect)
    if (misfit := _misfit(wheel, request.tags)) is not None:
        return NoWheel(f"{wheel.file} {misfit} ({describe(request.tags)})", _help_with_pin(request))
    note = "; ".join(_doubts(wheel, request.tags))
    if "/" in source:
        return _wheel(request, wheel.file, version, source=source, note=note)
    return _bare_name(request, wheel, note)


def _bare_name(request: _Request, wheel: WheelName, note: str) -> Wheel | NoWheel:
    """A wheel of the mirror, or of upstream's releases, by its name alone."""
    if request.mirror is not None:
        return _wheel(request, wheel.file, wheel.version, note=note)
    if wheel.cuda is None or wheel.torch is None or wheel.abi is None:
        return NoWheel(
            f"{wheel.file} is not a name of upstream's wheels, which have +cuXXtorchX.Xcxx11abi… in it",
            "set F5_FLASH_ATTN to its URL or path (./ before a name), or F5_WHEELS to the folder that has it",
        )
    rows = [each for each in releases() if each.version == wheel.version]
    published = {wheel_name(row.version, cell).lower(): (row, cell) for row in rows for cell in row.cells()}
    if (listed := published.get(wheel.file.lower())) is not None:
        row, cell = listed
        return _wheel(request, wheel_name(row.version, cell), row.version, row.tag, note=note)
    if rows:
        unlisted = "upstream's build list has no wheel of this name; if it is missing there, set the URL of another one"
        note = "; ".join(filter(None, (note, f"{unlisted}, of the community for example: {load_table()['community']}")))
    return _wheel(request, wheel.file, wheel.version, note=note)


def _instead_of(request: _Request, wheel: WheelName, defect: str) -> Wheel | NoWheel:
    right = _from_table(replace(request, sha256=None))
    if isinstance(right, Wheel):
        why = right.note if defect in right.note else f"{defect}; {right.note}".removesuffix("; ")
        return replace(right, note=f"instead of {wheel.file}, as set: {why}")
    return NoWheel(f"{wheel.file} is known to be bad ({defect}), and {right.reason}", right.help)


def _no_wheel_name(name: str, source: str) -> NoWheel:
    lower = name.lower()
    correct = "set F5_FLASH_ATTN to a version (2.8.3), or to a wheel: its name, URL or path"
    if source.startswith("git+") or lower.endswith(_SOURCES):
        build = "build a wheel of it (pip wheel --no-build-isolation --no-deps …, which compiles for up to hours)"
        return NoWheel(f"{name!r} is the source of flash_attn, which is never compiled here", f"{build}, or {correct}")
    if lower.endswith(_CONDA):
        return NoWheel(f"{name!r} is a package of conda, which pip cannot install", correct)
    return NoWheel(f"{name!r} is not the name of a flash_attn wheel", correct)


def _foreign(wheel: WheelName) -> str | None:
    """What a wheel is that is not one of flash_attn 2; None if it is."""
    if wheel.distribution in _OTHER_GENERATIONS:
        return (
            f"is {_OTHER_GENERATIONS[wheel.distribution]}; F5-TTS uses flash_attn 2, whose functions it does not have"
        )
    if wheel.distribution != _DISTRIBUTION:
        return f"is a wheel of {wheel.distribution}, not of flash_attn"
    if natural(wheel.version)[0] < 2:
        return "is flash_attn 1; F5-TTS uses the functions of flash_attn 2"
    return None


def _misfit(wheel: WheelName, tags: PlatformTags) -> str | None:
    """Why the wheel surely cannot run on the machine; None if it may."""
    if (obstacle := tag_obstacle(wheel, tags)) is not None:
        return obstacle
    if wheel.accelerator is not None:
        return f"is for {wheel.accelerator}, and this torch is for CUDA {tags.cuda}"
    if wheel.cuda is not None and wheel.cuda != tags.cuda_major:
        return f"is linked to the libraries of CUDA {wheel.cuda}, and this torch brings those of CUDA {tags.cuda_major}"
    here = "TRUE" if tags.cxx11_abi else "FALSE"
    if wheel.abi not in (None, here) and natural(wheel.torch or tags.torch_minor or "") < _ABI_OF_TORCH:
        return f"is for abi {wheel.abi} of C++11, and this torch is for {here}"
    return None


def _doubts(wheel: WheelName, tags: PlatformTags) -> Iterable[str]:
    """Why the wheel may fail its proof although it can be installed."""
    if is_pure(wheel):
        yield "its name says that it has no compiled kernels"
    elif wheel.torch is None:
        yield "its name does not say for which torch it is"
    elif wheel.torch != tags.torch_minor:
        yield f"its name says torch {wheel.torch}, and this is {tags.torch}"
    elif tags.torch_is_prerelease:
        yield f"it is built for torch {wheel.torch}, and this is {tags.torch}"


def _help_with_pin(request: _Request) -> str:
    right = _from_table(replace(request, sha256=None))
    if isinstance(right, Wheel):
        others = f", of the community for example: {community_wheels(request.tags)}"
        return f"unset F5_FLASH_ATTN ({right.name} is then chosen), or set it to a wheel for this machine{others}"
    return f"correct F5_FLASH_ATTN, or {right.help}"


def _wheel(request: _Request, name: str, version: str, tag: str = "", *, source: str = "", note: str = "") -> Wheel:
    table = load_table()
    if not source and request.mirror is None:
        source = str(table["url"]).format(tag=tag or f"v{version}", name=quote(name))
    elif not source and request.mirror is not None:
        source = _below(request.mirror, name)
    return Wheel(name, source, version, request.sha256, table["wheel_bytes"], table["unpacked_bytes"], note)


def _below(mirror: str, name: str) -> str:
    """The address of a file of a mirror; the mirror's query (a token) stays at its end."""
    if not mirror.startswith(("http://", "https://")):
        return f"{mirror.rstrip('/')}/{name}"
    address, question_mark, query = mirror.partition("?")
    return f"{address.rstrip('/')}/{quote(name)}{question_mark}{query}"
