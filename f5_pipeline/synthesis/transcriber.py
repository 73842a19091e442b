"""Listening to the clips of a batch while the model goes on speaking. What was heard once is not listened to again.

The model never waits: clips queue up as keys, and only so many of them keep their sound in memory; the sound of the
others is read back from the store when it is their turn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from queue import SimpleQueue
from threading import Semaphore
from typing import Protocol

import numpy as np

from f5_pipeline.audio.join import starts_of
from f5_pipeline.audio.samples import SAMPLE_RATE
from f5_pipeline.errors import ClipDamaged, ObjectMissing, RecogniserFailed
from f5_pipeline.quality.asr.comparison import WordCheck, compare, words_of
from f5_pipeline.quality.asr.process import RecogniserProcess
from f5_pipeline.quality.asr.recogniser import Recogniser, RecogniserSpec, TranscriptionRequest
from f5_pipeline.results.clips import ClipInfo, ClipStore
from f5_pipeline.results.index import IndexRow
from f5_pipeline.results.transcripts import Words, load_transcript, save_transcript
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.storage.parallel import PARALLEL
from f5_pipeline.synthesis.request import Piece, SynthesisRequest

_IN_MEMORY = 64  # clips whose sound waits in memory: a minute or two of audio each at most

Checks = tuple[WordCheck | None, ...]  # of the pieces of a clip, or of itself; None: nobody could tell


class Listener(Protocol):
    """Who says which words are in a clip."""

    recogniser: str  # "": nobody listens
    failures: list[str]  # why clips could not be heard

    def knows(self, line: SynthesisRequest, row: IndexRow) -> bool:
        """Whether nothing is left to be heard in the clip that a row names."""

    def begin(self, piece: Piece, info: ClipInfo, samples: np.ndarray) -> None:
        """Begin to listen to a clip or piece that was just stored: ``listen`` will be asked for it."""

    def listen(self, line: SynthesisRequest, info: ClipInfo, pieces: Sequence[ClipInfo | None]) -> Future[Checks]:
        """What is said in a clip, or in the pieces that it is joined of. Empty if nobody listens."""


class Nobody:
    """Nobody listens: clips are judged by their sound alone."""

    recogniser = ""

    def __init__(self) -> None:
        self.failures: list[str] = []

    def knows(self, line: SynthesisRequest, row: IndexRow) -> bool:
        return True

    def begin(self, piece: Piece, info: ClipInfo, samples: np.ndarray) -> None: ...

    def listen(self, line: SynthesisRequest, info: ClipInfo, pieces: Sequence[ClipInfo | None]) -> Future[Checks]:
        nothing: Future[Checks] = Future()
        nothing.set_result(())
        return nothing


class Ears:
    """A recogniser at work beside the model. To be closed."""

    def __init__(self, spec: RecogniserSpec, store: ObjectStore, start: Callable[[], Recogniser] | None = None) -> None:
        """``start`` makes one of ``spec.processes`` recognisers; default: a process."""
        self.recogniser, self.failures = spec.name, list[str]()
        self._spec, self._store, self._clips = spec, store, ClipStore(store)
        self._recognisers = [start() if start else RecogniserProcess(spec) for _ in range(spec.processes)]
        self._free: SimpleQueue[Recogniser] = SimpleQueue()
        for recogniser in self._recognisers:
            self._free.put(recogniser)
        self._checks: dict[str, Future[WordCheck | None]] = {}
        self._room = Semaphore(_IN_MEMORY)
        self._listeners = ThreadPoolExecutor(PARALLEL, "listen")  # most of them read what was heard before
        self._gatherer = ThreadPoolExecutor(1, "gather-heard")

    def __enter__(self) -> Ears:
        return self

    def __exit__(self, *error: object) -> None:
        for pool in (self._listeners, self._gatherer):
            pool.shutdown(wait=False, cancel_futures=True)
        for recogniser in self._recognisers:
            if isinstance(recogniser, RecogniserProcess):
                recogniser.close()

    def knows(self, line: SynthesisRequest, row: IndexRow) -> bool:
        return row.quality.get("recogniser") == self.recogniser or not self._spec.supports(line.utterance.language)

    def begin(self, piece: Piece, info: ClipInfo, samples: np.ndarray) -> None:
        if self._spec.supports(piece.language):
            kept = samples if self._room.acquire(blocking=False) else None
            self._checks[info.key] = self._listeners.submit(self._listen, piece, info.key, kept)

    def listen(self, line: SynthesisRequest, info: ClipInfo, pieces: Sequence[ClipInfo | None]) -> Future[Checks]:
        planned = line.pieces(1)  # of another take the texts are the same
        checks = [self._check(*part) for part in zip(planned, pieces or [info], strict=False)]
        return self._gatherer.submit(self._gather, line, info, pieces, checks)

    def _check(self, piece: Piece, info: ClipInfo | None) -> Future[WordCheck | None] | None:
        if info is None or not self._spec.supports(piece.language):
            return None
        if info.key not in self._checks:
            self._checks[info.key] = self._listeners.submit(self._recall, piece, info.key)
        return self._checks[info.key]

    def _recall(self, piece: Piece, key: str) -> WordCheck | None:
        words = load_transcript(self._store, key, self.recogniser)
        return self._listen(piece, key, None) if words is None else _compared(piece, words)

    def _listen(self, piece: Piece, key: str, kept: np.ndarray | None) -> WordCheck | None:
        try:
            samples = self._clips.load(key).samples if kept is None else kept
            words = self._transcribe(
                TranscriptionRequest(samples, piece.chunk.text, piece.chunk.ref_text, piece.language)
            )
            save_transcript(self._store, key, self.recogniser, words)
            return _compared(piece, words)
        except (ObjectMissing, ClipDamaged):
            return None  # whoever needs the clip notices that too
        except RecogniserFailed as error:
            self.failures.append(str(error))
            return None
        finally:
            if kept is not None:
                self._room.release()

    def _transcribe(self, request: TranscriptionRequest) -> Words:
        recogniser = self._free.get()
        try:
            return tuple(recogniser.transcribe(request))
        finally:
            self._free.put(recogniser)

    def _gather(
        self,
        line: SynthesisRequest,
        info: ClipInfo,
        pieces: Sequence[ClipInfo | None],
        checks: Sequence[Future[WordCheck | None] | None],
    ) -> Checks:
        done = tuple(check.result() if check else None for check in checks)
        if pieces and all(done) and load_transcript(self._store, info.key, self.recogniser) is None:
            self._remember_joined(line, info, [piece for piece in pieces if piece])
        return done

    def _remember_joined(self, line: SynthesisRequest, info: ClipInfo, pieces: Sequence[ClipInfo]) -> None:
        """The words of a clip that is joined of pieces, when they are said in it."""
        heard = [load_transcript(self._store, piece.key, self.recogniser) or () for piece in pieces]
        sizes = [round(piece.audio_seconds * SAMPLE_RATE) for piece in pieces]
        starts = starts_of(sizes, [piece.joint for piece in line.pieces(1)], line.lead_seconds)
        words = [
            replace(word, start=start / SAMPLE_RATE + word.start, end=start / SAMPLE_RATE + word.end)
            for start, said in zip(starts, heard, strict=True)
            for word in said
        ]
        save_transcript(self._store, info.key, self.recogniser, words)


@contextmanager
def listening(spec: RecogniserSpec | None, store: ObjectStore) -> Iterator[Listener]:
    """A recogniser at work, or nobody, for as long as the block lasts."""
    if spec is None:
        yield Nobody()
    else:
        with Ears(spec, store) as ears:
            yield ears


def _compared(piece: Piece, words: Words) -> WordCheck:
    return compare(words_of(piece.chunk.text), [word.text for word in words], words_of(piece.chunk.ref_text))
