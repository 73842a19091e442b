"""Decides between flash_attn's attention, which is proven to work first, and torch's own, with the reason.

The steps: read the platform tags (``platform``), choose a wheel (``wheels``), check the disk space, download it
(``download``), install and prove it (``install``, ``proof``), and record the result (``record``), so that the next run
finds in milliseconds that nothing has changed.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from platformdirs import user_cache_path

from f5_pipeline.display.characters import visible
from f5_pipeline.display.secrets import redact
from f5_pipeline.environment.accelerators import check_device_apart
from f5_pipeline.environment.download import fetch_wheel, measure_wheel, wheel_path
from f5_pipeline.environment.install import (
    PIP_ENVIRONMENT,
    install_wheel,
    obstacle_to_installing,
    origin_of_installed,
    remove_remains,
    uninstall,
)
from f5_pipeline.environment.installed import (
    changes,
    explain_failure,
    flash_attn_location,
    flash_attn_present,
    installed_files,
    other_owners,
    removal_command,
    site_packages,
)
from f5_pipeline.environment.platform import PlatformTags, read_tags
from f5_pipeline.environment.proof import Proof, prove_flash_attn
from f5_pipeline.environment.record import EnvironmentReport, read_record, record_path, write_record
from f5_pipeline.environment.wheels import NoWheel, Wheel, choose_wheel
from f5_pipeline.errors import (
    AttentionUnavailable,
    DownloadFailed,
    FlashAttnBroken,
    InstallFailed,
    ObjectMissing,
    StoreUnusable,
)
from f5_pipeline.settings.devices import kind_of
from f5_pipeline.settings.environment import Settings, address_of
from f5_pipeline.storage.disk_space import Need, check_disk_space
from f5_pipeline.storage.filesystem import is_network_filesystem
from f5_pipeline.storage.locks import hold
from f5_pipeline.storage.partial import host_slug

_OLDEST_CAPABILITY = (8, 0)  # Ampere; flash_attn 2 has no kernels for older GPUs
_BYTECODE_FACTOR = 1.1  # of the unpacked size: pip compiles the Python files
RETRY_SECONDS = 600.0  # after which an unavailable wheel is requested again
_PIP_TEMPORARY = 50_000_000  # bytes; a local wheel is unpacked in place


def prove_environment(settings: Settings, bytes_to_come: int = 0) -> EnvironmentReport:
    """Decide which attention this machine uses; install and prove flash_attn if it is available.

    One process does the work while others wait. If an earlier result still holds, this takes milliseconds, so every
    step that imports f5_tts calls it first.

    Args:
        settings: the settings of this process.
        bytes_to_come: the size of later downloads into the cache (weights, voices), which must fit too.

    Raises:
        NotEnoughDisk: a disk is too small; nothing was downloaded.
        AttentionUnavailable: ``F5_ATTENTION=flash_attn``, which is not available here; names the reason.
        FlashAttnBroken: a flash_attn that the user installed does not work.
        FileAltered: the wheel is not the pinned one, or not the one of the first download.
        FileUnusable: the disk is full or read-only.
        BadSetting: torch does not offer the device ``F5_DEVICE`` here.
        EnvironmentBroken: torch cannot be imported.
        GpuUnusable: the GPU does not even compute torch's own attention.
    """
    started = time.monotonic()
    os.environ.update(PIP_ENVIRONMENT)  # inherited by child processes
    check_disk_space([_later_downloads(settings, bytes_to_come)], _deletable(settings))
    record = record_path(settings)
    if (known := _unchanged(record)) is None:
        with hold(_lock(settings), "proving the environment"):
            known = _unchanged(record)  # another process was faster
            if known is None:
                before = read_record(record)
                altered = [] if before is None else changes(before.installed, installed_files())
                report = _prove(settings, bytes_to_come)
                write_record(record, report)
                return replace(report, seconds=time.monotonic() - started, altered=tuple(altered))
    return replace(known, seconds=time.monotonic() - started, bytes_downloaded=0, reused=True)


def changes_since_proof(report: EnvironmentReport) -> list[str]:
    """The changes to the files of torch and flash_attn since they were proven, as sentences.

    Includes the changes that ``prove_environment`` found, and proved again, when it made this report.
    """
    return [*report.altered, *changes(report.installed, installed_files())]


def proven_before(settings: Settings) -> EnvironmentReport | None:
    """The report of an earlier run, if it still holds; else None. Takes milliseconds; installs and proves nothing."""
    return _unchanged(record_path(settings))


def obstacle_to_flash_attn(settings: Settings, tags: PlatformTags) -> str | None:
    """The reason why this machine cannot use flash_attn at all; None if it may. Inspects nothing else."""
    if settings.attention == "torch":
        return "F5_ATTENTION is torch"
    if settings.device == "cpu":
        return "F5_DEVICE is cpu, and flash_attn's kernels run on GPUs only"
    if kind_of(settings.device) not in ("auto", "cuda"):
        return f"F5_DEVICE is {settings.device}, and flash_attn's kernels run on NVIDIA GPUs only"
    if settings.precision == "float32":
        return "F5_PRECISION is float32, and flash_attn computes in 16 bit only"
    if tags.torch is None:
        return "torch is not installed"
    if tags.cuda is None:
        return f"torch {tags.torch} is built without CUDA"
    if tags.capability is None:
        which = f" {settings.device}" if settings.device.startswith("cuda") else ""
        return f"torch {tags.torch} (CUDA {tags.cuda}) sees no GPU{which}"
    if tags.capability < _OLDEST_CAPABILITY:
        major, minor = tags.capability
        return f"{tags.gpu} has compute capability {major}.{minor}, and flash_attn 2 needs 8.0 (Ampere) or newer"
    return None


def _unchanged(record: Path) -> EnvironmentReport | None:
    known = read_record(record)
    if known is None or (known.valid_until is not None and known.valid_until < time.time()):
        return None
    return None if changes(known.installed, installed_files()) else known


def _lock(settings: Settings) -> Path:
    """One lock per interpreter. Machines that share only the cache may have different interpreters at one path."""
    shared = is_network_filesystem(site_packages())
    interpreter = sys.prefix if shared else f"{sys.prefix}\n{host_slug()}"
    return settings.cache / "environment" / f"{hashlib.sha256(interpreter.encode()).hexdigest()[:16]}.lock"


def _prove(settings: Settings, bytes_to_come: int) -> EnvironmentReport:
    if settings.device not in ("auto", "cpu") and not settings.ray_address:  # with Ray, a worker's machine has it
        check_device_apart(settings.device)
    tags = read_tags(settings.device)
    obstacle = obstacle_to_flash_attn(settings, tags)
    if obstacle is None and _another_is_pinned(settings, tags):
        uninstall()
    remove_remains()
    if flash_attn_present():
        proof = prove_flash_attn(device=None if obstacle else settings.device)
        if proof.works and obstacle is None:
            return _flash_report(tags, proof, "it was already installed")
        if not proof.works:
            _remove_broken(proof)
    if obstacle is not None:
        return _torch(settings, tags, obstacle)
    return _choose(settings, tags, bytes_to_come)


def _remove_broken(proof: Proof) -> None:
    """Uninstall a broken flash_attn that this pipeline installed, and that no other distribution shares.

    Raises:
        FlashAttnBroken: the user installed it, or another distribution (flash-attn-4) that has the same package.
    """
    if origin_of_installed() is None or other_owners():
        raise FlashAttnBroken(flash_attn_location(), explain_failure(proof.failure), removal_command())
    uninstall()


def _another_is_pinned(settings: Settings, tags: PlatformTags) -> bool:
    """True if the wheel that this pipeline installed is not the one that is now pinned."""
    origin = origin_of_installed()
    if origin is None or settings.flash_attn is None or other_owners():
        return False
    wheel = choose_wheel(tags, address_of(settings.wheels), address_of(settings.flash_attn))
    return isinstance(wheel, Wheel) and (wheel.name != origin.wheel or wheel.sha256 not in (None, origin.sha256))


def _choose(settings: Settings, tags: PlatformTags, bytes_to_come: int) -> EnvironmentReport:
    wheel = choose_wheel(tags, address_of(settings.wheels), address_of(settings.flash_attn))
    if isinstance(wheel, NoWheel):
        return _torch(settings, tags, f"{wheel.reason}; to have flash_attn, {wheel.help}")
    if (obstacle := obstacle_to_installing()) is not None:
        return _torch(settings, tags, obstacle)
    try:
        return _install(settings, tags, wheel, bytes_to_come)
    except (DownloadFailed, ObjectMissing, StoreUnusable) as error:
        why = f"{_noted(wheel)} is not available. {error}"
    except InstallFailed as error:
        why = f"{_noted(wheel)} cannot be installed. {error}"
    return _torch(settings, tags, why, permanent=False)


def _install(settings: Settings, tags: PlatformTags, wheel: Wheel, bytes_to_come: int) -> EnvironmentReport:
    size, unpacked = measure_wheel(wheel, settings.cache)
    needs = [
        Need("the wheel", wheel_path(wheel, settings.cache).parent, size),
        Need("flash_attn unpacked", site_packages(), int(unpacked * _BYTECODE_FACTOR)),
        Need("pip's temporary files", Path(tempfile.gettempdir()), _PIP_TEMPORARY),
        _later_downloads(settings, bytes_to_come),
    ]
    check_disk_space(needs, _deletable(settings))
    file = fetch_wheel(wheel, settings.cache)
    proof = install_wheel(file, settings.device)
    if not proof.works:
        report = _torch(settings, tags, f"{_noted(wheel)} failed its proof: {proof.failure}")
        return replace(report, bytes_downloaded=file.bytes_downloaded)
    report = _flash_report(tags, proof, f"{wheel.name} was installed" + (f" ({wheel.note})" if wheel.note else ""))
    return replace(report, bytes_downloaded=file.bytes_downloaded)


def _noted(wheel: Wheel) -> str:
    return f"{wheel.name} ({wheel.note})" if wheel.note else wheel.name


def _flash_report(tags: PlatformTags, proof: Proof, how: str) -> EnvironmentReport:
    origin = origin_of_installed()
    return EnvironmentReport(
        "flash_attn",
        f"flash_attn {proof.version}: {how}; its kernels agree with torch's attention on {tags.gpu}",
        tags,
        installed_files(),
        wheel=None if origin is None else origin.wheel,
        wheel_sha256=None if origin is None else origin.sha256,
        kernel_error=proof.kernel_error,
        proof_seconds=proof.seconds,
    )


def _torch(settings: Settings, tags: PlatformTags, why: str, *, permanent: bool = True) -> EnvironmentReport:
    """The report for torch's own attention.

    Raises:
        AttentionUnavailable: ``F5_ATTENTION=flash_attn``.
    """
    if settings.attention == "flash_attn":
        raise AttentionUnavailable(why.rstrip("."))
    retry = "" if permanent else f" (It is tried again after {RETRY_SECONDS / 60:.0f} minutes.)"
    return EnvironmentReport(
        "torch",
        f"torch attention, because {visible(redact(why))}{retry}",
        tags,
        installed_files(),
        valid_until=None if permanent else time.time() + RETRY_SECONDS,
    )


def _later_downloads(settings: Settings, size: int) -> Need:
    return Need("weights and voices to be fetched later", settings.cache, size)


def _deletable(settings: Settings) -> Sequence[Path]:
    """Caches that the user may delete."""
    home = Path.home() / ".cache"
    return [settings.cache, user_cache_path("pip"), home / "huggingface", home / "torch"]
