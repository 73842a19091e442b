"""Which attention this machine uses, torch's own or flash_attn's; the one is proven, the other explained.

The steps: look at the machine (``platform``), choose a wheel (``wheels``), see whether it fits on the disks, fetch it
(``download``), install and prove it (``install``, ``proof``), and remember what was proven (``record``), so that the
next run knows in milliseconds that nothing has changed.
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

from f5_pipeline.environment.download import fetch_wheel, measure_wheel, wheel_place
from f5_pipeline.environment.install import (
    PIP_ENVIRONMENT,
    install_wheel,
    obstacle_to_installing,
    origin_of_installed,
    uninstall,
)
from f5_pipeline.environment.installed import changes, flash_attn_present, installed_files, site_packages
from f5_pipeline.environment.platform import PlatformTags, read_tags
from f5_pipeline.environment.proof import Proof, prove_flash_attn
from f5_pipeline.environment.record import EnvironmentReport, read_record, record_place, write_record
from f5_pipeline.environment.wheels import NoWheel, Wheel, choose_wheel
from f5_pipeline.errors import (
    AttentionUnavailable,
    DownloadFailed,
    FlashAttnBroken,
    InstallFailed,
    ObjectMissing,
    StoreUnusable,
)
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.disk_space import Need, check_disk_space
from f5_pipeline.storage.filesystem import is_network_filesystem
from f5_pipeline.storage.locks import hold
from f5_pipeline.storage.partial import host_slug

_OLDEST_CAPABILITY = (8, 0)  # Ampere; flash_attn 2 has no kernels for older GPUs
_BYTECODE = 1.1  # of what a wheel unpacks to: pip compiles its Python files
_TRY_AGAIN = 600.0  # seconds after which a wheel that could not be had is asked for again
_PIP_TEMPORARY = 50_000_000  # bytes; a local wheel is unpacked straight into place


def prove_environment(settings: Settings, bytes_to_come: int = 0) -> EnvironmentReport:
    """Decide on the attention of this machine, and install and prove flash_attn if it can have it.

    One process does it, others wait. When it was done before and nothing has changed since, it costs milliseconds, so
    that every step that is about to import f5_tts can call it first.

    Args:
        settings: of this process.
        bytes_to_come: what is still to be downloaded into the cache afterwards (weights, voices); it must fit too.

    Raises:
        NotEnoughDisk: it does not fit; nothing was downloaded.
        AttentionUnavailable: ``F5_ATTENTION=flash_attn``, and it cannot be had here; says why.
        FlashAttnBroken: a flash_attn that somebody else installed does not work.
        FileAltered: the wheel is not the one that was pinned, or that came first.
        FileUnusable: the disk is full, or cannot be written.
        EnvironmentBroken: torch does not start.
        GpuUnusable: the GPU does not even compute torch's own attention.
    """
    started = time.monotonic()
    os.environ.update(PIP_ENVIRONMENT)  # also for whatever this process starts afterwards
    check_disk_space([_to_come(settings, bytes_to_come)], _deletable(settings))
    record = record_place(settings)
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
    """What was installed, removed or altered of torch and flash_attn since they were proven, as sentences.

    Both what ``prove_environment`` found altered when it made this report, and proved anew, and what was altered since.
    """
    return [*report.altered, *changes(report.installed, installed_files())]


def proven_before(settings: Settings) -> EnvironmentReport | None:
    """What an earlier run found out and still holds; None: nothing. Milliseconds; installs and proves nothing."""
    return _unchanged(record_place(settings))


def obstacle_to_flash_attn(settings: Settings, tags: PlatformTags) -> str | None:
    """Why flash_attn is out of the question here, without looking any further; None: it is not."""
    if settings.attention == "torch":
        return "F5_ATTENTION is torch"
    if settings.device == "cpu":
        return "F5_DEVICE is cpu, and flash_attn's kernels run on GPUs only"
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
    """One for each interpreter that uses this cache. Two machines may call theirs alike and share the cache alone."""
    shared = is_network_filesystem(site_packages())
    interpreter = sys.prefix if shared else f"{sys.prefix}\n{host_slug()}"
    return settings.cache / "environment" / f"{hashlib.sha256(interpreter.encode()).hexdigest()[:16]}.lock"


def _prove(settings: Settings, bytes_to_come: int) -> EnvironmentReport:
    tags = read_tags(settings.device)
    obstacle = obstacle_to_flash_attn(settings, tags)
    if obstacle is None and _another_is_pinned(settings, tags):
        uninstall()
    if flash_attn_present():
        proof = prove_flash_attn(device=None if obstacle else settings.device)
        if proof.works and obstacle is None:
            return _flash_report(tags, proof, "it was installed here already")
        if not proof.works:
            _remove_broken(proof)
    if obstacle is not None:
        return _torch(settings, tags, obstacle)
    return _choose(settings, tags, bytes_to_come)


def _remove_broken(proof: Proof) -> None:
    """Uninstall a flash_attn of ours that does not work (any more).

    Raises:
        FlashAttnBroken: it is somebody else's.
    """
    if origin_of_installed() is None:
        command = f"{sys.executable} -m pip uninstall flash_attn"
        raise FlashAttnBroken(str(site_packages()), proof.failure, command)
    uninstall()


def _another_is_pinned(settings: Settings, tags: PlatformTags) -> bool:
    """Whether what we installed is not the wheel that is wanted by name now."""
    origin = origin_of_installed()
    if origin is None or settings.flash_attn is None:
        return False
    wheel = choose_wheel(tags, settings.wheels, settings.flash_attn)
    return isinstance(wheel, Wheel) and (wheel.name != origin.wheel or wheel.sha256 not in (None, origin.sha256))


def _choose(settings: Settings, tags: PlatformTags, bytes_to_come: int) -> EnvironmentReport:
    wheel = choose_wheel(tags, settings.wheels, settings.flash_attn)
    if isinstance(wheel, NoWheel):
        return _torch(settings, tags, f"{wheel.reason}; to have flash_attn, {wheel.help}")
    if (obstacle := obstacle_to_installing()) is not None:
        return _torch(settings, tags, obstacle)
    try:
        return _install(settings, tags, wheel, bytes_to_come)
    except (DownloadFailed, ObjectMissing, StoreUnusable) as error:
        why = f"{wheel.name} cannot be had. {error}"
    except InstallFailed as error:
        why = f"{wheel.name} cannot be installed. {error}"
    return _torch(settings, tags, why, lasting=False)


def _install(settings: Settings, tags: PlatformTags, wheel: Wheel, bytes_to_come: int) -> EnvironmentReport:
    size, unpacked = measure_wheel(wheel, settings.cache)
    needs = [
        Need("the wheel", wheel_place(wheel, settings.cache).parent, size),
        Need("flash_attn unpacked", site_packages(), int(unpacked * _BYTECODE)),
        Need("pip's temporary files", Path(tempfile.gettempdir()), _PIP_TEMPORARY),
        _to_come(settings, bytes_to_come),
    ]
    check_disk_space(needs, _deletable(settings))
    file = fetch_wheel(wheel, settings.cache)
    proof = install_wheel(file, settings.device)
    if not proof.works:
        report = _torch(settings, tags, f"{wheel.name} failed its proof: {proof.failure}")
        return replace(report, bytes_downloaded=file.bytes_downloaded)
    report = _flash_report(tags, proof, f"{wheel.name} was installed" + (f" ({wheel.note})" if wheel.note else ""))
    return replace(report, bytes_downloaded=file.bytes_downloaded)


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


def _torch(settings: Settings, tags: PlatformTags, why: str, *, lasting: bool = True) -> EnvironmentReport:
    """Torch's own attention, unless flash_attn was demanded.

    Raises:
        AttentionUnavailable: it was.
    """
    if settings.attention == "flash_attn":
        raise AttentionUnavailable(why.rstrip("."))
    again = "" if lasting else f" (It is tried again after {_TRY_AGAIN / 60:.0f} minutes.)"
    return EnvironmentReport(
        "torch",
        f"torch attention, because {why}{again}",
        tags,
        installed_files(),
        valid_until=None if lasting else time.time() + _TRY_AGAIN,
    )


def _to_come(settings: Settings, size: int) -> Need:
    return Need("weights and voices still to come", settings.cache, size)


def _deletable(settings: Settings) -> Sequence[Path]:
    """Caches that the user may do without."""
    home = Path.home() / ".cache"
    return [settings.cache, home / "pip", home / "huggingface", home / "torch"]
