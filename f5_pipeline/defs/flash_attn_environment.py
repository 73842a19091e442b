"""``flash_attn_environment``: this machine's attention, proven before anything large is downloaded."""

import dagster as dg

from f5_pipeline.defs.failures import readable
from f5_pipeline.environment.attention import prove_environment
from f5_pipeline.settings import Settings
from f5_pipeline.speech.catalogue import model_named
from f5_pipeline.speech.weights import missing_bytes


@dg.asset(
    group_name="setup",
    kinds={"python", "torch"},
    owners=["team:speech"],
    code_version="1",
    check_specs=[
        dg.AssetCheckSpec(
            "attention_proven",
            asset="flash_attn_environment",
            description="The attention that will be used works on this machine, or torch's own is used and why.",
            blocking=True,
        )
    ],
)
def flash_attn_environment(
    context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings]
) -> dg.MaterializeResult:
    """The attention kernel of this machine.

    With CUDA: the one flash_attn wheel that fits, installed once and proven in a fresh interpreter. Without: torch's
    own attention, and why. Nothing downstream downloads anything before this has passed.
    """
    with readable():
        to_come = missing_bytes(model_named(settings), settings.cache)
        report = prove_environment(settings, to_come)
    context.log.info(report.reason)
    tags = report.tags
    return dg.MaterializeResult(
        metadata={
            "attention": report.attention,
            "reason": report.reason,
            "python": tags.python,
            "torch": str(tags.torch),
            "cuda": str(tags.cuda),
            "gpu": str(tags.gpu),
            "wheel": str(report.wheel),
            "seconds": report.seconds,
            "bytes_downloaded": report.bytes_downloaded,
        },
        data_version=dg.DataVersion(f"{report.attention}-{tags.torch}-{report.wheel_sha256}"),
        check_results=[
            dg.AssetCheckResult(passed=True, check_name="attention_proven", metadata={"reason": report.reason})
        ],
    )
