"""Helpers for installation tests: wheels of a flash_attn that computes on a CPU, and scratch environments.

A scratch environment is a real virtual environment that sees the packages of the test environment and has its own
site-packages. The wheels are real and come from a real server; pip is the real pip.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PYTHON = f"cp{sys.version_info.major}{sys.version_info.minor}"
NAME = f"flash_attn-2.8.3+cu12torch2.7cxx11abiTRUE-{PYTHON}-{PYTHON}-linux_x86_64.whl"
PINNABLE = f"flash_attn-2.8.2+cu12torch2.7cxx11abiTRUE-{PYTHON}-{PYTHON}-linux_x86_64.whl"

_PACKAGE = """
__version__ = {version!r}
import torch
import torch.nn.functional as F
from math import sqrt
{preamble}

def flash_attn_func(q, k, v, dropout_p=0.0, causal=False):
    out = F.scaled_dot_product_attention(*(x.transpose(1, 2) for x in (q, k, v)))
    return out.transpose(1, 2) * {scale}

def flash_attn_varlen_func(q, k, v, q_ends, k_ends, q_longest, k_longest):
    rows = zip(q_ends[:-1].tolist(), q_ends[1:].tolist())
    return torch.cat([flash_attn_func(q[None, a:b], k[None, a:b], v[None, a:b])[0] for a, b in rows])
"""

_PADDING = """
import torch

def unpad_input(x, mask):
    lengths = mask.sum(1)
    ends = torch.cat([lengths.new_zeros(1), lengths.cumsum(0)]).int()
    indices = mask.flatten().nonzero().flatten()
    return x.flatten(0, 1)[indices], indices, ends, int(lengths.max()), lengths

def pad_input(x, indices, batch, length):
    out = x.new_zeros(batch * length, *x.shape[1:])
    out[indices] = x
    return out.view(batch, length, *x.shape[1:])
"""


def build_wheel(
    version: str = "2.8.3", preamble: str = "", scale: float = 1.0, requires: tuple[str, ...] = (), library: bytes = b""
) -> bytes:
    """A flash_attn wheel. As in upstream's, the version in the metadata has no local part, unlike the file name."""
    info = f"flash_attn-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: flash_attn\nVersion: {version}\n"
    files = {
        "flash_attn/__init__.py": _PACKAGE.format(version=version, preamble=preamble, scale=scale).encode(),
        "flash_attn/bert_padding.py": _PADDING.encode(),
        "flash_attn_2_cuda.so": library or b"not a library",
        f"{info}/METADATA": (metadata + "".join(f"Requires-Dist: {each}\n" for each in requires)).encode(),
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: {PYTHON}-{PYTHON}-linux_x86_64\n".encode(),
    }
    return _pack(info, files)


def build_other_generation(distribution: str, version: str, *modules: str) -> bytes:
    """A wheel of another FlashAttention: flash_attn_4 has modules below flash_attn, and no flash_attn/__init__.py."""
    info = f"{distribution}-{version}.dist-info"
    packages = sorted({module.partition("/")[0].removesuffix(".py") for module in modules})
    files = {
        **dict.fromkeys(modules, b""),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/top_level.txt": "\n".join(packages).encode(),
    }
    return _pack(info, files)


def _pack(info: str, files: dict[str, bytes]) -> bytes:
    lines = [f"{name},sha256={_digest(data)},{len(data)}\n" for name, data in files.items()]
    files[f"{info}/RECORD"] = ("".join(lines) + f"{info}/RECORD,,\n").encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def build_torch() -> bytes:
    """A minimal torch: the files that are recorded, and what an import needs."""
    files = {
        "torch/__init__.py": "",
        "torch/version.py": '__version__ = "2.7.1+cu126"\ncuda = "12.6"\n',
        "torch/lib/libtorch.so": "",
        "torch-2.7.1.dist-info/METADATA": "Metadata-Version: 2.1\nName: torch\nVersion: 2.7.1\n",
        "torch-2.7.1.dist-info/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: {PYTHON}-none-any\n",
        "torch-2.7.1.dist-info/RECORD": "",
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def build_huge_wheel() -> bytes:
    """A small file whose directory claims an unpacked size of a petabyte."""
    buffer = io.BytesIO(build_wheel())
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("huge", b"x")
        archive.filelist[-1].file_size = 10**15
    return buffer.getvalue()


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


# Runs in the scratch environment. The platform tags claim a GPU; the kernels of the proof run on the CPU.
_DRIVER = """
import json, os, resource, signal, sys
from pathlib import Path
options = json.loads(sys.argv[1])
if options["file_limit"]:
    resource.setrlimit(resource.RLIMIT_FSIZE, (options["file_limit"],) * 2)
if options["hidden"]:
    import importlib.util
    found = importlib.util.find_spec
    importlib.util.find_spec = lambda name, *rest: None if name == options["hidden"] else found(name, *rest)
from f5_pipeline.environment import attention, install
from f5_pipeline.environment.platform import PlatformTags
from f5_pipeline.errors import F5PipelineError
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage import retry
attention.read_tags = lambda device: PlatformTags(**{**options["tags"], "capability": (8, 0)})
retry.sleep = lambda seconds: None
attention.RETRY_SECONDS = options["retry_seconds"]
if options["die_while_renaming"]:
    original = Path.replace
    def replace(self, target):
        original(self, target)
        if Path(target).parent == install.site_packages():
            os.kill(os.getpid(), signal.SIGKILL)
    Path.replace = replace
settings = Settings(**{name: value for name, value in options["settings"].items()})
try:
    report = attention.prove_environment(settings, options["bytes_to_come"])
    out = {"attention": report.attention, "reason": report.reason, "reused": report.reused, "wheel": report.wheel,
           "bytes": report.bytes_downloaded, "error": report.kernel_error, "sha256": report.wheel_sha256,
           "changes": attention.changes_since_proof(report)}
except F5PipelineError as error:
    out = {"attention": None, "reason": str(error), "failure": type(error).__name__}
out["imported"] = "torch" in sys.modules
out["pip"] = [os.environ.get(name) for name in ("PIP_NO_BUILD_ISOLATION", "PIP_DISABLE_PIP_VERSION_CHECK")]
print(json.dumps(out))
"""


@dataclass
class Scratch:
    """A scratch environment with its own cache."""

    folder: Path
    settings: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def create(cls, folder: Path, **settings: Any) -> Scratch:
        venv.EnvBuilder(with_pip=False, symlinks=True).create(folder / "venv")
        scratch = cls(folder, settings)
        packages = sysconfig.get_path("purelib")
        line = f"import site; site.addsitedir({packages!r})\n"
        (scratch.site / "packages_of_the_tests.pth").write_text(line)
        return scratch

    @property
    def python(self) -> str:
        return str(self.folder / "venv" / "bin" / "python")

    @property
    def site(self) -> Path:
        return next((self.folder / "venv" / "lib").glob("python3*")) / "site-packages"

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    def start(
        self,
        *,
        tags: dict[str, Any] | None = None,
        file_limit: int = 0,
        die_while_renaming: bool = False,
        bytes_to_come: int = 0,
        retry_seconds: float = 600.0,
        hidden: str = "",
        **settings: Any,
    ) -> subprocess.Popen[str]:
        """Start ``prove_environment`` in a new process."""
        machine = {
            "python": PYTHON,
            "system": "linux",
            "architecture": "x86_64",
            "glibc": "2.36",
            "torch": "2.7.1+cu126",
            "cuda": "12.6",
            "cxx11_abi": True,
            "gpu": "A100",
        }
        options = {
            "tags": {**machine, **(tags or {})},
            "file_limit": file_limit,
            "die_while_renaming": die_while_renaming,
            "bytes_to_come": bytes_to_come,
            "retry_seconds": retry_seconds,
            "hidden": hidden,
            "settings": {"cache": str(self.cache), **self.settings, **settings},
        }
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("PIP_", "PYTHON"))}
        environment["F5_RETRY_SECONDS"] = "0"  # three attempts
        return subprocess.Popen(
            [self.python, "-c", _DRIVER, json.dumps(options)], stdout=subprocess.PIPE, text=True, env=environment
        )

    def prove(self, **options: Any) -> dict[str, Any]:
        return result_of(self.start(**options))

    def pip(self, *arguments: str) -> None:
        command = [self.python, "-m", "pip", "-q", *arguments]
        subprocess.run(command, check=True, capture_output=True)

    def pip_install(self, name: str, wheel: bytes) -> None:
        """Install a wheel as a user does."""
        path = self.folder / name
        path.write_bytes(wheel)
        self.pip("install", "--no-deps", "--no-index", str(path))

    def installed(self) -> set[str]:
        """The names in its site-packages, without the initial ones, our lock and compiled Python."""
        known = {"packages_of_the_tests.pth", "__pycache__", ".f5-pipeline.lock", ".f5-pipeline.lock.holder"}
        return {path.name for path in self.site.iterdir()} - known


def result_of(process: subprocess.Popen[str]) -> dict[str, Any]:
    out, _ = process.communicate()
    assert process.returncode == 0, f"exit code {process.returncode}"
    result: dict[str, Any] = json.loads(out.splitlines()[-1])
    return result
