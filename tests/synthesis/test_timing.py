"""Lines with a time slot: their speech rate, and the verdict on those that are too long."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from f5_pipeline.manifests.manifest import read_utterances
from f5_pipeline.manifests.utterance import Passage, TimeSlot, Utterance
from f5_pipeline.manifests.utterance_file import save_utterances
from f5_pipeline.models.catalogue import load_catalogue
from f5_pipeline.results.index import IndexRow
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.synthesis.batch import SynthesisContext, speak_batch
from f5_pipeline.synthesis.request import SynthesisRequest
from f5_pipeline.synthesis.timing import MAX_SPEED_UP, in_time
from tests.material import put_voices
from tests.synthesis.fake_engine import FakeEngine
from tests.synthesis.jobs import MODEL, SAMPLING, SPEAKER

TEXT = "this line is spoken in time."


def utterance(slot: TimeSlot | None, speed: float = 1.0) -> Utterance:
    return Utterance("1", 1, TEXT, TEXT, "anna", "demo", "en", replace(SAMPLING, speed=speed), slot=slot)


def request(timed: Utterance) -> SynthesisRequest:
    return SynthesisRequest(timed, MODEL, (SPEAKER,) * max(1, len(timed.passages)))


NATURAL = request(utterance(None)).expected_seconds


def chunk_seconds(timed: Utterance) -> float:
    return sum(chunk.frames * 256 / 24_000 + chunk.pause_after_seconds for chunk in request(timed).chunks())


@pytest.mark.parametrize("share", [1.0, 0.97, 0.9, 0.8, 0.72])
def test_a_line_is_spoken_just_fast_enough(share: float) -> None:
    fitted = in_time(utterance(TimeSlot(5.0, 5.0 + share * NATURAL, fit=True)), (SPEAKER,))
    assert share * NATURAL - 0.03 <= chunk_seconds(fitted) <= share * NATURAL
    assert fitted.sampling.speed == pytest.approx(1 / share, abs=0.01)
    assert in_time(fitted, (SPEAKER,)) == fitted  # workers of a cluster prepare it again


@pytest.mark.parametrize(
    ("slot", "speed", "fitted"),
    [
        (TimeSlot(0.0, 2 * NATURAL, fit=True), 1.0, 1.0),  # never slower
        (TimeSlot(0.0, 0.1, fit=True), 1.0, MAX_SPEED_UP),
        (TimeSlot(0.0, 0.1, fit=True), 0.8, 0.8 * MAX_SPEED_UP),  # of its own speech rate
        (TimeSlot(0.0, 0.1, fit=True), 2.5, 3.0),  # the highest speed
        (TimeSlot(0.0, None, 0.1, fit=True), 1.0, MAX_SPEED_UP),  # until the next line
        (TimeSlot(0.0, None, None, fit=True), 1.0, 1.0),
        (TimeSlot(0.0, 0.1), 1.0, 1.0),
        (None, 1.0, 1.0),
    ],
)
def test_the_speech_rate_has_limits(slot: TimeSlot | None, speed: float, fitted: float) -> None:
    assert in_time(utterance(slot, speed), (SPEAKER,)).sampling.speed == pytest.approx(fitted)


def test_the_pauses_of_a_line_keep_their_length() -> None:
    passages = (Passage(TEXT, "anna", "en", 1.0, 0.0, 0.5), Passage(TEXT, "bob", "en", 0.9))
    timed = replace(utterance(TimeSlot(0.0, 0.5 + 1.6 * NATURAL, fit=True)), passages=passages)
    fitted = in_time(timed, (SPEAKER, SPEAKER))
    assert 0.5 + 1.6 * NATURAL - 0.05 <= chunk_seconds(fitted) <= 0.5 + 1.6 * NATURAL
    first, second = (passage.speed for passage in fitted.passages)
    assert second / first == pytest.approx(0.9, abs=0.002)


# --- verdicts -------------------------------------------------------------------------------------------------


class Workspace:
    """A store with a batch of timed lines in one voice."""

    def __init__(self, folder: Path, cache: Path) -> None:
        self.store, self.cache = LocalStore(folder), cache
        self.settings = Settings(store=self.store.url, cache=cache, device="cpu", recogniser="none")
        self.catalogue = load_catalogue(self.settings)
        put_voices(self.store, "f2")

    def speak(self, manifest: str, engine: FakeEngine, toml: str = "") -> dict[str, IndexRow]:
        """The rows of a csv manifest by id."""
        self.store.write("manifests/b.csv", manifest.encode())
        self.store.write("manifests/b.toml", f'voice = "f2"\n{toml}'.encode())
        save_utterances(self.store, "b", read_utterances(self.store, "b", self.settings, self.catalogue))
        report = speak_batch("b", SynthesisContext(self.store, self.cache, self.catalogue, engine.load))
        return {row.id: row for row in report.rows}


@pytest.fixture
def workspace(tmp_path: Path, cache: Path) -> Workspace:
    return Workspace(tmp_path / "store", cache)


CROWDED_TIMES = {"a": "0,9", "b": "10,10.4", "c": "10.5,10.6"}
#: The same words three times: one clip at fit = "pad". The second has too little time, the last has no next line.
CROWDED = "".join(
    ["id,text,start,end\n", *(f"{name},She waited for the bus.,{times}\n" for name, times in CROWDED_TIMES.items())]
)


def test_a_line_that_is_too_long_for_its_time_is_suspect(workspace: Workspace) -> None:
    engine = FakeEngine()
    rows = workspace.speak(CROWDED, engine, 'fit = "pad"')
    assert len(engine.spoken) == 1
    assert {id: row.status for id, row in rows.items()} == {"a": "ok", "b": "suspect", "c": "ok"}
    overrun = rows["b"].quality["overrun_seconds"]
    assert isinstance(overrun, float)
    assert rows["b"].reason == f"{overrun:.1f} s longer than the time until the next line"
    assert overrun == pytest.approx((rows["b"].audio_seconds or 0) - 0.5, abs=0.12)  # without the silence at its end


def test_times_are_judged_again_when_they_change_and_nothing_is_spoken(workspace: Workspace) -> None:
    workspace.speak(CROWDED, FakeEngine(), 'fit = "pad"')
    again = FakeEngine(dies_after=0)
    later = workspace.speak(CROWDED.replace(",10.5,10.6", ",20,30"), again, 'fit = "pad"')
    assert {row.status for row in later.values()} == {"ok"}
    back = workspace.speak(CROWDED, again, 'fit = "pad"')
    assert [row.status for row in back.values()] == ["ok", "suspect", "ok"]
    tolerant = workspace.speak(CROWDED, again, 'fit = "pad"\nquality = { max_overrun_seconds = 5 }')
    assert {row.status for row in tolerant.values()} == {"ok"}


def test_a_line_that_is_spoken_faster_is_in_time(workspace: Workspace) -> None:
    rows = workspace.speak("id,text,start,end\na,She waited for the bus.,0,1.1\nb,Yes.,1.15,3\n", FakeEngine())
    assert [row.status for row in rows.values()] == ["ok", "ok"]
    assert 1.0 < float(rows["a"].quality["speed"] or 0) < MAX_SPEED_UP
    assert rows["b"].quality["speed"] == 1.0
