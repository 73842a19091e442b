"""Installing a flash_attn wheel so that nobody ever meets a half-installed or broken one.

pip installs it into a folder of its own beside site-packages; there it is proven; only then its parts are renamed into
place, the importable package last. A failed proof leaves site-packages as it was. What this did install is marked in
its metadata, and only that is ever uninstalled.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import invalidate_caches
from importlib.util import find_spec
from pathlib import Path

import psutil

from f5_pipeline.environment.installed import flash_attn_distribution, flash_attn_present, site_packages
from f5_pipeline.environment.proof import Proof, prove_flash_attn
from f5_pipeline.errors import InstallFailed
from f5_pipeline.storage.filesystem import translate_os_errors
from f5_pipeline.storage.locks import hold
from f5_pipeline.storage.partial import host_slug
from f5_pipeline.storage.pinned import PinnedFile

#: For pip, here and in whatever this process starts later: never build in isolation, never phone home for itself.
PIP_ENVIRONMENT = {"PIP_NO_BUILD_ISOLATION": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}

_STAGING = ".f5-pipeline-staging-"
_MARK = "f5_pipeline.json"  # in the dist-info of what this module installed


@dataclass(frozen=True)
class Origin:
    """Which wheel an installation of ours came from."""

    wheel: str
    sha256: str


def origin_of_installed() -> Origin | None:
    """Where the installed flash_attn came from, if this module installed it; else None."""
    distribution = flash_attn_distribution()
    text = None if distribution is None else distribution.read_text(_MARK)
    if text is None:
        return None
    mark = json.loads(text)
    return Origin(mark["wheel"], mark["sha256"])


def obstacle_to_installing() -> str | None:
    """Why no wheel can be installed into this interpreter; None: it can."""
    site = site_packages()
    if find_spec("pip") is None:
        return "pip is not installed here (python -m ensurepip brings it)"
    if find_spec("einops") is None:
        return "flash_attn needs einops, which is not installed (pip install einops)"
    marker = Path(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED")
    if sys.prefix == sys.base_prefix and marker.exists():
        return f"{sys.prefix} belongs to the operating system's package manager; use a virtual environment"
    if not os.access(site, os.W_OK):
        return f"{site} cannot be written by this user"
    return None


def install_wheel(wheel: PinnedFile, device: str = "auto") -> Proof:
    """Install a wheel beside site-packages, prove it there, and put it in place if it works.

    One process at a time, also of those that use other caches: what another put in place meanwhile is only proven.

    Returns:
        The proof; if it failed, nothing was installed.

    Raises:
        InstallFailed: pip did not install it.
        GpuUnusable: nothing can be proven here.
        FileUnusable: the disk is full, or cannot be written.
    """
    with hold(site_packages() / ".f5-pipeline.lock", "installing flash_attn"), _staging() as staging:
        if flash_attn_present() and origin_of_installed() == Origin(wheel.path.name, wheel.sha256):
            return prove_flash_attn(device=device)
        _pip_install(wheel.path, staging)
        site = _installed_into(staging, wheel)
        proof = prove_flash_attn(site, device)
        if proof.works:
            _mark(site, wheel)
            with translate_os_errors(site_packages()):
                _put_in_place(site)
        return proof


def uninstall() -> None:
    """Remove the installed flash_attn.

    Raises:
        InstallFailed: pip did not remove it.
    """
    _pip("uninstall", "--yes", "flash_attn")
    invalidate_caches()


def _pip_install(wheel: Path, staging: Path) -> None:
    """Never from source, never with dependencies (it would replace torch), never from an index."""
    _pip(
        *("install", "--no-deps", "--no-cache-dir", "--no-index", "--only-binary=:all:", "--no-build-isolation"),
        *("--ignore-installed", "--no-warn-script-location", "--prefix", str(staging), str(wheel.absolute())),
    )


def _pip(*arguments: str) -> None:
    # Isolated from the user's pip.conf, whose "user = true" or "target" would put it elsewhere.
    command = [sys.executable, "-m", "pip", "--isolated", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=sys.prefix, check=False)
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or done.stderr.splitlines()
        raise InstallFailed(arguments[0], (errors or [f"exit code {done.returncode}"])[-1][:300])


@contextmanager
def _staging() -> Iterator[Path]:
    """A folder on the file system of site-packages, so that renaming from it is atomic."""
    parent = site_packages()
    _remove_dead_stagings(parent)
    staging = parent / f"{_STAGING}{host_slug()}-{os.getpid()}-{secrets.token_hex(4)}"
    with translate_os_errors(staging):
        staging.mkdir()
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        _remove_dead_stagings(parent)  # a dead process's pip may have gone on for a moment


def _remove_dead_stagings(parent: Path) -> None:
    """Those of processes of this machine that are no more."""
    for folder in parent.glob(f"{_STAGING}{host_slug()}-*"):
        pid = folder.name.removeprefix(f"{_STAGING}{host_slug()}-").partition("-")[0]
        if pid.isdigit() and not psutil.pid_exists(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)


def _installed_into(staging: Path, wheel: PinnedFile) -> Path:
    """The site-packages under ``staging``; where it is depends on the operating system's taste."""
    for info in staging.rglob("flash_attn-*.dist-info"):
        return info.parent
    raise InstallFailed("install", f"{wheel.path.name} is not a wheel of flash_attn")


def _mark(site: Path, wheel: PinnedFile) -> None:
    """Say where it came from, in a file that pip will remove with the rest."""
    info = next(site.glob("flash_attn-*.dist-info"))
    mark = json.dumps({"wheel": wheel.path.name, "sha256": wheel.sha256}).encode()
    digest = base64.urlsafe_b64encode(hashlib.sha256(mark).digest()).rstrip(b"=").decode()
    (info / _MARK).write_bytes(mark)
    with (info / "RECORD").open("a", encoding="utf-8") as record:
        record.write(f"{info.name}/{_MARK},sha256={digest},{len(mark)}\n")


def _put_in_place(site: Path) -> None:
    """Rename everything into site-packages, what makes it importable last.

    Where another attempt died in the middle, some of it (or of another version) is there already, but never the
    package itself.
    """
    target = site_packages()
    for stale in target.glob("flash_attn-*.dist-info"):
        shutil.rmtree(stale)
    parts = sorted(site.iterdir(), key=lambda path: path.name == "flash_attn")
    for part in parts:
        old = target / part.name
        if old.is_dir() and not old.is_symlink():
            shutil.rmtree(old)
        part.replace(old)
    invalidate_caches()
