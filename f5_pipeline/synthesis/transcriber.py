"""Transcribes the clips of a batch while the model goes on, and compares the words with the text.

The model never waits for a recogniser: clips wait as keys, and only a limited number of them keeps its samples in
memory; the samples of the others are read from the store when a recogniser is free. Transcripts are stored, so that no
clip is transcribed twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from queue import SimpleQueue
from threading import Semaphore
from typing import Protocol

from f5_pipeline.audio.join import starts_of
from f5_pipeline.audio.samples import SAMPLE_RATE, Samples
from f5_pipeline.engine.protocol import Chunk
from f5_pipeline.errors import ClipDamaged, ObjectMissing, RecogniserFailed
from f5_pipeline.quality.asr.comparison import WordCheck, compare, words_of
from f5_pipeline.quality.asr.process import RecogniserProcess
from f5_pipeline.quality.asr.recogniser import Recogniser, RecogniserSpec, TranscriptionRequest
from f5_pipeline.results.clips import ClipInfo, ClipStore
from f5_pipeline.results.index import IndexRow
from f5_pipeline.results.transcripts import Words, load_transcript, save_transcript
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.storage.parallel import PARALLEL, Threads

_IN_MEMORY = 64  # clips whose samples wait in memory: a minute or two of audio each at most

WordChecks = tuple[WordCheck | None, ...]  # of the chunks of a clip, or of the clip; None: it was not transcribed


_NO_CHECKS: Future[WordChecks] = Future()  # one for the lines of all batches
_NO_CHECKS.set_result(())


class Transcriber(Protocol):
    """Checks which words are spoken in clips."""

    recogniser: str  # its name; "": clips are not transcribed
    failures: list[str]  # why clips were not transcribed

    def is_done(self, language: str, row: IndexRow) -> bool:
        """True if the clip of an index row needs no further transcript."""

    def start(self, chunk: Chunk, samples: Samples) -> None:
        """Start to transcribe a chunk that was just stored; ``check`` returns the result."""

    def check(
        self, chunks: Sequence[Chunk], clip: ClipInfo, parts: Sequence[ClipInfo | None], lead_seconds: float
    ) -> Future[WordChecks]:
        """Compare the words of a clip, or of the clips that it is joined from, with the text.

        Args:
            chunks: the chunks of its line, for their texts and joints; their keys are not used.
            clip: a stored clip.
            parts: the clips that it is joined from, None for a missing one; empty if it is not joined.
            lead_seconds: the pause before its first chunk.

        Returns:
            one check for each chunk; empty if clips are not transcribed.
        """


class NullTranscriber:
    """Transcribes nothing: clips are judged by their signal alone."""

    recogniser = ""

    def __init__(self) -> None:
        self.failures: list[str] = []

    def is_done(self, language: str, row: IndexRow) -> bool:
        return True

    def start(self, chunk: Chunk, samples: Samples) -> None: ...

    def check(
        self, chunks: Sequence[Chunk], clip: ClipInfo, parts: Sequence[ClipInfo | None], lead_seconds: float
    ) -> Future[WordChecks]:
        return _NO_CHECKS


class StoreTranscriber:
    """Runs recognisers beside the model and keeps their transcripts in the store. Close it after use."""

    def __init__(self, spec: RecogniserSpec, store: ObjectStore, start: Callable[[], Recogniser] | None = None) -> None:
        """``start`` makes one of ``spec.processes`` recognisers; by default, a process."""
        self.recogniser, self.failures = spec.name, list[str]()
        self._spec, self._store, self._clips = spec, store, ClipStore(store)
        self._recognisers = [start() if start else RecogniserProcess(spec) for _ in range(spec.processes)]
        self._free: SimpleQueue[Recogniser] = SimpleQueue()
        for recogniser in self._recognisers:
            self._free.put(recogniser)
        self._checks: dict[str, Future[WordCheck | None]] = {}
        self._memory = Semaphore(_IN_MEMORY)
        self._workers = Threads(PARALLEL, "transcribe")  # most of them read stored transcripts
        self._collector = Threads(1, "collect-transcripts")

    def __enter__(self) -> StoreTranscriber:
        return self

    def __exit__(self, *error: object) -> None:
        for pool in (self._workers, self._collector):
            pool.stop(wait=False)
        for recogniser in self._recognisers:
            if isinstance(recogniser, RecogniserProcess):
                recogniser.close()

    def is_done(self, language: str, row: IndexRow) -> bool:
        return row.quality.get("recogniser") == self.recogniser or not self._spec.supports(language)

    def start(self, chunk: Chunk, samples: Samples) -> None:
        if self._spec.supports(chunk.language):
            kept = samples if self._memory.acquire(blocking=False) else None
            self._checks[chunk.key] = self._workers.submit(self._transcribe, chunk, kept)

    def check(
        self, chunks: Sequence[Chunk], clip: ClipInfo, parts: Sequence[ClipInfo | None], lead_seconds: float
    ) -> Future[WordChecks]:
        checks = [self._check(chunk, info) for chunk, info in zip(chunks, parts or [clip], strict=False)]
        return self._collector.submit(self._collect, chunks, clip, parts, lead_seconds, checks)

    def _check(self, chunk: Chunk, info: ClipInfo | None) -> Future[WordCheck | None] | None:
        """The check of a chunk that is stored under the key of ``info``."""
        if info is None or not self._spec.supports(chunk.language):
            return None
        if info.key not in self._checks:
            stored = replace(chunk, key=info.key)
            self._checks[info.key] = self._workers.submit(self._stored_or_transcribe, stored)
        return self._checks[info.key]

    def _stored_or_transcribe(self, chunk: Chunk) -> WordCheck | None:
        words = load_transcript(self._store, chunk.key, self.recogniser)
        return self._transcribe(chunk, None) if words is None else _compared(chunk, words)

    def _transcribe(self, chunk: Chunk, kept: Samples | None) -> WordCheck | None:
        """Transcribe a stored chunk; ``kept``: its samples, if they are still in memory."""
        try:
            samples = self._clips.load(chunk.key).samples if kept is None else kept
            words = self._recognise(TranscriptionRequest(samples, chunk.text, chunk.ref_text, chunk.language))
            save_transcript(self._store, chunk.key, self.recogniser, words)
            return _compared(chunk, words)
        except (ObjectMissing, ClipDamaged):
            return None  # the user of the clip reports this
        except RecogniserFailed as error:
            self.failures.append(str(error))
            return None
        finally:
            if kept is not None:
                self._memory.release()

    def _recognise(self, request: TranscriptionRequest) -> Words:
        recogniser = self._free.get()
        try:
            return tuple(recogniser.transcribe(request))
        finally:
            self._free.put(recogniser)

    def _collect(
        self,
        chunks: Sequence[Chunk],
        clip: ClipInfo,
        parts: Sequence[ClipInfo | None],
        lead_seconds: float,
        checks: Sequence[Future[WordCheck | None] | None],
    ) -> WordChecks:
        results = tuple(check.result() if check else None for check in checks)
        if parts and all(results) and load_transcript(self._store, clip.key, self.recogniser) is None:
            self._save_joined(chunks, clip, [info for info in parts if info], lead_seconds)
        return results

    def _save_joined(
        self, chunks: Sequence[Chunk], clip: ClipInfo, parts: Sequence[ClipInfo], lead_seconds: float
    ) -> None:
        """Store the transcript of a joined clip: the words of its chunks, at their times in the clip."""
        sizes = [round(info.audio_seconds * SAMPLE_RATE) for info in parts]
        joints = [chunk.joint for chunk in chunks]
        starts = starts_of(sizes, joints, lead_seconds)
        words = [
            replace(word, start=start / SAMPLE_RATE + word.start, end=start / SAMPLE_RATE + word.end)
            for start, info in zip(starts, parts, strict=True)
            for word in load_transcript(self._store, info.key, self.recogniser) or ()
        ]
        save_transcript(self._store, clip.key, self.recogniser, words)


@contextmanager
def open_transcriber(spec: RecogniserSpec | None, store: ObjectStore) -> Iterator[Transcriber]:
    """A transcriber for the duration of the block; without a recogniser, one that transcribes nothing."""
    if spec is None:
        yield NullTranscriber()
    else:
        with StoreTranscriber(spec, store) as transcriber:
            yield transcriber


def _compared(chunk: Chunk, words: Words) -> WordCheck:
    return compare(words_of(chunk.text), [word.text for word in words], words_of(chunk.ref_text))
