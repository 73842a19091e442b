"""Installs this project into a virtual environment: ``python tools/install.py [FOLDER [EXTRA,…]]``.

Needs only Python and an index. Packages are installed by uv if it is on the path, else by pip (``tools/locked.py``).

PyPI's torch for Linux is a CUDA build of several gigabytes. Without an NVIDIA driver, PyTorch's own index of CPU builds
is used too; if it cannot be reached, the configured index decides. A build for another device that the user has
installed into the environment (AMD, Intel, another CUDA) stays, in the locked version. All files are verified
(``tools/locked.py``), except with Python 3.10, for which no versions are pinned.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CPU_BUILDS = "https://download.pytorch.org/whl/cpu"
OLDEST = (3, 10)
OLDEST_LOCKED = (3, 11)
PIP = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--use-pep517"]


def main() -> int:
    if sys.version_info < OLDEST:
        print(f"Python {OLDEST[0]}.{OLDEST[1]} or newer is needed; this is {sys.version.split()[0]}.", file=sys.stderr)
        return 1
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".venv")
    if not (folder / "bin" / "python").exists():
        print(f"Creating the virtual environment {folder}", flush=True)
        # Links, as the command ``python -m venv`` makes: a copy of some builds for macOS does not find its library.
        venv.create(folder, with_pip=True, symlinks=os.name != "nt")
    python = str(folder / "bin" / "python")
    extras = sys.argv[2] if len(sys.argv) > 2 else ""
    print("Installing the dependencies: 1 to 5 minutes the first time, more on a slow network", flush=True)
    install = _install_locked if sys.version_info >= OLDEST_LOCKED else _install_unlocked
    try:
        install(python, extras)
    except subprocess.CalledProcessError as error:  # it has printed the reason
        return error.returncode
    return 0


def _install_locked(python: str, extras: str) -> None:
    """Install the packages of requirements/all.lock, torch first, so that only torch can come from another index."""
    locked = [python, str(ROOT / "tools" / "locked.py")]
    print("1 of 2: torch", flush=True)
    if not _keeps_torch(python):
        _install_torch(locked)
    print("2 of 2: everything else", flush=True)
    subprocess.run([*locked, f".[{extras}]"], check=True)
    subprocess.run([python, *PIP, "--no-deps", "--no-build-isolation", "--editable", str(ROOT)], check=True)


def _install_torch(locked: list[str]) -> None:
    if _has_nvidia_driver() or sys.platform != "linux" or not _install_cpu_build(locked):
        subprocess.run([*locked, "torch"], check=True)


def _keeps_torch(python: str) -> bool:
    """True if the environment has the locked version of torch in a build that the user has chosen for a device."""
    query = "import importlib.metadata as metadata; print(metadata.version('torch'))"
    done = subprocess.run([python, "-c", query], capture_output=True, text=True, check=False)
    installed = done.stdout.strip() if done.returncode == 0 else ""
    version, _, build = installed.partition("+")
    if build in ("", "cpu"):
        return False
    lock = (ROOT / "requirements" / "all.lock").read_text()
    wanted = re.search(r"^torch==([\w.]+)", lock, re.MULTILINE)
    if wanted is not None and wanted[1] == version:
        print(f"torch {installed} is kept", flush=True)
        return True
    print(f"torch {installed} is replaced: install the same build of the new version afterwards (docs/devices.md)")
    return False


def _install_cpu_build(locked: list[str]) -> bool:
    """True if a CPU build of torch is available and installed; if not, the configured index decides."""
    index = " ".join([os.environ.get("PIP_EXTRA_INDEX_URL", ""), *_cpu_index()]).strip()
    environment = {**os.environ, **({"PIP_EXTRA_INDEX_URL": index} if index else {})}
    command = [*locked, "--lock", str(ROOT / "requirements" / "torch-cpu.lock"), "torch"]
    installed = subprocess.run(command, check=False, env=environment).returncode == 0
    if not installed:
        print("No CPU build of torch is available here: installing the build of the configured index", flush=True)
    return installed


def _install_unlocked(python: str, extras: str) -> None:
    print("Python 3.10: without a lock, the newest versions are installed, unverified", flush=True)
    wants_cpu = sys.platform == "linux" and not _has_nvidia_driver()
    index = [option for url in _cpu_index() for option in ("--extra-index-url", url) if wants_cpu]
    subprocess.run([python, *PIP, *index, "torch"], check=True)
    subprocess.run([python, *PIP, "--editable", f"{ROOT}[{extras}]" if extras else str(ROOT)], check=True)


def _cpu_index() -> list[str]:
    return [CPU_BUILDS] if _reachable(f"{CPU_BUILDS}/torch/") else []


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
