"""``generated_audio[batch]``: the speech. The store of clips is the cache: only what is missing is spoken."""

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from textwrap import shorten
from typing import Any

import dagster as dg

from f5_pipeline.cluster.sizing import speak_on_ray
from f5_pipeline.defs.checks.quality import trends
from f5_pipeline.defs.checks.speech import SPEECH_CHECKS, check_speech
from f5_pipeline.defs.failures import TRANSIENT, batch_of, readable
from f5_pipeline.defs.instance.pools import GPU
from f5_pipeline.defs.metadata.links import link
from f5_pipeline.defs.metadata.spectrogram import spectrogram
from f5_pipeline.defs.partitions import batches
from f5_pipeline.defs.resources import LoadEngine, MakeProgress
from f5_pipeline.engine.protocol import ENGINE_VERSION
from f5_pipeline.environment.attention import prove_environment
from f5_pipeline.errors import ClipDamaged, ObjectMissing
from f5_pipeline.models.catalogue import load_catalogue
from f5_pipeline.quality.asr.selection import choose_recogniser
from f5_pipeline.results.clips import ClipStore
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.layout import csv_object, parquet_object
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.synthesis.batch import BatchReport, SynthesisContext, speak_batch
from f5_pipeline.synthesis.executor import WorkerReport
from f5_pipeline.synthesis.session import run_in_process

_PREVIEW_ROWS = 10
_SCHEMA = dg.TableSchema(
    [
        # The UI cuts wide tables off on the right: what people look for comes first.
        dg.TableColumn("id", "string"),
        dg.TableColumn("status", "string"),
        dg.TableColumn("reason", "string"),
        dg.TableColumn("spoken_text", "string"),
        dg.TableColumn("voice", "string"),
        dg.TableColumn("audio_seconds", "float"),
        dg.TableColumn("cached", "bool"),
    ]
)


@dg.asset(
    partitions_def=batches,
    deps=["model_weights", "voice_files", "utterances"],
    group_name="speech",
    kinds={"pytorch", "audio"},
    tags={"f5/scope": "batch", "f5/needs": "gpu"},
    owners=["team:speech"],
    pool=GPU,
    code_version=f"1 {ENGINE_VERSION}",  # batches spoken by an engine that sounded otherwise are shown as out of date
    retry_policy=TRANSIENT,
    check_specs=SPEECH_CHECKS,
)
def generated_audio(
    context: dg.AssetExecutionContext,
    settings: dg.ResourceParam[Settings],
    store: dg.ResourceParam[ObjectStore],
    load_engine: dg.ResourceParam[LoadEngine],
    make_progress: dg.ResourceParam[MakeProgress],
    ray_cluster: dg.ResourceParam[object],
) -> dg.MaterializeResult:
    """A clip for every line of the batch, and the index that says what became of each.

    Lines that were ever spoken in this voice, with this model and these settings, are found and not spoken again;
    a run that was killed goes on where it stopped.
    """
    with readable():
        batch = batch_of(context)
        proven = prove_environment(settings)  # on a worker that has not done it yet; milliseconds elsewhere
        catalogue, progress = load_catalogue(settings), make_progress(context)
        recogniser = partial(choose_recogniser, settings)
        execute = speak_on_ray(settings, context.log) if settings.ray_address or ray_cluster else run_in_process
        surroundings = SynthesisContext(store, settings.cache, catalogue, load_engine, progress, recogniser, execute)
        report = speak_batch(batch, surroundings)
        checks = check_speech(report, store, proven)
        metadata = _metadata(store, settings, report)
    return dg.MaterializeResult(metadata=metadata, data_version=dg.DataVersion(_version(report)), check_results=checks)


def _metadata(store: ObjectStore, settings: Settings, report: BatchReport) -> Mapping[str, Any]:
    """What people want to see of a run; the numbers are plotted over the runs."""
    counts = report.counts
    shown = sorted(report.rows, key=lambda row: row.status == "ok")[:_PREVIEW_ROWS]
    metadata: dict[str, Any] = {
        **{status: counts[status] for status in ("ok", "suspect", "failed", "rejected")},
        "cache_hits": report.cached,
        "clips_spoken": report.clips_spoken,
        "audio_seconds": round(report.audio_seconds, 1),
        "audio_seconds_spoken": round(report.audio_seconds_spoken, 1),
        "recogniser": report.recogniser or "none",
        **trends([row for row in report.rows if row.key]),
        "device_seconds": round(report.device_seconds, 1),
        "preview": dg.MetadataValue.table(
            [dg.TableRecord({name: _cell(getattr(row, name)) for name in _SCHEMA_NAMES}) for row in shown],
            schema=_SCHEMA,
        ),
        "index": link(parquet_object(report.batch), store, settings),
        "index_csv": link(csv_object(report.batch), store, settings),
    }
    if report.real_time_factor is not None:
        metadata["real_time_factor"] = round(report.real_time_factor, 3)
        metadata["times_real_time"] = round(1 / report.real_time_factor, 2)
    if report.workers:
        metadata["workers"] = _workers(report.workers)
    with suppress(ObjectMissing, ClipDamaged):  # a check says so, and stops the delivery
        if spoken := next((row for row in report.rows if row.key), None):
            samples = ClipStore(store).load(spoken.key).samples
            metadata["sample"] = dg.MetadataValue.md(spectrogram(samples, f"{spoken.id}: {spoken.spoken_text[:60]}"))
    return metadata


def _workers(workers: Sequence[WorkerReport]) -> dg.TableMetadataValue:
    """What each worker of a cluster did: slow machines and those that left are seen here."""
    records = [
        dg.TableRecord(
            {
                "worker": worker.name,
                "lines": worker.lines,
                "audio_seconds": round(worker.audio_seconds, 1),
                "times_real_time": round(worker.times_real_time, 2),
                "held_seconds": round(worker.held_seconds, 1),
                "left": worker.left,
            }
        )
        for worker in workers
    ]
    return dg.MetadataValue.table(records)


_SCHEMA_NAMES = [column.name for column in _SCHEMA.columns]


def _cell(value: object) -> str | int | float | bool | None:
    if isinstance(value, float):
        return round(value, 2)
    return value if isinstance(value, (int, bool)) or value is None else shorten(str(value), 80, placeholder=" …")


def _version(report: BatchReport) -> str:
    """Changes when the sound of any line does."""
    return hashlib.sha256("\n".join(f"{row.id} {row.key}" for row in report.rows).encode()).hexdigest()
