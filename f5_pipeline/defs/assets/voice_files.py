"""``voice_files``: the voices of the store, checked and cached on this machine."""

import hashlib
from collections.abc import Mapping

import dagster as dg

from f5_pipeline.defs.failures import RETRY_TRANSIENT, readable_failures
from f5_pipeline.defs.metadata.safe_texts import safe_record, safe_texts
from f5_pipeline.defs.partitions import machine_asset
from f5_pipeline.display.characters import visible
from f5_pipeline.display.units import plural
from f5_pipeline.environment.attention import prove_environment
from f5_pipeline.models.catalogue import model_named
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.layout import VOICES
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.voices.checks import VoiceLimits
from f5_pipeline.voices.listing import describe_unused, unused_files
from f5_pipeline.voices.prepare import prepare_voices
from f5_pipeline.voices.voice import Voice

_COLUMNS = dg.TableSchema(
    [
        dg.TableColumn("voice", "string"),
        dg.TableColumn("usable", "bool"),
        dg.TableColumn("text", "string"),
        dg.TableColumn("remarks", "string"),
        dg.TableColumn("seconds", "float"),
    ]
)


@machine_asset(
    deps=["flash_attn_environment"],
    group_name="setup",
    kinds={"file"},
    tags={"f5/scope": "machine"},
    owners=["team:speech"],
    code_version="1",
    retry_policy=RETRY_TRANSIENT,
    check_specs=[
        dg.AssetCheckSpec(
            "every_voice_usable",
            asset="voice_files",
            description="Every voice in the store is usable. Lines with an unusable voice are rejected.",
        )
    ],
)
def voice_files(
    context: dg.AssetExecutionContext,
    settings: dg.ResourceParam[Settings],
    store: dg.ResourceParam[ObjectStore],
) -> dg.MaterializeResult:
    """Reference recordings with their transcripts: checked for length, transcript, speech rate and clipping; cached."""
    with readable_failures():
        prove_environment(settings)  # before any download, also if this asset is materialized alone
        spec = model_named(settings)
        voices = prepare_voices(store, settings.cache, limits=VoiceLimits.of(spec))
        unused = unused_files(store)
    unusable = {voice.name: "; ".join(voice.problems) for voice in voices if not voice.usable}
    context.log.info(f"Voices: {len(voices)}, unusable: {len(unusable)}")
    if unused:
        context.log.warning(describe_unused(unused))
    return dg.MaterializeResult(
        metadata={
            "voices": len(voices),
            "unusable": len(unusable),
            "table": dg.MetadataValue.table([_record(voice) for voice in voices], schema=_COLUMNS),
            "unused_files": unused,
            "dagster/uri": store.location(VOICES.rstrip("/")),
        },
        data_version=dg.DataVersion(_version(voices)),
        check_results=[
            dg.AssetCheckResult(
                passed=not unusable,
                check_name="every_voice_usable",
                severity=dg.AssetCheckSeverity.WARN,
                description=_usability(unusable, len(voices)),
                metadata=safe_texts(dict(sorted(unusable.items()))),
            )
        ],
    )


def _usability(unusable: Mapping[str, str], voices: int) -> str:
    """How many voices are unusable, and why the first is."""
    first = "".join(f" {name}: {problem}" for name, problem in sorted(unusable.items())[:1])
    return visible(f"{len(unusable)} of {plural(voices, 'voice')} unusable.{first}")


def _record(voice: Voice) -> dg.TableRecord:
    return safe_record(
        {
            "voice": voice.name,
            "usable": voice.usable,
            "seconds": round(voice.speech_seconds, 2),
            "text": voice.text,
            "remarks": "; ".join((*voice.problems, *voice.warnings)),
        }
    )


def _version(voices: list[Voice]) -> str:
    """Changes when a usable voice does."""
    fingerprints = sorted(f"{voice.name}={voice.fingerprint}" for voice in voices)
    return hashlib.sha256("\n".join(fingerprints).encode()).hexdigest()
