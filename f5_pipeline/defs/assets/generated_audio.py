"""``generated_audio[batch]``: the speech. The clip store is the cache: only missing clips are spoken."""

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from textwrap import shorten
from typing import Any

import dagster as dg

from f5_pipeline.cluster.sizing import speak_on_ray
from f5_pipeline.defs.batch_results import materialize_batches
from f5_pipeline.defs.checks.quality import means, penalty
from f5_pipeline.defs.checks.speech import SPEECH_CHECKS, check_speech
from f5_pipeline.defs.failures import RETRY_TRANSIENT, readable_failures
from f5_pipeline.defs.instance.pools import GPU
from f5_pipeline.defs.metadata.links import link
from f5_pipeline.defs.metadata.safe_texts import safe_record
from f5_pipeline.defs.metadata.spectrogram import spectrogram
from f5_pipeline.defs.partitions import batch_asset
from f5_pipeline.defs.resources import LoadEngine, MakeProgress
from f5_pipeline.display.characters import visible
from f5_pipeline.display.units import readable_duration
from f5_pipeline.engine.protocol import ENGINE_VERSION
from f5_pipeline.environment.attention import prove_environment
from f5_pipeline.errors import ClipDamaged, ObjectMissing
from f5_pipeline.models.catalogue import load_catalogue
from f5_pipeline.quality.asr.selection import choose_recogniser
from f5_pipeline.quality.neural.networks import choose_networks
from f5_pipeline.results.clips import ClipStore
from f5_pipeline.results.index import IndexRow
from f5_pipeline.results.index_columns import COLUMNS
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.layout import csv_object, parquet_object, report_object
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.synthesis.batch import BatchReport, SynthesisContext, speak_batch
from f5_pipeline.synthesis.executor import LoadedEngine, WorkerReport
from f5_pipeline.synthesis.session import run_in_process

_ROWS = 10  # of each table
# The UI cuts wide tables off on the right and makes their columns narrow, so these have few.
_WORST_LINES = dg.TableSchema([dg.TableColumn(name, "string") for name in ("id", "status", "reason", "text")])
_PREVIEW = dg.TableSchema(
    [
        dg.TableColumn("id", "string"),
        dg.TableColumn("status", "string"),
        dg.TableColumn("text", "string", description="The spoken text, or that of the manifest if it was rejected."),
        dg.TableColumn("voice", "string"),
        dg.TableColumn("seconds", "float"),
    ]
)
_INDEX = dg.TableSchema([dg.TableColumn(name, each.type, each.meaning) for name, each in COLUMNS.items()])
_SEVERITY = ("ok", "suspect", "rejected", "failed")


@batch_asset(
    deps=["model_weights", "voice_files", "utterances"],
    group_name="speech",
    kinds={"pytorch", "parquet"},
    metadata={"dagster/column_schema": _INDEX},
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
    that was killed continues from its clips. Each batch has its counts, worst lines and listening page under
    *Partitions*.
    """
    load_once = LoadedEngine(load_engine)  # for all batches of the run
    return materialize_batches(
        context, partial(_speak, context, settings, store, load_once, make_progress, bool(ray_cluster))
    )


def _speak(
    context: dg.AssetExecutionContext,
    settings: Settings,
    store: ObjectStore,
    load_engine: LoadEngine,
    make_progress: MakeProgress,
    has_cluster: bool,
    batch: str,
) -> dg.MaterializeResult:
    with readable_failures():
        environment = prove_environment(settings)  # takes milliseconds unless this worker has not verified it yet
        synthesis = SynthesisContext(
            store=store,
            cache=settings.cache,
            catalogue=load_catalogue(settings),
            load_engine=load_engine,
            progress=make_progress(context),
            choose_recogniser=partial(choose_recogniser, settings),
            choose_networks=partial(choose_networks, settings),
            execute=speak_on_ray(settings, context.log) if settings.ray_address or has_cluster else run_in_process,
        )
        report = speak_batch(batch, synthesis)
        for key, reason in report.damaged.items():
            context.log.warning(f"The clip {key} was damaged ({visible(reason)}) and has been made again.")
        if report.not_measured:
            context.log.warning(visible(report.not_measured))
        checks = check_speech(report, store, environment)
        metadata = _metadata(report, store, settings)
    return dg.MaterializeResult(
        metadata=metadata, data_version=dg.DataVersion(_data_version(report)), check_results=checks
    )


def _metadata(report: BatchReport, store: ObjectStore, settings: Settings) -> Mapping[str, Any]:
    """What people want to know, in this order: the UI keeps it."""
    spoken = any(row.key for row in report.rows)
    bad = sorted((row for row in report.rows if row.status != "ok"), key=_badness, reverse=True)
    return {
        **{status: report.counts[status] for status in ("ok", "suspect", "failed", "rejected")},
        **({"listening_page": link(report_object(report.batch), store, settings)} if spoken else {}),
        **({"worst_lines": _table(bad, _WORST_LINES)} if bad else {}),
        **_worst_clip(report, store, settings),
        "preview": _table(sorted(report.rows, key=_badness, reverse=True), _PREVIEW),
        **_numbers(report),
        **({"workers": _workers(report.workers)} if report.workers else {}),
        "index": link(parquet_object(report.batch), store, settings),
        "index_csv": link(csv_object(report.batch), store, settings),
        "dagster/uri": store.location(parquet_object(report.batch)),
        "dagster/row_count": len(report.rows),
    }


def _numbers(report: BatchReport) -> Mapping[str, Any]:
    """Times and shares. The UI plots the numbers over the runs and over the batches, which have different sizes."""
    lines, clips = max(1, len(report.rows)), [row for row in report.rows if row.key]
    numbers: dict[str, Any] = {
        "audio": readable_duration(report.audio_seconds),
        "cache_hits": report.cached,
        "clips_spoken": report.clips_spoken,
        **({"damaged_clips": len(report.damaged)} if report.damaged else {}),
        "audio_seconds": round(report.audio_seconds, 1),
        "audio_seconds_spoken": round(report.audio_seconds_spoken, 1),
        **({"device": visible(report.device)} if report.device else {}),
        "device_seconds": round(report.device_seconds, 1),
    }
    if report.real_time_factor is not None:
        numbers["real_time_factor"] = round(report.real_time_factor, 3)
        numbers["times_real_time"] = round(1 / report.real_time_factor, 2)
    numbers["recogniser"] = report.recogniser or "none"
    numbers |= {f"{status}_share": round(report.counts[status] / lines, 4) for status in ("ok", "suspect")}
    numbers["reused_share"] = round(report.cached / lines, 4)
    if clips:
        numbers["seconds_per_line"] = round(report.audio_seconds / len(clips), 2)
        numbers["takes_per_line"] = round(sum(row.attempts for row in clips) / len(clips), 2)
    return {**numbers, **means(clips)}


def _worst_clip(report: BatchReport, store: ObjectStore, settings: Settings) -> Mapping[str, Any]:
    """A spectrogram of the worst clip, with a link that plays it if browsers can open the store.

    The link is a part of the text: its long address would widen the table, and the UI would cut off the other values.
    Nothing if the clip is missing or damaged: ``every_clip_in_store`` reports that.
    """
    worst = max((row for row in report.rows if row.key), key=_badness, default=None)
    if worst is not None:
        with suppress(ObjectMissing, ClipDamaged):
            samples = ClipStore(store).load(worst.key).samples
            title = f"{worst.id}, {readable_duration(worst.audio_seconds or 0.0)}: {worst.spoken_text}"
            clip = link(worst.clip, store, settings)
            page = str(clip.value) if isinstance(clip, dg.UrlMetadataValue) else ""
            return {"worst_clip": dg.MetadataValue.md(spectrogram(samples, title, page))}
    return {}


def _badness(row: IndexRow) -> tuple[int, float]:
    return _SEVERITY.index(row.status), penalty(row)


def _table(rows: Sequence[IndexRow], schema: dg.TableSchema) -> dg.TableMetadataValue:
    """The first rows."""
    names = [column.name for column in schema.columns]
    records = [safe_record({name: _cell(row, name) for name in names}) for row in rows[:_ROWS]]
    return dg.MetadataValue.table(records, schema=schema)


def _workers(workers: Sequence[WorkerReport]) -> dg.TableMetadataValue:
    """The work of each worker of a cluster, which shows slow machines and lost ones."""
    records = [
        safe_record(
            {
                "worker": worker.name,
                "device": worker.device,
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


def _cell(row: IndexRow, column: str) -> str | float | None:
    if column == "seconds":
        return None if row.audio_seconds is None else round(row.audio_seconds, 1)
    value = row.spoken_text or row.text if column == "text" else getattr(row, column)
    return shorten(value, 160, placeholder=" …")


def _data_version(report: BatchReport) -> str:
    """A digest that changes when the audio of any line does."""
    return hashlib.sha256("\n".join(f"{row.id} {row.key}" for row in report.rows).encode()).hexdigest()
