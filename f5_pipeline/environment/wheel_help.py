"""Why no published wheel fits a machine, and every way to get flash_attn there, as parts of sentences."""

from __future__ import annotations

from collections.abc import Iterator

from f5_pipeline.environment.platform import PlatformTags
from f5_pipeline.environment.wheel_table import Cell, cell_of, load_table, natural, releases
from f5_pipeline.environment.wheel_tags import describe, describe_machine, describe_python

_COMMUNITY_SYSTEMS = {("linux", "x86_64"), ("linux", "aarch64"), ("windows", "x86_64")}
_BUILD = "pip wheel --no-build-isolation --no-deps flash-attn"


def obstacle_of_machine(tags: PlatformTags) -> str | None:
    """Why no wheel of flash_attn at all can run here; None if one might."""
    if tags.torch is None:
        return "torch is not installed"
    if tags.cuda is None:
        build = _build(tags.torch)
        return f"flash_attn's wheels are for NVIDIA's CUDA, and torch {tags.torch} is built {build}"
    return None


def nothing_published(tags: PlatformTags) -> str:
    """Why upstream has no wheel: the machine, and what about it no published wheel has."""
    return f"no wheel is published for {describe(tags)}: {_reason(tags)}"


def ways_out(tags: PlatformTags) -> str:
    """What the user can do on a machine for which upstream has no wheel."""
    if tags.torch is None or tags.cuda is None:
        return "use a CUDA build of torch on an NVIDIA GPU; other devices run torch's attention"
    return "; or ".join(_ways(tags))


def community_wheels(tags: PlatformTags) -> str:
    """Where others publish wheels for machines of this kind; "" if there are none."""
    known = (tags.system, tags.architecture) in _COMMUNITY_SYSTEMS and (tags.glibc or tags.system != "linux")
    return str(load_table()["community"]) if known else ""


def _build(torch: str) -> str:
    local = torch.partition("+")[2]
    names = {"rocm": "for AMD's ROCm", "xpu": "for Intel's GPUs (XPU)", "cpu": "for CPUs"}
    return next((name for prefix, name in names.items() if local.startswith(prefix)), "without CUDA")


def _reason(tags: PlatformTags) -> str:
    if tags.system != "linux":
        return f"upstream's are for Linux only, and this is {describe_machine(tags)}"
    if tags.glibc is None:
        return "upstream's need glibc, and this Linux has another C library (musl)"
    wanted = cell_of(tags)
    published = [cell for release in releases() if release.released for cell in release.cells()]
    missing = [
        name
        for dimension, name in (
            ("architecture", wanted.architecture),
            ("python", describe_python(tags)),
            ("cuda", f"CUDA {wanted.cuda}"),
            ("torch", f"torch {wanted.torch}"),
        )
        if getattr(wanted, dimension) not in {getattr(cell, dimension) for cell in published}
    ]
    if missing:
        return f"upstream has none for {' and none for '.join(missing)}"
    abi = "" if wanted.abi == "TRUE" else "pre-"
    return (
        f"upstream has none for torch {wanted.torch} with CUDA {wanted.cuda}, {describe_python(tags)}"
        f" and the {abi}C++11 ABI"
    )


def _ways(tags: PlatformTags) -> Iterator[str]:
    if tags.system == "linux" and tags.glibc is not None:
        yield from _other_builds(tags)
    if community := community_wheels(tags):
        yield f"set F5_FLASH_ATTN to the URL of a community wheel for exactly this machine: {community}"
    yield f"build one ({_BUILD}, which compiles for up to hours) and set F5_FLASH_ATTN to its path"
    for release in releases():
        if not release.released and tags.system == "linux" and tags.glibc and release.has(cell_of(tags)):
            version = release.version
            yield f"wait for flash_attn {version}, which is to have one, and set F5_FLASH_ATTN={version} then"


def _other_builds(tags: PlatformTags) -> Iterator[str]:
    """The builds of torch that upstream has a wheel for on this machine, with this Python or else the newest one."""
    here = [cell for cell in _runnable(tags) if cell.architecture == tags.architecture]
    same_python = [cell for cell in here if cell.python == cell_of(tags).python]
    if not here:
        return
    newest = max((cell.python for cell in here), key=natural)
    cells = same_python or [cell for cell in here if cell.python == newest]
    by_cuda = {cuda: max((each.torch for each in cells if each.cuda == cuda), key=natural) for cuda in _cudas(cells)}
    builds = " or ".join(f"torch {torch} built for CUDA {cuda}" for cuda, torch in by_cuda.items())
    yield f"install {builds}" if same_python else f"use Python {_version(newest)} with {builds}"


def _cudas(cells: list[Cell]) -> list[str]:
    return sorted({cell.cuda for cell in cells}, key=natural)


def _version(python: str) -> str:
    """ "3.14" of cp314."""
    return f"{python[2]}.{python[3:]}"


def _runnable(tags: PlatformTags) -> Iterator[Cell]:
    for release in releases():
        if release.released and not (release.glibc and natural(tags.glibc or "") < natural(release.glibc)):
            yield from release.cells()
