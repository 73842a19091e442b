"""Renews requirements/*.lock from ``constraints.txt``: ``python tools/lock.py``. Needs uv, of the extra ``dev``.

``all.lock`` names every package of all extras for every platform, with the SHA-256 of every file that PyPI offers for
its version. ``torch-cpu.lock`` has those of PyTorch's own CPU builds of the same torch, ``cuda-image.lock`` those of
the torch that the CUDA image has instead. If PyTorch's index cannot be reached, ``torch-cpu.lock`` stays as it is,
which is an error if the version has changed.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ROOT / "requirements"
CPU_BUILDS = "https://download.pytorch.org/whl/cpu/torch/"
CUDA_IMAGE = ("torch", "torchaudio")


def main() -> int:
    constraints = (ROOT / "constraints.txt").read_text()
    _write("all.lock", _compile(["pyproject.toml", "--all-extras", "--no-sources"], constraints))
    others = [line for line in constraints.splitlines() if line.partition("==")[0] not in CUDA_IMAGE]
    _write("cuda-image.lock", _compile(["requirements/cuda-image.txt"], "\n".join(others)))
    version = re.findall(r"^torch==([\w.]+)", constraints, re.M)[0]
    if page := _index_page():
        _write("torch-cpu.lock", cpu_builds(version, page))
    elif f"torch=={version}+cpu " not in (LOCKS / "torch-cpu.lock").read_text():
        sys.exit(f"{CPU_BUILDS} cannot be reached, so torch-cpu.lock lacks torch {version}. Try again later.")
    return 0


def cpu_builds(version: str, page: str) -> str:
    """The lock of torch's CPU builds, from the page of PyTorch's index that lists its files and their hashes."""
    files = rf'torch-{re.escape(version)}%2Bcpu-cp31[1-9]-\w+-manylinux[^"#]*#sha256=([0-9a-f]{{64}})'
    hashes = [f"    --hash=sha256:{digest}" for digest in sorted(set(re.findall(files, page)))]
    return " \\\n".join([f"torch=={version}+cpu", *hashes]) + "\n"


def _write(name: str, text: str) -> None:
    (LOCKS / name).write_text(f"# Renewed with: python tools/lock.py. Verified by tools/locked.py.\n{text}")


def _compile(inputs: list[str], constraints: str) -> str:
    """What the inputs require on any platform, with hashes."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(constraints)
        file.flush()
        options = ["--universal", "--python-version", "3.11", "--generate-hashes", "--no-header", "--no-annotate"]
        program = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--constraint", file.name]
        command = [*program, *options, *inputs]
        return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def _index_page() -> str:
    try:
        with urllib.request.urlopen(CPU_BUILDS, timeout=30) as answer:
            page: str = answer.read().decode()
            return page
    except (urllib.error.URLError, OSError):
        return ""


if __name__ == "__main__":
    sys.exit(main())
