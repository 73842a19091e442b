"""``generated_audio[batch]``: the speech. The clip store is the cache: only missing clips are spoken."""

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
from f5_pipeline.defs.failures import RETRY_TRANSIENT, batch_name, readable_failures
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
from f5_pipeline.results.index import IndexRow
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.layout import csv_object, parquet_object
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.synthesis.batch import BatchReport, SynthesisContext, speak_batch
from f5_pipeline.synthesis.executor import WorkerReport
from f5_pipeline.synthesis.session import run_in_process

_PREVIEW_ROWS = 10
_PREVIEW_SCHEMA = dg.TableSchema(
    [
        # The UI cuts wide tables off on the right, so the most important columns come first.
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
    code_version=f"1 {ENGINE_VERSION}",  # the UI shows batches as out of date whose engine sounded different
    retry_policy=RETRY_TRANSIENT,
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
    """A clip for every line of the batch, and an index with the result of each line.

    Lines that were spoken before with the same voice, model and settings are taken from the store, in any batch. A run
    that was killed continues from its clips.
    """
    with readable_failures():
        batch = batch_name(context)
        environment = prove_environment(settings)  # takes milliseconds unless this worker has not verified it yet
        synthesis = SynthesisContext(
            store=store,
            cache=settings.cache,
            catalogue=load_catalogue(settings),
            load_engine=load_engine,
            progress=make_progress(context),
            choose_recogniser=partial(choose_recogniser, settings),
            execute=speak_on_ray(settings, context.log) if settings.ray_address or ray_cluster else run_in_process,
        )
        report = speak_batch(batch, synthesis)
        checks = check_speech(report, store, environment)
        metadata = {**_numbers(report), **_tables(report), **_files(report, store, settings), **_sample(report, store)}
    return dg.MaterializeResult(
        metadata=metadata, data_version=dg.DataVersion(_data_version(report)), check_results=checks
    )


def _numbers(report: BatchReport) -> Mapping[str, Any]:
    """Counts and times, which the UI plots over the runs."""
    numbers: dict[str, Any] = {
        **{status: report.counts[status] for status in ("ok", "suspect", "failed", "rejected")},
        "cache_hits": report.cached,
        "clips_spoken": report.clips_spoken,
        "audio_seconds": round(report.audio_seconds, 1),
        "audio_seconds_spoken": round(report.audio_seconds_spoken, 1),
        "recogniser": report.recogniser or "none",
        **trends([row for row in report.rows if row.key]),
        "device_seconds": round(report.device_seconds, 1),
    }
    if report.real_time_factor is not None:
        numbers["real_time_factor"] = round(report.real_time_factor, 3)
        numbers["times_real_time"] = round(1 / report.real_time_factor, 2)
    return numbers


def _tables(report: BatchReport) -> Mapping[str, Any]:
    tables: dict[str, Any] = {"preview": _preview(report.rows)}
    if report.workers:
        tables["workers"] = _workers(report.workers)
    return tables


def _files(report: BatchReport, store: ObjectStore, settings: Settings) -> Mapping[str, Any]:
    return {
        "index": link(parquet_object(report.batch), store, settings),
        "index_csv": link(csv_object(report.batch), store, settings),
    }


def _sample(report: BatchReport, store: ObjectStore) -> Mapping[str, Any]:
    """A spectrogram of the first clip. Nothing if it is missing or damaged: ``every_clip_in_store`` reports that."""
    first = next((row for row in report.rows if row.key), None)
    if first is not None:
        with suppress(ObjectMissing, ClipDamaged):
            samples = ClipStore(store).load(first.key).samples
            return {"sample": dg.MetadataValue.md(spectrogram(samples, f"{first.id}: {first.spoken_text[:60]}"))}
    return {}


def _preview(rows: Sequence[IndexRow]) -> dg.TableMetadataValue:
    """Some rows; those that are not ok come first."""
    shown = sorted(rows, key=lambda row: row.status == "ok")[:_PREVIEW_ROWS]
    names = [column.name for column in _PREVIEW_SCHEMA.columns]
    records = [dg.TableRecord({name: _cell(getattr(row, name)) for name in names}) for row in shown]
    return dg.MetadataValue.table(records, schema=_PREVIEW_SCHEMA)


def _workers(workers: Sequence[WorkerReport]) -> dg.TableMetadataValue:
    """The work of each worker of a cluster, which shows slow machines and lost ones."""
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


def _cell(value: object) -> str | int | float | bool | None:
    if isinstance(value, float):
        return round(value, 2)
    return value if isinstance(value, (int, bool)) or value is None else shorten(str(value), 80, placeholder=" …")


def _data_version(report: BatchReport) -> str:
    """A digest that changes when the audio of any line does."""
    return hashlib.sha256("\n".join(f"{row.id} {row.key}" for row in report.rows).encode()).hexdigest()
