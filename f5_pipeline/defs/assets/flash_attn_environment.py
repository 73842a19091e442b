"""``flash_attn_environment``: this machine's attention, proven before anything large is downloaded."""

from collections.abc import Iterator

import dagster as dg

from f5_pipeline.defs.failures import readable
from f5_pipeline.environment.attention import prove_environment
from f5_pipeline.environment.record import EnvironmentReport
from f5_pipeline.errors import NotEnoughDisk
from f5_pipeline.models.catalogue import model_named
from f5_pipeline.models.weights import missing_bytes
from f5_pipeline.settings.environment import Settings

_FITS = dg.AssetCheckSpec(
    "fits_on_disk",
    asset="flash_attn_environment",
    description="The wheel, unpacked, and the weights still to come fit on this machine's disks. Checked before the "
    "first byte is downloaded.",
    blocking=True,
)
_PROVEN = dg.AssetCheckSpec(
    "attention_proven",
    asset="flash_attn_environment",
    description="The attention that will be used works on this machine, or torch's own is used, and why.",
    blocking=True,
)


@dg.asset(
    group_name="setup",
    kinds={"python", "torch"},
    tags={"f5/scope": "machine"},
    owners=["team:speech"],
    code_version="1",
    check_specs=[_FITS, _PROVEN],
)
def flash_attn_environment(
    context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings]
) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult]:
    """The attention kernel of this machine.

    With CUDA: the one flash_attn wheel that fits, installed once and proven in a fresh interpreter. Without: torch's
    own attention, and why. Nothing downstream downloads anything before this has passed.
    """
    with readable():
        try:
            report = prove_environment(settings, missing_bytes(model_named(settings), settings.cache))
        except NotEnoughDisk as error:
            yield _does_not_fit(error)
            raise
    context.log.info(report.reason)
    yield dg.MaterializeResult(
        metadata=_metadata(report),
        data_version=dg.DataVersion(f"{report.attention}-{report.tags.torch}-{report.wheel_sha256}"),
    )
    yield dg.AssetCheckResult(passed=True, check_name=_FITS.name)
    yield dg.AssetCheckResult(passed=True, check_name=_PROVEN.name, metadata={"reason": report.reason})


def _does_not_fit(error: NotEnoughDisk) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=False,
        check_name=_FITS.name,
        description=str(error),
        metadata={"where": error.folder, "bytes_needed": error.needed, "bytes_available": error.available},
    )


def _metadata(report: EnvironmentReport) -> dict[str, str | int | float]:
    known = {
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
        "bytes_downloaded": report.bytes_downloaded,
        "proven_before": str(report.reused),
    }
    return {name: value for name, value in known.items() if value is not None}
