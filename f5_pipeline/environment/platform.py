"""Platform tags of this machine and interpreter, which a compiled attention kernel has to match.

Reads torch's version file instead of importing torch, which takes seconds. Only a CUDA build of torch is imported,
once, in a process of its own, to query its GPU. The tags are evaluated in ``attention`` and ``wheels``.
"""

from __future__ import annotations

import ast
import json
import platform
import re
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from packaging.version import InvalidVersion, Version

from f5_pipeline.errors import EnvironmentBroken

QUERY_TORCH = """
import json, sys, torch
device = sys.argv[1]
found = {"cxx11_abi": bool(torch._C._GLIBCXX_USE_CXX11_ABI), "gpu": None, "capability": None}
if torch.cuda.is_available() and (torch.device(device).index or 0) < torch.cuda.device_count():
    found["gpu"] = torch.cuda.get_device_name(device)
    found["capability"] = list(torch.cuda.get_device_capability(device))
json.dump(found, sys.stdout)
"""


@dataclass(frozen=True)
class PlatformTags:
    """Everything that decides which wheel fits. None: not applicable, or unknown without CUDA."""

    python: str  # "cp311"
    system: str  # "linux"
    architecture: str  # "x86_64", "aarch64"
    glibc: str | None  # "2.36"
    torch: str | None  # "2.7.1+cu126"; None if not installed
    cuda: str | None  # of the torch build, "12.6"; None for a build without CUDA
    cxx11_abi: bool | None = None  # of torch's C++ strings
    gpu: str | None = None  # the name of the GPU
    capability: tuple[int, int] | None = None  # the compute capability of the GPU, (9, 0)
    free_threaded: bool = False  # a build of Python without the GIL ("cp314t")

    @property
    def interpreter(self) -> str:
        """ "cp314", of a build with or without the GIL."""
        return self.python.removesuffix("t")

    @property
    def python_abi(self) -> str:
        """ "cp314", or "cp314t" without the GIL."""
        return f"{self.interpreter}t" if self.free_threaded or self.python.endswith("t") else self.python

    @property
    def python_version(self) -> tuple[int, int]:
        """(3, 14) of "cp314"."""
        return int(self.interpreter[2]), int(self.interpreter[3:])

    @property
    def torch_minor(self) -> str | None:
        """ "2.7" of torch "2.7.1+cu126", and of "2.7.0a0+34c6371d24.nv25.04"."""
        return None if self.torch is None else ".".join(re.findall(r"\d+", self.torch)[:2])

    @property
    def torch_is_prerelease(self) -> bool:
        """True for a nightly build, and for NVIDIA's of a state before the release."""
        try:
            return Version(self.torch or "0").is_prerelease
        except InvalidVersion:  # of a build of torch with its own numbering
            return False

    @property
    def cuda_major(self) -> str | None:
        """ "12" of CUDA "12.6"."""
        return None if self.cuda is None else self.cuda.split(".")[0]


def read_tags(device: str = "auto") -> PlatformTags:
    """The tags of this interpreter. Takes milliseconds without CUDA, and seconds with it, since torch is queried.

    ``device``: the setting of that name, which selects the GPU.

    Raises:
        EnvironmentBroken: torch is installed and cannot be imported.
    """
    torch, cuda = torch_version()
    tags = PlatformTags(
        python=f"cp{sys.version_info.major}{sys.version_info.minor}",
        system=platform.system().lower(),
        architecture=platform.machine().lower().replace("amd64", "x86_64").replace("arm64", "aarch64"),
        glibc=platform.libc_ver()[1] or None if platform.libc_ver()[0] == "glibc" else None,
        torch=torch,
        cuda=cuda,
        free_threaded=bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    )
    return tags if cuda is None else _with_gpu(tags, device)


def torch_version() -> tuple[str | None, str | None]:
    """The versions of torch and of its CUDA, each None if there is none. Does not import torch.

    From ``torch/version.py``, because the metadata of a wheel may not name the build.
    """
    spec = find_spec("torch")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder, "version.py")
        if path.is_file():
            values = _assignments(path)
            return values.get("__version__"), values.get("cuda")
    return None, None


def _assignments(path: Path) -> dict[str, str]:
    """The plain ``name = "text"`` lines of a Python file."""
    values: dict[str, str] = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        value = getattr(node, "value", None)
        if isinstance(target, ast.Name) and isinstance(value, ast.Constant) and isinstance(value.value, str):
            values[target.id] = value.value
    return values


def _with_gpu(tags: PlatformTags, device: str) -> PlatformTags:
    command = [sys.executable, "-c", QUERY_TORCH, device if device.startswith("cuda") else "cuda"]
    # Not in the working folder, which may contain a torch.py of the user.
    done = subprocess.run(command, capture_output=True, text=True, cwd=sys.prefix, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it crashed without a message"])[-1]
        raise EnvironmentBroken(f"torch {tags.torch}", last[:300])
    found = json.loads(done.stdout)
    capability = found["capability"]
    return PlatformTags(
        **{**vars(tags), **found, "capability": None if capability is None else (capability[0], capability[1])}
    )
