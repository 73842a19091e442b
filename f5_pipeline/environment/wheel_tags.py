"""Whether an interpreter can load a wheel at all, by the wheel's tags. Pure functions of the platform tags."""

from __future__ import annotations

import re
from collections.abc import Iterator

from packaging.tags import Tag, compatible_tags, cpython_tags

from f5_pipeline.environment.platform import PlatformTags
from f5_pipeline.environment.wheel_name import WheelName, platforms_of

_OLDEST_GLIBC, _OLDEST_MUSL, _NEWEST_MUSL = 5, 0, 9  # minor versions of glibc 2 and musl 1
_LEGACY = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}  # glibc 2.17 → its older name
_GLIBC_TAG = re.compile(r"manylinux_2_(\d+)_(\w+)")
_WINDOWS = {"x86_64": "win_amd64", "aarch64": "win_arm64", "x86": "win32", "i386": "win32"}


def tag_obstacle(wheel: WheelName, tags: PlatformTags) -> str | None:
    """Why pip cannot install the wheel here, as the end of a sentence about it; None if it can."""
    supported = frozenset(_supported(tags))
    if wheel.tags & supported:
        return None
    interpreters = {(tag.interpreter, tag.abi) for tag in supported}
    if not any((tag.interpreter, tag.abi) in interpreters for tag in wheel.tags):
        return _interpreter_obstacle(wheel, tags)
    return _platform_obstacle(wheel, tags)


def is_pure(wheel: WheelName) -> bool:
    """True if the tags promise that no file of the wheel is compiled."""
    return all(tag.platform == "any" for tag in wheel.tags)


def _supported(tags: PlatformTags) -> Iterator[Tag]:
    platforms = list(_platforms(tags))
    yield from cpython_tags(tags.python_version, abis=[tags.python_abi], platforms=platforms)
    yield from compatible_tags(tags.python_version, interpreter=tags.interpreter, platforms=platforms)


def _platforms(tags: PlatformTags) -> Iterator[str]:
    if tags.system == "windows":
        yield _WINDOWS.get(tags.architecture, f"win_{tags.architecture}")
        return
    if tags.system != "linux":
        return
    yield f"linux_{tags.architecture}"
    if tags.glibc is None:
        yield from (f"musllinux_1_{minor}_{tags.architecture}" for minor in range(_OLDEST_MUSL, _NEWEST_MUSL))
        return
    newest = int(tags.glibc.split(".")[1])
    for minor in range(newest, _OLDEST_GLIBC - 1, -1):
        yield f"manylinux_2_{minor}_{tags.architecture}"
        if minor in _LEGACY:
            yield f"{_LEGACY[minor]}_{tags.architecture}"


def _interpreter_obstacle(wheel: WheelName, tags: PlatformTags) -> str:
    here = describe_python(tags)
    abis = sorted({tag.abi for tag in wheel.tags})
    without_gil = tags.python_abi != tags.interpreter
    if all(abi.endswith("t") for abi in abis) and not without_gil:
        return f"is for free-threaded Python ({', '.join(abis)}), and this is {here} with the GIL"
    if without_gil and not any(abi.endswith("t") for abi in abis):
        return f"is for Python with the GIL ({', '.join(abis)}), and this is {here}"
    wanted = ", ".join(sorted({f"{tag.interpreter}-{tag.abi}" for tag in wheel.tags}))
    return f"is for another Python ({wanted}), and this is {here} ({tags.python_abi})"


def _platform_obstacle(wheel: WheelName, tags: PlatformTags) -> str:
    wanted = ", ".join(platforms_of(wheel.tags))
    matches = [match for each in platforms_of(wheel.tags) if (match := _GLIBC_TAG.fullmatch(each))]
    if tags.system == "linux" and any(match[2] == tags.architecture for match in matches):
        if tags.glibc is None:
            return f"needs glibc ({wanted}), and this Linux has another C library (musl)"
        needed = min(int(match[1]) for match in matches if match[2] == tags.architecture)
        return f"needs glibc 2.{needed}, and this machine has {tags.glibc}"
    return f"is for {wanted}, and this machine is {describe_machine(tags)}"


def describe_python(tags: PlatformTags) -> str:
    """ "Python 3.12", "free-threaded Python 3.14"."""
    major, minor = tags.python_version
    return f"{'free-threaded ' if tags.python_abi != tags.interpreter else ''}Python {major}.{minor}"


def describe_machine(tags: PlatformTags) -> str:
    """ "Linux x86_64"."""
    return f"{ {'darwin': 'macOS'}.get(tags.system, tags.system.capitalize()) } {tags.architecture}".strip()


def describe(tags: PlatformTags) -> str:
    """Everything that a wheel has to match: "Python 3.12, torch 2.9.1+cu128, CUDA 12.8, C++11 ABI, …"."""
    abi = {True: "C++11 ABI", False: "pre-C++11 ABI", None: ""}[tags.cxx11_abi]
    library = (f"glibc {tags.glibc}" if tags.glibc else "no glibc") if tags.system == "linux" else ""
    parts = (
        describe_python(tags),
        f"torch {tags.torch}" if tags.torch else "no torch",
        f"CUDA {tags.cuda}" if tags.cuda else "no CUDA",
        abi,
        describe_machine(tags),
        library,
    )
    return ", ".join(filter(None, parts))
