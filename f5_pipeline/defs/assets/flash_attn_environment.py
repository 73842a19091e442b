"""``flash_attn_environment``: the attention kernel of this machine, verified before anything large is downloaded."""

from collections.abc import Iterator

import dagster as dg

from f5_pipeline.defs.failures import readable_failures
from f5_pipeline.defs.partitions import machine_asset
from f5_pipeline.display.units import readable_size
from f5_pipeline.environment.attention import prove_environment
from f5_pipeline.environment.record import EnvironmentReport
from f5_pipeline.errors import NotEnoughDisk
from f5_pipeline.models.catalogue import model_named
from f5_pipeline.models.weights import missing_bytes
from f5_pipeline.settings.environment import Settings

_FITS_ON_DISK = dg.AssetCheckSpec(
    "fits_on_disk",
    asset="flash_attn_environment",
    description="The disks of this machine have space for the unpacked wheel and the missing model files. Checked "
    "before anything is downloaded.",
    blocking=True,
)
_ATTENTION_PROVEN = dg.AssetCheckSpec(
    "attention_proven",
    asset="flash_attn_environment",
    description="The attention kernel runs on this machine: flash_attn, or torch attention with the reason for it.",
    blocking=True,
)


@machine_asset(
    group_name="setup",
    kinds={"python", "pytorch"},
    tags={"f5/scope": "machine"},
    owners=["team:speech"],
    code_version="1",
    check_specs=[_FITS_ON_DISK, _ATTENTION_PROVEN],
)
def flash_attn_environment(
    context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings]
) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult]:
    """The attention kernel of this machine.

    With CUDA, the flash_attn wheel that matches this machine is installed once and verified in a new interpreter.
    Without CUDA, torch attention is used and the reason is given. Downloads downstream start only after this asset.
    """
    with readable_failures():
        try:
            report = prove_environment(settings, missing_bytes(model_named(settings), settings.cache))
        except NotEnoughDisk as error:
            yield _disk_too_small(error)
            raise
    context.log.info(report.reason)
    yield dg.MaterializeResult(
        metadata=_metadata(report),
        data_version=dg.DataVersion(f"{report.attention}-{report.tags.torch}-{report.wheel_sha256}"),
    )
    yield dg.AssetCheckResult(passed=True, check_name=_FITS_ON_DISK.name)
    yield dg.AssetCheckResult(passed=True, check_name=_ATTENTION_PROVEN.name, metadata={"reason": report.reason})


def _disk_too_small(error: NotEnoughDisk) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=False,
        check_name=_FITS_ON_DISK.name,
        description=str(error),
        metadata={
            "where": error.folder,
            "needed": readable_size(error.needed),
            "available": readable_size(error.available),
        },
    )


def _metadata(report: EnvironmentReport) -> dict[str, str | int | float]:
    values = {
        "attention": report.attention,
        "reason": report.reason,
        "python": report.tags.python,
        "torch": report.tags.torch,
        "cuda": report.tags.cuda,
        "gpu": report.tags.gpu,
        "wheel": report.wheel,
        "wheel_sha256": report.wheel_sha256,
        "kernel_error": report.kernel_error,
        "proof_seconds": report.proof_seconds,
        "seconds": round(report.seconds, 3),
        "downloaded": readable_size(report.bytes_downloaded),
        "bytes_downloaded": report.bytes_downloaded,
        "proven_before": str(report.reused),
    }
    return {name: value for name, value in values.items() if value is not None}
