"""Speaking a batch: from ``utterances.jsonl`` to clips and an index, everything it needs made ready on the way.

The same function serves a first run, a re-run and a fresh worker: weights and voices that are already here cost
milliseconds. Reading the manifest is ``manifest``'s business, delivering is ``delivery``'s.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from f5_pipeline.errors import NothingSpoken, UnknownModel
from f5_pipeline.results.claims import claim
from f5_pipeline.results.clips import ClipStore
from f5_pipeline.results.index import IndexRow, rows_by_key, write_index
from f5_pipeline.results.provenance import record_spoken
from f5_pipeline.speech.engine import SpeechEngine
from f5_pipeline.speech.generate import Progress, generate
from f5_pipeline.speech.lines import ReadyModel, SpokenLine
from f5_pipeline.speech.manifests.utterance_file import BatchContents, load_utterances
from f5_pipeline.speech.models.catalogue import ModelSpec
from f5_pipeline.speech.models.weights import check_licence, ensure_weights, local_vocabulary
from f5_pipeline.speech.plan import Reference, room_seconds
from f5_pipeline.speech.text.alphabet import unsayable
from f5_pipeline.speech.text.front_end import fitted, spoken
from f5_pipeline.speech.utterance import RejectedRow, Utterance, Voice
from f5_pipeline.speech.voices.checks import VoiceLimits
from f5_pipeline.speech.voices.prepare import prepare_voices
from f5_pipeline.storage.object_store import ObjectStore

LoadEngine = Callable[[ReadyModel], SpeechEngine]


@dataclass(frozen=True)
class BatchReport:
    """What speaking a batch did."""

    batch: str
    rows: tuple[IndexRow, ...]  # in the manifest's order
    clips_spoken: int
    audio_seconds_spoken: float
    seconds: float  # of the whole run
    load_seconds: float  # of it, for loading models
    speak_seconds: float  # of it, for speaking and storing

    @property
    def counts(self) -> dict[str, int]:
        """How many rows have each status, all four of them."""
        return dict.fromkeys(("ok", "suspect", "rejected", "failed"), 0) | Counter(row.status for row in self.rows)

    @property
    def cached(self) -> int:
        return sum(row.cached for row in self.rows)

    @property
    def audio_seconds(self) -> float:
        return sum(row.audio_seconds or 0.0 for row in self.rows)

    @property
    def real_time_factor(self) -> float | None:
        """Seconds of work for a second of audio; None if nothing was spoken."""
        return self.speak_seconds / self.audio_seconds_spoken if self.audio_seconds_spoken else None


def speak_batch(
    store: ObjectStore,
    cache: Path,
    batch: str,
    catalogue: Mapping[str, ModelSpec],
    load_engine: LoadEngine,
    progress: Progress | None = None,
) -> BatchReport:
    """Speak what is missing of a batch and write its index.

    Args:
        load_engine: makes the engine of a model; called only if something is missing.

    Raises:
        ObjectMissing: the manifest was not resolved yet (``utterances``).
        UnknownModel, BadWeights, WeightsUnavailable, LicenceForbids: a model cannot be used.
        NothingSpoken: there were lines to speak, and every one of them failed.
    """
    started = time.monotonic()
    contents = load_utterances(store, batch)
    models = _ready_models(contents, catalogue, cache, store)
    lines, rejected = _lines(contents, models, store, cache)
    clock = _Loading(load_engine)
    speaking = time.monotonic()
    known = rows_by_key(store, batch)
    unnamed = (line for line in lines if line.key not in known)  # clips that no index names, until this one does
    with claim(store, batch, (key for line in unnamed for key in line.all_keys())):
        done = generate(lines, ClipStore(store), known, clock, progress)
        rows = _in_order(contents, done.rows, rejected)
        write_index(store, batch, rows)
    record_spoken(store, batch, contents.made_of, sum(row.status == "failed" for row in rows))
    report = BatchReport(
        batch=batch,
        rows=rows,
        clips_spoken=done.clips_spoken,
        audio_seconds_spoken=done.audio_seconds_spoken,
        seconds=time.monotonic() - started,
        load_seconds=clock.seconds,
        speak_seconds=time.monotonic() - speaking - clock.seconds,
    )
    if report.counts["failed"] and not report.counts["ok"] + report.counts["suspect"]:
        raise NothingSpoken(batch, report.counts["failed"], next(row.reason for row in rows if row.status == "failed"))
    return report


class _Loading:
    """Loads engines, and remembers how long it took."""

    def __init__(self, load_engine: LoadEngine) -> None:
        self._load, self.seconds = load_engine, 0.0

    def __call__(self, model: ReadyModel) -> SpeechEngine:
        started = time.monotonic()
        engine = self._load(model)
        self.seconds += time.monotonic() - started
        return engine


def _ready_models(
    contents: BatchContents, catalogue: Mapping[str, ModelSpec], cache: Path, store: ObjectStore
) -> dict[str, ReadyModel]:
    """The models that the batch is spoken with, their files on this machine."""
    ready = {}
    for name in dict.fromkeys(utterance.model for utterance in contents.utterances):
        if name not in catalogue:
            raise UnknownModel(name, sorted(catalogue))
        check_licence(catalogue[name], contents.settings.commercial)
        ready[name] = ReadyModel(catalogue[name], ensure_weights(catalogue[name], cache, store))
    return ready


def _lines(
    contents: BatchContents, models: Mapping[str, ReadyModel], store: ObjectStore, cache: Path
) -> tuple[list[SpokenLine], list[RejectedRow]]:
    """Each utterance with its voice; those whose voice or characters turn out unusable are rejected."""
    voices = {
        (name, voice.name): voice
        for name, model in models.items()
        for voice in prepare_voices(store, cache, _voices_with(contents, name), VoiceLimits.of(model.spec))
    }
    stages = {name: _Stage(model, local_vocabulary(model.spec, cache)) for name, model in models.items()}
    lines: list[SpokenLine] = []
    rejected: list[RejectedRow] = []
    for utterance in contents.utterances:
        outcome = stages[utterance.model].line(utterance, voices[utterance.model, utterance.voice])
        if isinstance(outcome, SpokenLine):
            lines.append(outcome)
        else:
            rejected.append(outcome)
    return lines, rejected


def _voices_with(contents: BatchContents, model: str) -> list[str]:
    return list(dict.fromkeys(u.voice for u in contents.utterances if u.model == model))


class _Stage:
    """Brings utterances and voices of one model together."""

    def __init__(self, model: ReadyModel, vocabulary: frozenset[str] | None) -> None:
        self._model, self._vocabulary = model, vocabulary
        self._references: dict[tuple[str, str], Reference | str] = {}

    def line(self, utterance: Utterance, voice: Voice) -> SpokenLine | RejectedRow:
        reference = self._reference(voice, utterance.language)
        if isinstance(reference, str):
            return _rejected(utterance, reference)
        if self._vocabulary and unsayable(utterance.spoken_text, self._vocabulary, self._model.spec.tokenizer):
            # The vocabulary was not on this machine when the manifest was read.
            said, left = fitted(utterance.spoken_text, self._model.spec, self._vocabulary)
            if left:
                return _rejected(utterance, f"the model cannot say {' '.join(left[:10])}")
            utterance = replace(utterance, spoken_text=said)
        return SpokenLine(utterance, voice, self._model, reference)

    def _reference(self, voice: Voice, language: str) -> Reference | str:
        key = (voice.name, language)
        if key not in self._references:
            self._references[key] = self._make_reference(voice, language)
        return self._references[key]

    def _make_reference(self, voice: Voice, language: str) -> Reference | str:
        """The reference as the model is given it, or why the voice cannot be used with this model."""
        spec = self._model.spec
        if not voice.usable:
            return f"voice {voice.name!r} cannot be used: {'; '.join(voice.problems)}"
        text, left = spoken(voice.text, language, spec, self._vocabulary)
        if left:
            return f"the transcript of voice {voice.name!r} has characters the model cannot say: {' '.join(left[:10])}"
        seconds = min(voice.audio_seconds, voice.speech_seconds + spec.ref_silence_seconds)
        even = bool(spec.arch.get("text_embedding_average_upsampling"))
        reference = Reference(text, seconds, voice.speech_seconds, even)
        if room_seconds(reference, spec.max_seconds) == 0.0:
            return (
                f"voice {voice.name!r} is {seconds:.1f} s long, which leaves no room for speech in the "
                f"{spec.max_seconds:g} s of the model {spec.name!r}"
            )
        return reference


def _rejected(utterance: Utterance, reason: str) -> RejectedRow:
    u = utterance
    return RejectedRow(u.id, u.row, u.text, u.voice, reason, u.columns)


def _in_order(
    contents: BatchContents, spoken_rows: Sequence[IndexRow], rejected: Sequence[RejectedRow]
) -> tuple[IndexRow, ...]:
    """All rows of the batch in the manifest's order."""
    by_id = {row.id: row for row in spoken_rows}
    numbered = [(u.row, by_id[u.id]) for u in contents.utterances if u.id in by_id]
    refused = [(r.row, _rejected_row(r)) for r in (*contents.rejected, *rejected)]
    return tuple(row for _, row in sorted([*numbered, *refused], key=lambda pair: pair[0]))


def _rejected_row(row: RejectedRow) -> IndexRow:
    reason = f"row {row.row}: {row.reason}"
    return IndexRow(id=row.id, text=row.text, voice=row.voice, status="rejected", reason=reason, columns=row.columns)
