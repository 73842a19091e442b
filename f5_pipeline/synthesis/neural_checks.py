"""Measures the clips of a batch by networks while the model goes on, and compares their voices.

As in ``transcriber``, the model never waits for it, and what the networks measure is stored: no clip is measured twice.
The recordings of the batch's voices are measured once a machine, and only if a clip has to be checked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from queue import SimpleQueue
from threading import Lock, Semaphore
from typing import Protocol, TypeVar

import numpy as np

from f5_pipeline.audio.samples import SAMPLE_RATE, Samples
from f5_pipeline.engine.protocol import Chunk
from f5_pipeline.errors import ClipDamaged, NetworksFailed, ObjectMissing
from f5_pipeline.quality.neural.check import References, VoiceCheck, VoiceComparison
from f5_pipeline.quality.neural.mel import Floats
from f5_pipeline.quality.neural.networks import Networks, NetworksProcess, NetworksSpec
from f5_pipeline.quality.neural.speaker import SIZE, mean_embedding
from f5_pipeline.results.clips import ClipInfo, ClipStore
from f5_pipeline.results.index import IndexRow
from f5_pipeline.results.neural_records import NeuralRecord, load_neural_record, save_neural_record
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.storage.parallel import PARALLEL, Threads
from f5_pipeline.storage.partial import atomic_write
from f5_pipeline.voices.voice import Voice

_T = TypeVar("_T")
_IN_MEMORY = 64  # clips whose samples wait in memory

VoiceChecks = tuple[VoiceCheck | None, ...]  # of the chunks of a clip, or of the clip; None: it was not measured
FindReferences = Callable[[Networks, list[str]], References]  # appends why a recording has none to the list

_NO_CHECKS: Future[VoiceChecks] = Future()  # one for the lines of all batches
_NO_CHECKS.set_result(())


class NeuralChecker(Protocol):
    """Checks the voices of clips, and how good they sound."""

    networks: str  # their name; "": clips are not measured
    failures: list[str]  # why clips were not measured

    def is_done(self, row: IndexRow) -> bool:
        """True if the clip of an index row needs no further measures, or cannot have any in this run."""

    def references(self) -> References:
        """The embeddings of the batch's voices; blocks until they are known. Empty if they cannot be measured."""

    def start(self, chunk: Chunk, samples: Samples) -> None:
        """Start to measure a chunk that was just stored; ``check`` returns the result."""

    def check(self, chunks: Sequence[Chunk], clip: ClipInfo, parts: Sequence[ClipInfo | None]) -> Future[VoiceChecks]:
        """Check a clip, or the clips that it is joined from.

        Args:
            chunks: the chunks of its line, for their voices; their keys are not used.
            clip: a stored clip.
            parts: the clips that it is joined from, None for a missing one; empty if it is not joined.

        Returns:
            one check for each chunk; empty if clips are not measured.
        """


class NullNeuralChecker:
    """Measures nothing."""

    networks = ""

    def __init__(self) -> None:
        self.failures: list[str] = []

    def is_done(self, row: IndexRow) -> bool:
        return True

    def references(self) -> References:
        return {}

    def start(self, chunk: Chunk, samples: Samples) -> None: ...

    def check(self, chunks: Sequence[Chunk], clip: ClipInfo, parts: Sequence[ClipInfo | None]) -> Future[VoiceChecks]:
        return _NO_CHECKS


class StoreNeuralChecker:
    """Runs networks beside the model and keeps their measures in the store. Close it after use."""

    def __init__(
        self,
        spec: NetworksSpec,
        store: ObjectStore,
        find_references: FindReferences,
        start: Callable[[], Networks] = NetworksProcess,
    ) -> None:
        """``find_references`` is called once, with networks that it may use, if a clip is checked."""
        self.networks, self.failures = spec.name, list[str]()
        self._store, self._clips, self._find_references = store, ClipStore(store), find_references
        self._running = [start() for _ in range(spec.processes)]
        self._free: SimpleQueue[Networks] = SimpleQueue()
        for networks in self._running:
            self._free.put(networks)
        self._records: dict[str, Future[NeuralRecord | None]] = {}
        self._references: Future[References] | None = None
        self._comparison: VoiceComparison | None = None
        self._starting = Lock()
        self._can_measure: bool | None = None  # None: not known yet
        self._loading = Lock()
        self._memory = Semaphore(_IN_MEMORY)
        self._workers = Threads(PARALLEL, "measure")  # most of them read stored records
        self._collector = Threads(1, "collect-measures")

    def __enter__(self) -> StoreNeuralChecker:
        return self

    def __exit__(self, *error: object) -> None:
        for pool in (self._workers, self._collector):
            pool.stop(wait=False)
        for networks in self._running:
            if isinstance(networks, NetworksProcess):
                networks.close()

    def is_done(self, row: IndexRow) -> bool:
        return "speaker_similarity" in row.quality or not self._load()

    def references(self) -> References:
        return self._begin_references().result()

    def start(self, chunk: Chunk, samples: Samples) -> None:
        kept = samples if self._memory.acquire(blocking=False) else None
        self._records[chunk.key] = self._workers.submit(self._measure, chunk.key, kept)

    def check(self, chunks: Sequence[Chunk], clip: ClipInfo, parts: Sequence[ClipInfo | None]) -> Future[VoiceChecks]:
        self._begin_references()
        keys = [info.key if info else None for info in parts or [clip]]
        records = [None if key is None else self._record(key) for key in keys]
        return self._collector.submit(self._collect, [chunk.voice for chunk in chunks], keys, records)

    def _begin_references(self) -> Future[References]:
        with self._starting:
            if self._references is None:
                self._references = self._workers.submit(self._measure_references)
            return self._references

    def _measure_references(self) -> References:
        return self._with_networks(lambda networks: self._find_references(networks, self.failures))

    def _record(self, key: str) -> Future[NeuralRecord | None]:
        if (record := self._records.get(key)) is None:
            record = self._records[key] = self._workers.submit(self._stored_or_measured, key)
        return record

    def _stored_or_measured(self, key: str) -> NeuralRecord | None:
        return load_neural_record(self._store, key, self.networks) or self._measure(key, None)

    def _measure(self, key: str, kept: Samples | None) -> NeuralRecord | None:
        """Measure a stored clip; ``kept``: its samples, if they are still in memory."""
        try:
            if not self._load():
                return None
            samples = self._clips.load(key).samples if kept is None else kept
            record = self._with_networks(lambda networks: networks.measure(samples))
            save_neural_record(self._store, key, self.networks, record)
            return record
        except (ObjectMissing, ClipDamaged):
            return None  # the user of the clip reports this
        except NetworksFailed as error:
            self.failures.append(str(error))
            return None
        finally:
            if kept is not None:
                self._memory.release()

    def _load(self) -> bool:
        """Load networks, the first time; false if they cannot be loaded: then no clip is read for them."""
        with self._loading:
            if self._can_measure is None:
                try:
                    self._with_networks(lambda networks: networks.load())
                    self._can_measure = True
                except NetworksFailed as error:
                    self.failures.append(str(error))
                    self._can_measure = False
            return self._can_measure

    def _with_networks(self, use: Callable[[Networks], _T]) -> _T:
        networks = self._free.get()
        try:
            return use(networks)
        finally:
            self._free.put(networks)

    def _collect(
        self,
        voices: Sequence[str],
        keys: Sequence[str | None],
        records: Sequence[Future[NeuralRecord | None] | None],
    ) -> VoiceChecks:
        found = [record.result() if record else None for record in records]
        for key in keys:
            self._records.pop(key or "", None)  # a million embeddings do not fit in memory; they are in the store now
        if self._comparison is None:
            self._comparison = VoiceComparison(self.references())
        return self._comparison.check(list(zip(voices, found, strict=False)))


def embed_voices(voices: Mapping[str, Voice], name: str, networks: Networks, failures: list[str]) -> References:
    """The embeddings of prepared recordings, by the names of their voices; kept beside the recordings.

    Args:
        name: of the networks. They are not used for recordings whose embeddings are on this machine.
        failures: receives the reason for each recording that could not be measured.
    """
    # A recording is named by the fingerprint of its voice.
    paths = {voice.name: Path(voice.audio).with_suffix(f".{name}.npy") for voice in voices.values()}
    references = {voice: found for voice, path in paths.items() if (found := _read_embedding(path)) is not None}
    missing = [voice for voice in voices.values() if voice.name not in references]
    try:
        if missing:
            networks.load()
    except NetworksFailed as error:
        failures.append(str(error))
        return references
    for voice in missing:
        try:
            references[voice.name] = _embed(voice, networks)
        except NetworksFailed as error:
            failures.append(f"Voice {voice.name!r}: {error}")
        else:
            _keep_embedding(paths[voice.name], references[voice.name])
    return references


def _embed(voice: Voice, networks: Networks) -> Floats:
    import soundfile

    try:
        samples, _ = soundfile.read(voice.audio, frames=round(voice.speech_seconds * SAMPLE_RATE), dtype="float32")
    except (OSError, soundfile.SoundFileError) as error:
        raise NetworksFailed(f"the recording cannot be read ({error})") from None
    return mean_embedding(networks.measure(np.asarray(samples, np.float32)).windows)


def _read_embedding(path: Path) -> Floats | None:
    """An embedding; None if it is missing or damaged."""
    try:
        found = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    usable = found.dtype == np.float32 and found.shape == (SIZE,) and bool(np.isfinite(found).all())
    return found if usable else None


def _keep_embedding(path: Path, embedding: Floats) -> None:
    data = BytesIO()
    np.save(data, embedding)
    with suppress(OSError), atomic_write(path) as file:  # without a cache, the next run measures it again
        file.write(data.getvalue())


@contextmanager
def open_neural_checker(
    spec: NetworksSpec | None, store: ObjectStore, find_references: FindReferences
) -> Iterator[NeuralChecker]:
    """A checker for the duration of the block; without networks, one that measures nothing."""
    if spec is None:
        yield NullNeuralChecker()
    else:
        with StoreNeuralChecker(spec, store, find_references) as checker:
            yield checker
