"""Synthesis jobs for tests: requests for the demo model in one voice, and ``Run``, which runs them in this process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from f5_pipeline.engine.duration import Reference
from f5_pipeline.engine.protocol import Chunk
from f5_pipeline.manifests.utterance import Utterance
from f5_pipeline.models.catalogue import model_named
from f5_pipeline.models.spec import Sampling
from f5_pipeline.models.weights import ModelFiles, ReadyModel
from f5_pipeline.quality.verdicts import Judge
from f5_pipeline.results.clips import ClipStore
from f5_pipeline.results.index import IndexRow
from f5_pipeline.results.leases import Lease
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.layout import lease_object
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.synthesis.executor import EngineFor, NullProgress, Progress, SynthesisJob, SynthesisResult
from f5_pipeline.synthesis.neural_checks import NeuralChecker, NullNeuralChecker
from f5_pipeline.synthesis.request import Speaker, SynthesisRequest
from f5_pipeline.synthesis.session import MAX_UNSAVED, SAVERS, run_in_process
from f5_pipeline.synthesis.stored_takes import reuse_indexed_takes
from f5_pipeline.synthesis.takes import Takes
from f5_pipeline.synthesis.transcriber import NullTranscriber, Transcriber
from f5_pipeline.voices.voice import Voice
from tests.synthesis.fake_engine import FakeEngine

SPEC = model_named(Settings(), "demo")
MODEL = ReadyModel(SPEC, ModelFiles(Path("c"), Path("v"), Path("w"), "f" * 64, {}, 0.0, 0))
VOICE = Voice("anna", (), audio="anna.wav", text="hello there, you. ", fingerprint="a" * 64, audio_seconds=3.0)
REFERENCE = Reference("some call me nature, others call me mother nature. ", 3.0, 3.0)
SPEAKER = Speaker(VOICE, REFERENCE)
SAMPLING = Sampling(7, 1.0, -1.0, 1.0, 0.15)

TEXTS = ("the first line of all.", "the second line, then.", "and so the third one.")
#: The sentences of a long text. Each is a chunk.
SENTENCES = [f"{'a few words more, ' * 9}and this is number {number}." for number in range(4)]
LONG_TEXT = " ".join(SENTENCES)


def line(
    text: str = TEXTS[0], id: str = "1", *, attempts: int = 3, seed: int | None = None, takes: int = 1
) -> SynthesisRequest:
    """The request for one line."""
    utterance = Utterance(id, int(id), text, text, "anna", "demo", "en", SAMPLING, seed, attempts, takes)
    return SynthesisRequest(utterance, MODEL, (SPEAKER,))


def lines(*texts: str, attempts: int = 3) -> list[SynthesisRequest]:
    """The requests for a batch; the ids count from 1."""
    return [line(text, str(number), attempts=attempts) for number, text in enumerate(texts or TEXTS, start=1)]


def job(
    store: ObjectStore,
    requests: Sequence[SynthesisRequest],
    load_engine: EngineFor,
    reused: Takes | None = None,
    transcriber: Transcriber | None = None,
    judge: Judge | None = None,
    checker: NeuralChecker | None = None,
) -> SynthesisJob:
    """A job without a cluster; by default nothing is reused, transcribed or measured by networks."""
    lease = Lease(store, lease_object("demo", "0" * 16))
    transcriber = transcriber or NullTranscriber()
    judge = judge or Judge(recogniser=transcriber.recogniser)
    return SynthesisJob(
        batch="demo",
        lease=lease,
        store=store,
        cache=Path("cache"),
        requests=requests,
        reused=reused or {},
        load_engine=load_engine,
        judge=judge,
        transcriber=transcriber,
        checker=checker or NullNeuralChecker(),
    )


class Run:
    """Runs batches against one store, and keeps the index rows of the last run in memory."""

    def __init__(self, folder: Path) -> None:
        self.store = LocalStore(folder / "store")
        self.clips = ClipStore(self.store)
        self.indexed: dict[str, IndexRow] = {}

    def __call__(
        self,
        batch: Sequence[SynthesisRequest],
        engine: FakeEngine | None = None,
        transcriber: Transcriber | None = None,
        progress: Progress | None = None,
        *,
        judge: Judge | None = None,
        checker: NeuralChecker | None = None,
        savers: int = SAVERS,
        max_unsaved: int = MAX_UNSAVED,
    ) -> SynthesisResult:
        """Run a batch; without an engine, speaking anything is an error."""
        transcriber = transcriber or NullTranscriber()
        reused, _damaged = reuse_indexed_takes(batch, self.clips, self.indexed, transcriber, checker)
        load = (engine or FakeEngine(dies_after=0)).load
        synthesis_job = job(self.store, batch, load, reused, transcriber, judge, checker)
        result = run_in_process(synthesis_job, progress or NullProgress(), savers=savers, max_unsaved=max_unsaved)
        self.indexed = {row.key: row for row in result.rows if row.key}
        return result

    def drop_index(self) -> None:
        """Forget the index rows, as for another batch, or after the index was lost."""
        self.indexed = {}

    @property
    def clip_count(self) -> int:
        return len(list(self.store.list("clips/")))

    def path(self, row: IndexRow) -> Path:
        """The file of a row's clip."""
        return Path(self.store.location(row.clip))

    def chunk_path(self, chunk: Chunk) -> Path:
        """The file of a chunk's clip."""
        return Path(self.clips.location(chunk.key))
