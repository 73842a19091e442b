"""Installs this project into a virtual environment: ``python tools/install.py .venv``. Needs only Python and an index.

PyPI's torch for Linux is a CUDA build of several gigabytes. Without an NVIDIA driver, PyTorch's own index of CPU builds
is used too; if it cannot be reached, the configured index decides.
"""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.error
import urllib.request
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CPU_BUILDS = "https://download.pytorch.org/whl/cpu"
OLDEST = (3, 10)


def main() -> int:
    if sys.version_info < OLDEST:
        print(f"Python {OLDEST[0]}.{OLDEST[1]} or newer is needed; this is {sys.version.split()[0]}.", file=sys.stderr)
        return 1
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".venv")
    if not (folder / "bin" / "python").exists():
        print(f"Creating the virtual environment {folder}", flush=True)
        venv.create(folder, with_pip=True)
    python = str(folder / "bin" / "python")
    extras = sys.argv[2] if len(sys.argv) > 2 else "dev"
    print("Installing the dependencies: 2 to 5 minutes the first time, more on a slow network", flush=True)
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--use-pep517"]
    constraints = ["--constraint", str(ROOT / "constraints.txt")]
    # torch first, so that no other package replaces it by another build.
    index = _torch_index()
    print("1 of 2: torch", flush=True)
    subprocess.run([*pip, *constraints, *index, "torch"], check=True)
    print("2 of 2: everything else", flush=True)
    subprocess.run([*pip, *constraints, "--editable", f"{ROOT}[{extras}]"], check=True)
    return subprocess.run([python, "-m", "f5_pipeline.environment.torchaudio"], check=False).returncode


def _torch_index() -> list[str]:
    if _has_nvidia_driver():
        print("Found an NVIDIA driver: installing a CUDA build of torch", flush=True)
        return []
    if sys.platform == "linux" and _reachable(f"{CPU_BUILDS}/torch/"):
        return ["--extra-index-url", CPU_BUILDS]
    return []


def _has_nvidia_driver() -> bool:
    return Path("/proc/driver/nvidia/version").exists() or Path("/dev/nvidiactl").exists() or _wsl_gpu()


def _wsl_gpu() -> bool:
    return Path("/usr/lib/wsl/lib/libcuda.so.1").exists()


def _reachable(url: str) -> bool:
    if os.environ.get("PIP_NO_INDEX"):
        return False
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=5):
            return True
    except (urllib.error.URLError, OSError):
        return False


if __name__ == "__main__":
    sys.exit(main())
