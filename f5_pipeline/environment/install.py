"""Installs a flash_attn wheel so that no process ever imports an incomplete or broken one.

pip installs it into a staging folder in site-packages, where it is proven. Only then its parts are renamed into place,
the importable package last. A failed proof leaves site-packages unchanged. An installation of ours is marked in its
metadata, and only marked ones are ever uninstalled.
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

from f5_pipeline.environment.installed import (
    empty_remains,
    flash_attn_distribution,
    flash_attn_present,
    other_owners,
    removal_command,
    site_packages,
)
from f5_pipeline.environment.proof import Proof, prove_flash_attn
from f5_pipeline.errors import InstallFailed
from f5_pipeline.storage.filesystem import translate_os_errors
from f5_pipeline.storage.locks import hold
from f5_pipeline.storage.partial import host_slug
from f5_pipeline.storage.pinned import PinnedFile

#: For pip in this process and its children: no build isolation, no check for a newer pip.
PIP_ENVIRONMENT = {"PIP_NO_BUILD_ISOLATION": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}

_STAGING = ".f5-pipeline-staging-"
_MARKER = "f5_pipeline.json"  # in the dist-info of our installations


@dataclass(frozen=True)
class Origin:
    """The wheel of an installation of ours."""

    wheel: str
    sha256: str


def origin_of_installed() -> Origin | None:
    """The wheel of the installed flash_attn, if this module installed it; else None."""
    distribution = flash_attn_distribution()
    text = None if distribution is None else distribution.read_text(_MARKER)
    if text is None:
        return None
    marker = json.loads(text)
    return Origin(marker["wheel"], marker["sha256"])


def obstacle_to_installing() -> str | None:
    """The reason why no wheel can be installed into this interpreter; None if it can."""
    site = site_packages()
    if find_spec("pip") is None:
        return "pip is not installed here (python -m ensurepip brings it)"
    if find_spec("einops") is None:
        return "flash_attn needs einops, which is not installed (pip install einops)"
    if others := other_owners():
        return f"{' and '.join(others)} has files in the same package, flash_attn ({removal_command()} removes them)"
    externally_managed = Path(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED")
    if sys.prefix == sys.base_prefix and externally_managed.exists():
        return f"{sys.prefix} belongs to the operating system's package manager; use a virtual environment"
    if not os.access(site, os.W_OK):
        return f"{site} cannot be written by this user"
    return None


def install_wheel(wheel: PinnedFile, device: str = "auto") -> Proof:
    """Install a wheel into a staging folder, prove it there, and move it into place if it works.

    One process at a time, including processes with another cache. A wheel that another process has installed meanwhile
    is only proven.

    Returns:
        The proof. If it failed, nothing was installed.

    Raises:
        InstallFailed: pip failed.
        GpuUnusable: the GPU does not compute, so nothing can be proven.
        FileUnusable: the disk is full or read-only.
    """
    with hold(site_packages() / ".f5-pipeline.lock", "installing flash_attn"), _staging() as staging:
        if flash_attn_present() and origin_of_installed() == Origin(wheel.path.name, wheel.sha256):
            return prove_flash_attn(device=device)
        _pip_install(wheel.path, staging)
        site = _find_site(staging, wheel)
        proof = prove_flash_attn(site, device)
        if proof.works:
            _write_marker(site, wheel)
            with translate_os_errors(site_packages()):
                _move_into_place(site)
        return proof


def uninstall() -> None:
    """Remove the installed flash_attn.

    Raises:
        InstallFailed: pip failed.
    """
    _pip("uninstall", "--yes", "flash_attn")
    invalidate_caches()


def remove_remains() -> None:
    """Remove empty folders of an uninstalled flash-attn-4, which break ``import f5_tts``.

    Raises:
        FileUnusable: one cannot be removed.
    """
    for folder in empty_remains():
        with translate_os_errors(folder):
            shutil.rmtree(folder)
    invalidate_caches()


def _pip_install(wheel: Path, staging: Path) -> None:
    """Without source builds, without an index, and without dependencies, which would replace torch."""
    _pip(
        *("install", "--no-deps", "--no-cache-dir", "--no-index", "--only-binary=:all:", "--no-build-isolation"),
        *("--ignore-installed", "--no-warn-script-location", "--prefix", str(staging), str(wheel.absolute())),
    )


def _pip(*arguments: str) -> None:
    # Isolated from the user's pip.conf: "user = true" or "target" would install it elsewhere.
    command = [sys.executable, "-m", "pip", "--isolated", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=sys.prefix, check=False)
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or done.stderr.splitlines()
        raise InstallFailed(arguments[0], (errors or [f"exit code {done.returncode}"])[-1][:300])


@contextmanager
def _staging() -> Iterator[Path]:
    """A folder in site-packages, so that renaming from it is atomic."""
    parent = site_packages()
    _remove_dead_stagings(parent)
    staging = parent / f"{_STAGING}{host_slug()}-{os.getpid()}-{secrets.token_hex(4)}"
    with translate_os_errors(staging):
        staging.mkdir()
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        _remove_dead_stagings(parent)  # the pip of a dead process may have continued for a moment


def _remove_dead_stagings(parent: Path) -> None:
    """Remove the staging folders of dead processes of this machine."""
    for folder in parent.glob(f"{_STAGING}{host_slug()}-*"):
        pid = folder.name.removeprefix(f"{_STAGING}{host_slug()}-").partition("-")[0]
        if pid.isdigit() and not psutil.pid_exists(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)


def _find_site(staging: Path, wheel: PinnedFile) -> Path:
    """The site-packages under ``staging``, whose path depends on the platform."""
    for info in staging.rglob("flash_attn-*.dist-info"):
        return info.parent
    raise InstallFailed("install", f"{wheel.path.name} is not a wheel of flash_attn")


def _write_marker(site: Path, wheel: PinnedFile) -> None:
    """Record the wheel in a file of the installation, which pip removes with the rest."""
    info = next(site.glob("flash_attn-*.dist-info"))
    marker = json.dumps({"wheel": wheel.path.name, "sha256": wheel.sha256}).encode()
    digest = base64.urlsafe_b64encode(hashlib.sha256(marker).digest()).rstrip(b"=").decode()
    (info / _MARKER).write_bytes(marker)
    with (info / "RECORD").open("a", encoding="utf-8") as record:
        record.write(f"{info.name}/{_MARKER},sha256={digest},{len(marker)}\n")


def _move_into_place(site: Path) -> None:
    """Rename all parts into site-packages, the importable package last.

    An attempt that died may have left parts of this or another version there, but never the package itself.
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
