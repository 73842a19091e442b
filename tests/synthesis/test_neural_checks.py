"""Measuring by networks beside the model: each clip once; a clip in another voice is spoken again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import soundfile

from f5_pipeline.audio.samples import SAMPLE_RATE, Samples
from f5_pipeline.engine.protocol import Chunk, SpokenChunk
from f5_pipeline.errors import NetworksFailed
from f5_pipeline.quality.neural.check import References
from f5_pipeline.quality.neural.networks import Networks, NetworksProcess, NetworksSpec
from f5_pipeline.quality.verdicts import Judge
from f5_pipeline.results.clips import ClipStore
from f5_pipeline.results.garbage_collection import clean
from f5_pipeline.results.index import write_index
from f5_pipeline.results.neural_records import NeuralRecord, load_neural_record, save_neural_record
from f5_pipeline.storage.layout import neural_object
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.synthesis.executor import SynthesisResult
from f5_pipeline.synthesis.neural_checks import StoreNeuralChecker, embed_voices
from f5_pipeline.synthesis.request import SynthesisRequest
from tests.quality.asr.recordings import recording
from tests.quality.neural.extra import needs_quality
from tests.synthesis.fake_engine import FakeEngine
from tests.synthesis.jobs import LONG_TEXT, SENTENCES, VOICE, Run, line, lines

SPEC = NetworksSpec("fake-1")
ANNA, BEN = np.eye(2, 256, dtype=np.float32)
REFERENCES = {"anna": ANNA, "ben": BEN}


class FakeNetworks:
    """Implements ``Networks``: a clip whose level is lowered is in ben's voice, any other in anna's."""

    def __init__(self) -> None:
        self.measured: list[int] = []

    def load(self) -> None: ...

    def measure(self, samples: Samples) -> NeuralRecord:
        self.measured.append(samples.size)
        is_ben = float(np.sqrt(np.mean(np.square(samples)))) < 0.03
        return NeuralRecord(np.stack([BEN if is_ben else ANNA] * 2), 3.0)


def in_bens_voice(samples: Samples) -> Samples:
    return 0.4 * samples


class MeasuringRun(Run):
    """Runs batches with networks."""

    def measure(
        self,
        batch: Sequence[SynthesisRequest],
        networks: Networks,
        engine: FakeEngine | None = None,
        references: References | None = None,
    ) -> SynthesisResult:
        known = REFERENCES if references is None else references
        with StoreNeuralChecker(SPEC, self.store, lambda *_: known, lambda: networks) as checker:
            return self(batch, engine, judge=Judge(networks=SPEC.name), checker=checker)


@pytest.fixture
def run(tmp_path: Path) -> MeasuringRun:
    return MeasuringRun(tmp_path)


def test_a_take_in_another_voice_is_spoken_again(run: MeasuringRun) -> None:
    engine = FakeEngine(takes={"second": [in_bens_voice]})
    result = run.measure(lines(), FakeNetworks(), engine)
    assert [(row.status, row.attempts) for row in result.rows] == [("ok", 1), ("ok", 2), ("ok", 1)]
    quality = result.rows[1].quality
    assert (quality["speaker_similarity"], quality["speaker_margin"], quality["mos"]) == (1.0, 1.0, 3.0)
    assert "nearest_voice" not in quality


@pytest.mark.parametrize("indexed", [True, False])
def test_no_clip_is_measured_twice(run: MeasuringRun, indexed: bool) -> None:
    batch = [*lines(), line(LONG_TEXT, "4")]
    engine, networks = FakeEngine(takes={"second": [in_bens_voice] * 3}), FakeNetworks()
    first = run.measure(batch, networks, engine)
    assert len(networks.measured) == len(engine.spoken)
    assert (first.rows[1].status, first.rows[1].quality["nearest_voice"]) == ("suspect", "ben")
    if not indexed:
        run.drop_index()
    again = FakeNetworks()
    assert run.measure(batch, again).rows == tuple(replace(row, cached=True) for row in first.rows)
    assert again.measured == []


def test_clips_of_a_run_without_networks_are_measured_later(run: MeasuringRun) -> None:
    run(lines(), FakeEngine())
    networks = FakeNetworks()
    result = run.measure(lines(), networks)
    assert len(networks.measured) == 3
    assert {row.quality["speaker_similarity"] for row in result.rows} == {1.0}


def test_only_the_chunk_in_another_voice_is_spoken_again(run: MeasuringRun) -> None:
    engine = FakeEngine(takes={"number 2": [in_bens_voice]})
    (row,) = run.measure([line(LONG_TEXT)], FakeNetworks(), engine).rows
    assert sorted(engine.texts) == sorted([*SENTENCES, SENTENCES[2]])
    assert (row.status, row.attempts, row.quality["speaker_consistency"]) == ("ok", 2, 1.0)


def test_failing_networks_leave_the_clip_unmeasured(run: MeasuringRun) -> None:
    class FailingNetworks(FakeNetworks):
        def measure(self, samples: Samples) -> NeuralRecord:
            raise NetworksFailed("out of memory")

    result = run.measure(lines(), FailingNetworks(), FakeEngine())
    assert [row.status for row in result.rows] == ["ok"] * 3
    assert "mos" not in result.rows[0].quality
    assert "out of memory" in result.not_measured


def test_networks_that_cannot_be_loaded_cost_one_start_and_no_clip_is_read(
    run: MeasuringRun, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Neither in the run that speaks, nor in the next one: the batch counts as finished until they can be loaded."""
    (tmp_path / "broken.py").write_text(
        "with open('starts', 'a') as file: file.write('x')\nraise ImportError('libgomp')"
    )
    monkeypatch.setattr("f5_pipeline.quality.neural.networks._WORKER", "broken")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ClipStore, "load", None)
    result = run.measure(lines(), NetworksProcess(), FakeEngine())
    assert [row.status for row in result.rows] == ["ok"] * 3
    assert result.not_measured.count("ImportError: libgomp") == result.not_measured.count("failed:") == 1
    assert (tmp_path / "starts").read_text() == "x"
    monkeypatch.setattr(ClipStore, "facts", None)
    again = run.measure(lines(), NetworksProcess(), FakeEngine())
    assert [row.cached for row in again.rows] == [True] * 3
    assert (tmp_path / "starts").read_text() == "xx"


def test_closed_networks_are_not_started_again() -> None:
    networks = NetworksProcess()
    networks.close()
    with pytest.raises(NetworksFailed, match="closed"):
        networks.measure(np.zeros(10, np.float32))


def test_references_are_measured_once_a_machine_and_a_bad_recording_concerns_its_voice(tmp_path: Path) -> None:
    voices = {}
    for name in ("anna", "ben"):
        soundfile.write(tmp_path / f"{name}.wav", np.full(SAMPLE_RATE, 0.1 if name == "anna" else 0.01), SAMPLE_RATE)
        voices[name] = replace(VOICE, name=name, audio=str(tmp_path / f"{name}.wav"), speech_seconds=1.0)
    (tmp_path / "carl.wav").write_bytes(b"no sound")
    bad = {"carl": replace(VOICE, name="carl", audio=str(tmp_path / "carl.wav"))}
    networks, failures = FakeNetworks(), list[str]()
    first = embed_voices({**bad, **voices}, "fake-1", networks, failures)
    np.testing.assert_array_equal([first["anna"], first["ben"]], [ANNA, BEN])
    assert first.keys() == voices.keys()
    assert [failure.split(":")[0] for failure in failures] == ["Voice 'carl'"]
    embed_voices(voices, "fake-1", networks, failures)
    assert len(networks.measured) == 2
    embed_voices(voices, "fake-2", networks, failures)
    assert len(networks.measured) == 4


def test_without_references_a_clip_has_no_check(run: MeasuringRun) -> None:
    """The recordings of the voices could not be measured."""
    assert "mos" not in run.measure([line()], FakeNetworks(), FakeEngine(), references={}).rows[0].quality


def test_garbage_collection_removes_the_measures_with_their_clip(run: MeasuringRun) -> None:
    result = run.measure(lines("the first line of all.", "the second line, then."), FakeNetworks(), FakeEngine())
    write_index(run.store, "b", result.rows[:1])
    clean(run.store, [])
    assert [info.key for info in run.store.list("clips/")] == sorted(
        [result.rows[0].clip, neural_object(result.rows[0].key, SPEC.name)]
    )


def test_a_record_keeps_the_embeddings(tmp_path: Path) -> None:
    store, windows = LocalStore(tmp_path), np.abs(np.random.default_rng(1).standard_normal((3, 256)))
    unit = (windows / np.linalg.norm(windows, axis=1, keepdims=True)).astype(np.float32)
    save_neural_record(store, "a" * 64, "n-1", NeuralRecord(unit, 3.21))
    loaded = load_neural_record(store, "a" * 64, "n-1")
    assert loaded is not None
    assert (np.einsum("ij,ij->i", loaded.windows, unit) > 0.9999).all()
    assert loaded.mos == 3.21


@pytest.mark.parametrize("damage", [b"", b'{"format":1,"windows":[],"mos":3.0}', b'{"format":1,"windows":["AA=="]}'])
def test_a_damaged_record_counts_as_missing(tmp_path: Path, damage: bytes) -> None:
    store = LocalStore(tmp_path)
    store.write(neural_object("a" * 64, "n-1"), damage)
    assert load_neural_record(store, "a" * 64, "n-1") is None


class RecordedEngine(FakeEngine):
    """Speaks recordings of the demo voices: first another voice's, then the right one's."""

    def speak(self, chunks: Sequence[Chunk]) -> Iterator[SpokenChunk]:
        for index, chunk in enumerate(chunks):
            self.spoken.append(chunk)
            yield SpokenChunk(index, recording("f2" if chunk.attempt == 1 else "m3")[0])


@needs_quality
def test_the_networks_find_a_clip_in_another_voice(run: MeasuringRun, tmp_path: Path) -> None:
    """Everything is real except the engine. The signal and its length raise no suspicion."""
    voices = {}
    for name in ("m3", "f2"):
        samples = recording(name)[0]
        soundfile.write(tmp_path / f"{name}.wav", samples, SAMPLE_RATE)
        seconds = samples.size / SAMPLE_RATE
        voices[name] = replace(VOICE, name=name, audio=str(tmp_path / f"{name}.wav"), speech_seconds=seconds)
    spoken = line("the young doctor remembered the green bicycle.")
    request = SynthesisRequest(spoken.utterance, spoken.model, (replace(spoken.speakers[0], voice=voices["m3"]),))
    engine = RecordedEngine()
    spec = NetworksSpec()
    with StoreNeuralChecker(spec, run.store, partial(embed_voices, voices, spec.name), NetworksProcess) as checker:
        (row,) = run([request], engine, judge=Judge(networks=spec.name), checker=checker).rows
    assert (row.status, row.attempts, row.quality["speaker_similarity"]) == ("ok", 2, pytest.approx(1.0, abs=0.001))
    takes = str(row.quality["takes"])
    assert "sounds more like the voice f2" in takes
    assert row.quality["mos"] > 3
