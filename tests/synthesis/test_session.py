"""Synthesis sessions: only missing clips are spoken. Real clip store; the engine has no model."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from f5_pipeline.audio.samples import SAMPLE_RATE
from f5_pipeline.engine.protocol import HOP_LENGTH, Chunk, SpokenChunk
from f5_pipeline.errors import StoreUnusable
from f5_pipeline.models.weights import ReadyModel
from f5_pipeline.quality import signal
from f5_pipeline.quality.signal import QualityMeasures
from f5_pipeline.results.clips import ClipInfo, ClipStore, Facts
from f5_pipeline.results.garbage_collection import clean
from f5_pipeline.results.index import write_index
from f5_pipeline.results.keys import derive_seed
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.synthesis.executor import SynthesisResult
from tests.synthesis.fake_engine import FakeEngine, clipped, quiet, silent
from tests.synthesis.jobs import LONG_TEXT, MODEL, REFERENCE, SAMPLING, SENTENCES, SPEC, TEXTS, Run, line, lines


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


#: Damage → a function of an undamaged FLAC file.
DAMAGE = {
    "empty": lambda data: b"",
    "truncated": lambda data: data[:-100],
    "one byte changed": lambda data: data[:-2000] + bytes([data[-2000] ^ 255]) + data[-1999:],
}

# --- each clip is spoken once ---------------------------------------------------------------------------------


def test_each_line_has_its_own_clip(run: Run) -> None:
    engine = FakeEngine()
    result = run(lines(), engine)
    assert sorted(engine.texts) == sorted(TEXTS)
    assert [row.id for row in result.rows] == ["1", "2", "3"]
    assert [(row.status, row.cached, row.attempts) for row in result.rows] == [("ok", False, 1)] * 3
    assert result.clips_spoken == run.clip_count == len({row.key for row in result.rows}) == 3
    assert result.audio_seconds_spoken == pytest.approx(sum(row.audio_seconds or 0 for row in result.rows))


def test_an_index_row_describes_its_stored_clip(run: Run) -> None:
    (row,) = run([line()], FakeEngine()).rows
    clip = run.clips.load(row.key)
    assert row.clip == clip.info.clip == f"clips/{row.key[:2]}/{row.key}.flac"
    assert row.clip_bytes == clip.info.size == run.path(row).stat().st_size
    assert row.audio_seconds == clip.samples.size / SAMPLE_RATE
    assert row.seed == derive_seed(line().parts())
    assert (row.text, row.spoken_text, row.voice, row.model) == (TEXTS[0], TEXTS[0], "anna", "demo")
    assert row.quality["level_db"] == pytest.approx(-28, abs=6)


@pytest.mark.parametrize("indexed", [True, False])
def test_a_second_run_reuses_all_clips_and_loads_no_engine(run: Run, indexed: bool) -> None:
    first = run(lines(), FakeEngine())
    if not indexed:
        run.drop_index()
    engine = FakeEngine()
    second = run(lines(), engine)
    assert (engine.loaded, engine.spoken, second.clips_spoken, second.audio_seconds_spoken) == ([], [], 0, 0.0)
    assert second.rows == tuple(replace(row, cached=True) for row in first.rows)


def test_clips_in_the_index_are_not_read_again(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run(lines(), FakeEngine())
    reads: list[str] = []
    monkeypatch.setattr(LocalStore, "read", lambda self, key, first=None: reads.append(key))
    run(lines())
    assert reads == []


def test_only_an_edited_line_is_spoken(run: Run) -> None:
    run(lines(), FakeEngine())
    engine = FakeEngine()
    result = run(lines(TEXTS[0], "something else entirely.", TEXTS[2]), engine)
    assert engine.texts == ["something else entirely."]
    assert [row.cached for row in result.rows] == [True, False, True]


def test_identical_lines_are_spoken_once(run: Run) -> None:
    engine = FakeEngine()
    result = run(lines(TEXTS[0], TEXTS[1], TEXTS[0]), engine)
    assert sorted(engine.texts) == sorted(TEXTS[:2])
    assert [row.id for row in result.rows] == ["1", "2", "3"]
    assert result.rows[0].key == result.rows[2].key != result.rows[1].key
    assert result.clips_spoken == 2


def test_a_reused_clip_has_the_id_and_columns_of_its_new_line(run: Run) -> None:
    run([line()], FakeEngine())
    other = line(TEXTS[0], "9", attempts=5)
    other = replace(other, utterance=replace(other.utterance, columns={"note": "x"}, section="s"))
    (row,) = run([other]).rows
    assert (row.id, row.cached, row.columns) == ("9", True, {"note": "x"})


def test_an_empty_batch_has_an_empty_result(run: Run) -> None:
    assert run([]) == SynthesisResult((), 0, 0.0)


def test_the_result_names_the_device_that_spoke_at_the_end(run: Run) -> None:
    """A model may move to the CPU while it speaks."""

    class Moving(FakeEngine):
        def speak(self, chunks: Sequence[Chunk]) -> Iterator[SpokenChunk]:
            yield from super().speak(chunks)
            self.placement = "cpu, because the device fake:0 cannot run the model: no mish."

    assert run(lines(), Moving()).device == "cpu, because the device fake:0 cannot run the model: no mish."
    assert run(lines()).device == ""  # nothing was left to speak


def test_progress_counts_missing_clips(run: Run) -> None:
    calls: list[object] = []

    class RecordingProgress:
        def begin(self, lines: int, missing: int, audio_seconds: float, waiting: int = 0) -> None:
            calls.append((lines, missing, round(audio_seconds, 1), waiting))

        def advance(self, audio_seconds: float) -> None:
            calls.append(round(audio_seconds, 1))

    run(lines(TEXTS[0]), FakeEngine())
    run.drop_index()
    result = run(lines(TEXTS[0], TEXTS[1], TEXTS[1]), FakeEngine(), progress=RecordingProgress())
    seconds = round(result.rows[1].audio_seconds or 0, 1)
    assert calls == [(3, 1, seconds, 0), seconds]


# --- crashes and damage ---------------------------------------------------------------------------------------


def test_after_a_crash_only_the_missing_clips_are_spoken(run: Run) -> None:
    batch = lines(*(f"line number {n} of twenty." for n in range(20)))
    crashed = FakeEngine(dies_after=7)
    with pytest.raises(KeyboardInterrupt):
        run(batch, crashed)
    assert run.clip_count == 7
    engine = FakeEngine()
    result = run(batch, engine)
    assert sorted([*crashed.texts, *engine.texts]) == sorted(request.utterance.text for request in batch)
    assert sum(row.cached for row in result.rows) == 7
    assert result.clips_spoken == len(engine.spoken) == 13


def test_a_full_disk_stops_the_run_and_keeps_the_stored_clips(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = lines(*(f"line number {n} of twenty." for n in range(20)))
    save, saved = ClipStore.save, list[str]()

    def full_after_five(self: ClipStore, key: str, *clip: Any) -> ClipInfo:
        if len(saved) >= 5:
            raise StoreUnusable("store", "the disk is full.", "Delete files.")
        saved.append(key)
        return save(self, key, *clip)

    monkeypatch.setattr(ClipStore, "save", full_after_five)
    with pytest.raises(StoreUnusable):
        run(batch, FakeEngine())
    monkeypatch.setattr(ClipStore, "save", save)
    assert run.clip_count == len(saved) < 20
    engine = FakeEngine()
    result = run(batch, engine)
    assert len(engine.spoken) == 20 - len(saved)
    assert {row.key for row in result.rows if row.cached} == set(saved)


@pytest.mark.parametrize("indexed", [True, False])
@pytest.mark.parametrize("damage", ["deleted", "empty", "truncated", "another clip"])
def test_a_damaged_clip_is_spoken_again(run: Run, damage: str, indexed: bool) -> None:
    first = run(lines(), FakeEngine())
    path, other = run.path(first.rows[1]), run.path(first.rows[0])
    undamaged = path.read_bytes()
    if damage == "deleted":
        path.unlink()
    else:
        path.write_bytes(other.read_bytes() if damage == "another clip" else DAMAGE[damage](undamaged))
    if not indexed:
        run.drop_index()
    engine = FakeEngine()
    second = run(lines(), engine)
    assert engine.texts == [TEXTS[1]]
    assert path.read_bytes() == undamaged
    assert [row.cached for row in second.rows] == [True, False, True]
    assert [row.key for row in second.rows] == [row.key for row in first.rows]


def test_a_clip_with_foreign_facts_is_spoken_again(run: Run) -> None:
    """The file is undamaged and under the right key, but another program wrote it."""
    run.clips.save(line().key, np.zeros(9_000, np.float32), {"note": "mine"})
    engine = FakeEngine()
    (row,) = run([line()], engine).rows
    assert (engine.texts, row.status, row.cached) == ([TEXTS[0]], "ok", False)


def test_an_unreadable_store_is_an_error_and_nothing_is_spoken(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run(lines(), FakeEngine())
    run.drop_index()

    def refuse(self: LocalStore, key: str, first: int | None = None) -> bytes:
        raise StoreUnusable("store", "cannot be read.", "Check it.")

    monkeypatch.setattr(LocalStore, "read", refuse)
    engine = FakeEngine()
    with pytest.raises(StoreUnusable):
        run(lines(), engine)
    assert engine.spoken == []


# --- failing lines --------------------------------------------------------------------------------------------


def test_a_failing_chunk_fails_only_its_line(run: Run) -> None:
    result = run(lines(), FakeEngine(fails="second"))
    assert [row.status for row in result.rows] == ["ok", "failed", "ok"]
    failed = result.rows[1]
    assert (failed.reason, failed.key, failed.clip) == ("RuntimeError: engine failed", "", "")
    assert (failed.audio_seconds, failed.clip_bytes, failed.attempts) == (None, None, 1)
    assert result.clips_spoken == run.clip_count == 2
    engine = FakeEngine()
    assert [row.status for row in run(lines(), engine).rows] == ["ok"] * 3
    assert engine.texts == [TEXTS[1]]


def test_one_failing_chunk_fails_a_long_text(run: Run) -> None:
    text = f"{'a word and another one. ' * 30}and then the bad one."
    result = run([line(text), line(id="2")], FakeEngine(fails="bad"))
    assert [row.status for row in result.rows] == ["failed", "ok"]
    assert "engine failed" in result.rows[0].reason
    assert not result.rows[0].clip


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_samples_that_are_not_finite_fail_their_line(run: Run, value: float) -> None:
    result = run(lines(), FakeEngine(takes={"second": [lambda samples: samples + value]}))
    assert [row.status for row in result.rows] == ["ok", "failed", "ok"]
    assert "finite" in result.rows[1].reason
    assert run.clip_count == 2


# --- takes ----------------------------------------------------------------------------------------------------


def test_after_a_suspect_take_the_next_is_spoken_with_another_seed(run: Run) -> None:
    engine = FakeEngine(takes={"second": [clipped, clipped]})
    result = run(lines(), engine)
    assert [row.attempts for row in result.rows] == [1, 3, 1]
    assert [row.status for row in result.rows] == ["ok"] * 3
    takes = [chunk for chunk in engine.spoken if chunk.text == TEXTS[1]]
    assert len({chunk.seed for chunk in takes}) == len(takes) == 3
    assert result.rows[1].key == lines()[1].take_keys[2]
    assert result.rows[1].seed == takes[2].seed
    assert result.clips_spoken == run.clip_count == 5  # every take is a clip
    assert engine.loaded == ["demo"]


def test_the_best_of_all_suspect_takes_is_chosen(run: Run) -> None:
    engine = FakeEngine(takes={"second": [clipped, quiet, clipped]})
    row = run(lines(), engine).rows[1]
    assert (row.status, row.attempts, row.key) == ("suspect", 3, lines()[1].take_keys[1])
    assert "quiet" in row.reason


@pytest.mark.parametrize("indexed", [True, False])
def test_a_second_run_finds_all_takes(run: Run, indexed: bool) -> None:
    first = run(lines(), FakeEngine(takes={"first": [clipped], "second": [clipped, quiet, clipped]}))
    if not indexed:
        run.drop_index()
    second = run(lines())
    assert second.clips_spoken == 0
    assert second.rows == tuple(replace(row, cached=True) for row in first.rows)


def test_a_chosen_take_that_was_deleted_is_spoken_again(run: Run) -> None:
    first = run([line()], FakeEngine(takes={"first": [clipped, quiet, clipped]}))
    run.path(first.rows[0]).unlink()
    engine = FakeEngine()
    (row,) = run([line()], engine).rows
    assert len(engine.spoken) == 1  # the other two takes are still stored
    assert (row.status, row.key) == ("ok", first.rows[0].key)


def test_more_attempts_add_takes_and_fewer_attempts_ignore_some(run: Run) -> None:
    engine = FakeEngine(takes={"first": [clipped, clipped]})
    (row,) = run([line(attempts=1)], engine).rows
    assert (row.status, row.attempts, len(engine.spoken)) == ("suspect", 1, 1)
    (row,) = run([line(attempts=4)], engine).rows
    assert (row.status, row.attempts, len(engine.spoken)) == ("ok", 3, 3)
    (row,) = run([line(attempts=1)]).rows
    assert (row.status, row.attempts, row.cached) == ("suspect", 1, True)


def test_a_crash_between_takes_keeps_the_stored_takes(run: Run) -> None:
    engine = FakeEngine(takes={"line": [clipped, clipped]}, dies_after=3)
    with pytest.raises(KeyboardInterrupt):
        run(lines(TEXTS[0], TEXTS[1]), engine)
    engine.dies_after = None
    result = run(lines(TEXTS[0], TEXTS[1]), engine)
    assert [(row.status, row.attempts) for row in result.rows] == [("ok", 3)] * 2
    assert len(engine.spoken) == run.clip_count == 6


def test_a_line_fails_if_all_its_takes_are_silent(run: Run) -> None:
    (row,) = run([line()], FakeEngine(takes={"first": [silent, silent]})).rows
    assert (row.status, row.attempts) == ("ok", 3)
    (row,) = run([line(TEXTS[1])], FakeEngine(takes={"second": [silent] * 3})).rows
    assert (row.status, row.attempts, row.reason) == ("failed", 3, "it is silent")


def test_a_suspect_take_is_chosen_if_the_next_take_fails(run: Run) -> None:
    class FailsLater(FakeEngine):
        def speak(self, chunks: Sequence[Chunk]) -> Iterator[SpokenChunk]:
            self.fails = "first" if self.spoken else "\0"
            return super().speak(chunks)

    (row,) = run([line()], FailsLater(takes={"first": [clipped]})).rows
    assert (row.status, row.key) == ("suspect", line().key)
    assert run.clip_count == 1


def test_the_seed_of_the_user_is_the_seed_of_the_first_take(run: Run) -> None:
    engine = FakeEngine(takes={"first": [clipped]})
    (row,) = run([line(seed=42)], engine).rows
    assert engine.spoken[0].seed == 42
    assert engine.spoken[1].seed != 42
    assert row.seed == engine.spoken[1].seed


@pytest.mark.parametrize("text", [TEXTS[0], "hello there. 你好世界"])
def test_the_seed_of_a_row_reproduces_its_take(run: Run, text: str) -> None:
    engine = FakeEngine()
    (row,) = run([line(text)], engine).rows
    assert [(chunk.seed, chunk.text) for chunk in engine.spoken] == [(row.seed, text)]
    (again,) = run([line(text, seed=row.seed)]).rows
    assert again.key == row.key


# --- a slow store ---------------------------------------------------------------------------------------------


def test_the_engine_waits_for_a_slow_store(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    savers, max_unsaved, count = 2, 5, 40
    spoken, saved, unsaved, save = list[int](), list[str](), list[int](), ClipStore.save
    ready = threading.Semaphore(0)

    class RecordingEngine(FakeEngine):
        def speak(self, chunks: Sequence[Chunk]) -> Iterator[SpokenChunk]:
            for chunk in super().speak(chunks):
                spoken.append(chunk.index)
                ready.release()
                yield chunk

    def slow_save(self: ClipStore, key: str, *clip: Any) -> ClipInfo:
        ready.acquire()
        time.sleep(0.01)  # in which the engine could speak all chunks
        unsaved.append(len(spoken) - len(saved))
        saved.append(key)
        return save(self, key, *clip)

    monkeypatch.setattr(ClipStore, "save", slow_save)
    batch = lines(*(f"line number {n} of many." for n in range(count)))
    run(batch, RecordingEngine(), savers=savers, max_unsaved=max_unsaved)
    assert run.clip_count == count
    assert max(unsaved) <= max_unsaved + 2  # one that was just spoken, and one that the other saver has not counted


def test_clips_are_stored_while_others_are_spoken(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Engine and store wait for each other, so the test would never end if they took turns."""
    storing, speaking, save = threading.Event(), threading.Event(), ClipStore.save

    class WaitingEngine(FakeEngine):
        def speak(self, chunks: Sequence[Chunk]) -> Iterator[SpokenChunk]:
            for number, chunk in enumerate(super().speak(chunks)):
                if number == 1:
                    assert storing.wait(60)
                    speaking.set()
                yield chunk

    def waiting_save(*clip: Any) -> ClipInfo:
        storing.set()
        assert speaking.wait(60)
        return save(*clip)

    monkeypatch.setattr(ClipStore, "save", waiting_save)
    run(lines("line number one of many.", "line number two of many."), WaitingEngine())
    assert run.clip_count == 2


# --- long texts -----------------------------------------------------------------------------------------------

PARAGRAPH = " ".join(f"a word, then number {n}, is what it takes to fill a line." for n in range(8))


def test_a_long_text_is_spoken_in_chunks_and_joined_with_pauses(run: Run) -> None:
    text = f"{PARAGRAPH}\n\n{PARAGRAPH.replace('word', 'verb')}"
    engine = FakeEngine()
    (row,) = run([line(text, attempts=1)], engine).rows
    assert len(engine.spoken) >= 4
    assert run.clip_count == 1 + len(engine.spoken)
    planned = sum(chunk.frames for chunk in engine.spoken) * HOP_LENGTH / SAMPLE_RATE
    fades = (len(engine.spoken) - 2) * SAMPLING.cross_fade_duration
    assert row.audio_seconds == pytest.approx(planned + 0.6 - fades, abs=0.01)


def test_chunks_are_joined_in_the_order_of_the_text(run: Run) -> None:
    """The engine yields them in reverse order."""
    levels = {}

    class CrescendoEngine(FakeEngine):
        """Speaks each chunk as a constant, louder than the one before it in the text."""

        def speak(self, chunks: Sequence[Chunk]) -> Iterator[SpokenChunk]:
            for chunk in super().speak(chunks):
                assert chunk.samples is not None
                levels[chunk.index] = 0.01 + 0.02 * chunk.index
                yield replace(chunk, samples=np.full_like(chunk.samples, levels[chunk.index]))

    (row,) = run([line(PARAGRAPH, attempts=1)], CrescendoEngine()).rows
    samples = run.clips.load(row.key).samples
    assert len(levels) > 1
    assert (np.diff(samples) >= -1e-4).all()
    assert samples[0] == pytest.approx(levels[0], abs=1e-4)
    assert samples[-1] == pytest.approx(levels[len(levels) - 1], abs=1e-4)


def test_a_chunk_does_not_depend_on_the_rest_of_its_text() -> None:
    """Key and seed of a chunk follow from its own text, so that an edit elsewhere does not change it."""
    chunks = line(LONG_TEXT).chunks()
    edited = line(" ".join([SENTENCES[0], SENTENCES[1].upper(), SENTENCES[3]])).chunks()
    assert len(chunks) == 4
    assert chunks[0] == edited[0]
    assert chunks[0].key == line(SENTENCES[0]).key


def test_an_edited_word_in_a_long_text_speaks_one_chunk(run: Run) -> None:
    engine = FakeEngine()
    run([line(LONG_TEXT)], engine)
    assert len(engine.spoken) == 4
    edited = [SENTENCES[0], SENTENCES[1].replace("number", "letter"), *SENTENCES[2:]]
    engine = FakeEngine()
    (row,) = run([line(" ".join(edited))], engine).rows
    assert engine.texts == [edited[1]]
    assert row.status == "ok"


def test_an_interrupted_long_text_is_continued(run: Run, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run([line(LONG_TEXT)], FakeEngine(dies_after=3))
    engine = FakeEngine()
    (row,) = run([line(LONG_TEXT)], engine).rows
    assert len(engine.spoken) == 1
    undisturbed = Run(tmp_path / "undisturbed")
    (expected,) = undisturbed([line(LONG_TEXT)], FakeEngine()).rows
    assert (row.key, run.path(row).read_bytes()) == (expected.key, undisturbed.path(expected).read_bytes())


def test_a_chunk_and_a_line_with_the_same_text_are_spoken_once(run: Run) -> None:
    engine = FakeEngine()
    result = run([line(LONG_TEXT), line(SENTENCES[2], "2")], engine)
    assert len(engine.spoken) == 4
    assert [row.status for row in result.rows] == ["ok", "ok"]
    engine = FakeEngine()
    run([line(SENTENCES[0], "3")], engine)
    assert not engine.spoken


def test_a_deleted_clip_of_a_long_text_is_joined_again_without_speaking(run: Run) -> None:
    (row,) = run([line(LONG_TEXT)], FakeEngine()).rows
    before = run.path(row).read_bytes()
    run.path(row).unlink()
    engine = FakeEngine()
    result = run([line(LONG_TEXT)], engine)
    assert (engine.spoken, engine.loaded) == ([], [])  # joining needs no model
    assert (result.clips_spoken, result.audio_seconds_spoken) == (0, 0.0)
    assert run.path(result.rows[0]).read_bytes() == before


def test_only_the_suspect_chunk_of_a_long_text_is_spoken_again(run: Run) -> None:
    engine = FakeEngine(takes={"is number 2": [clipped, clipped]})
    (row,) = run([line(LONG_TEXT)], engine).rows
    assert [text for text in engine.texts if text != SENTENCES[2]] == [SENTENCES[3], SENTENCES[1], SENTENCES[0]]
    assert engine.texts.count(SENTENCES[2]) == 3
    assert (row.status, row.attempts, engine.loaded) == ("ok", 3, ["demo"])
    first, third = (line(LONG_TEXT).chunks(attempt) for attempt in (1, 3))
    run.drop_index()
    (first_take,) = run([line(LONG_TEXT, attempts=1)]).rows
    assert (first_take.status, first_take.reason[:21]) == ("suspect", "chunk 3 of 4: clipped")
    run.drop_index()
    assert row.chunk_keys == (first[0].key, first[1].key, third[2].key, first[3].key)
    assert row.seed is None  # no single seed reproduces all chunks
    assert run([line(LONG_TEXT)]).rows == (replace(row, cached=True),)
    run.drop_index()
    assert run([line(LONG_TEXT)]).rows == (replace(row, cached=True),)


def test_a_take_that_another_run_joined_is_judged_by_its_own_chunks(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other run had other thresholds and therefore joined other chunks."""
    key, other_chunks, save = line(LONG_TEXT).key, list[str](), ClipStore.save

    def save_after_another_run(self: ClipStore, of: str, samples: np.ndarray, facts: Facts, *chunks: Any) -> ClipInfo:
        if of == key:
            other_chunks.extend(chunk.key for chunk in line(LONG_TEXT).chunks(2))
            save(self, of, samples, facts, tuple(other_chunks))
        return save(self, of, samples, facts, *chunks)

    monkeypatch.setattr(ClipStore, "save", save_after_another_run)
    (row,) = run([line(LONG_TEXT)], FakeEngine()).rows
    assert list(row.chunk_keys) == other_chunks


def test_a_joined_clip_that_is_suspect_without_a_suspect_chunk_is_spoken_again(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, measure = FakeEngine(), signal.measure

    def too_long_at_first(samples: np.ndarray, rate: int, seconds: float, text: str) -> QualityMeasures:
        measures = measure(samples, rate, seconds, text)
        is_first_take = len(engine.spoken) == 4 and text == LONG_TEXT
        return replace(measures, duration_ratio=9.0) if is_first_take else measures

    monkeypatch.setattr(signal, "measure", too_long_at_first)
    (row,) = run([line(LONG_TEXT)], engine).rows
    assert sorted(engine.texts) == sorted(SENTENCES * 2)
    assert (row.status, row.attempts) == ("ok", 2)


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_chunk_is_spoken_again(run: Run, damage: str) -> None:
    (row,) = run([line(LONG_TEXT)], FakeEngine()).rows
    before = run.path(row).read_bytes()
    run.path(row).unlink()
    path = run.chunk_path(line(LONG_TEXT).chunks()[2])
    undamaged = path.read_bytes()
    path.write_bytes(DAMAGE[damage](undamaged))
    engine = FakeEngine()
    (again,) = run([line(LONG_TEXT)], engine).rows
    assert engine.texts == [SENTENCES[2]]
    assert path.read_bytes() == undamaged
    assert run.path(again).read_bytes() == before


def test_a_damaged_chunk_of_an_earlier_take_is_spoken_again_with_its_own_seed(run: Run) -> None:
    engine = FakeEngine(takes={"is number 2": [clipped]}, dies_after=4)
    with pytest.raises(KeyboardInterrupt):
        run([line(LONG_TEXT)], engine)
    first_chunk = line(LONG_TEXT).chunks()[0]
    path = run.chunk_path(first_chunk)
    undamaged = path.read_bytes()
    path.write_bytes(DAMAGE["one byte changed"](undamaged))
    engine = FakeEngine()
    run([line(LONG_TEXT)], engine)
    assert {(chunk.text, chunk.seed) for chunk in engine.spoken} == {
        (SENTENCES[0], first_chunk.seed),
        (SENTENCES[2], line(LONG_TEXT).chunks(2)[2].seed),
    }
    assert path.read_bytes() == undamaged


def test_ten_thousand_characters_are_spoken_in_chunks_that_fit_the_model(run: Run) -> None:
    text = " ".join(f"{sentence[:-1]} of part {part}." for part in range(14) for sentence in SENTENCES)
    engine = FakeEngine()
    (row,) = run([line(text)], engine).rows
    assert len(text) > 10_000
    assert row.status == "ok"
    max_seconds = SPEC.max_seconds - REFERENCE.seconds
    assert all(chunk.frames * HOP_LENGTH / SAMPLE_RATE <= max_seconds + 0.02 for chunk in engine.spoken)
    assert " ".join(reversed(engine.texts)) == text


def test_an_index_row_names_the_chunks_of_a_long_text_so_that_they_are_not_orphaned(run: Run) -> None:
    result = run([line(LONG_TEXT)], FakeEngine())
    (row,) = result.rows
    assert list(row.chunk_keys) == [chunk.key for chunk in line(LONG_TEXT).chunks()]
    assert set(line(LONG_TEXT).all_clip_keys()) >= {row.key, *row.chunk_keys}
    write_index(run.store, "book", result.rows)
    assert clean(run.store, []).clips == 0
    assert run.clip_count == 1 + 4


def test_garbage_collection_keeps_takes_that_were_not_chosen_and_their_chunks(run: Run) -> None:
    result = run([line(LONG_TEXT)], FakeEngine(takes={"is number 2": [clipped, clipped]}))
    write_index(run.store, "book", result.rows)
    assert clean(run.store, []).clips == 0
    assert run.clip_count == 3 + 6  # three takes; the chunks of the first, and two more of the third chunk
    write_index(run.store, "book", run([line(LONG_TEXT)]).rows)
    assert clean(run.store, []).clips == 0
    run.drop_index()
    assert run([line(LONG_TEXT)]).rows == (replace(result.rows[0], cached=True),)


def test_models_are_loaded_one_after_another_and_only_if_needed(run: Run) -> None:
    second = ReadyModel(replace(SPEC, name="other"), replace(MODEL.files, fingerprint="9" * 64))
    batch = [line(), replace(line(TEXTS[1], "2"), model=second), line(TEXTS[2], "3")]
    engine = FakeEngine()
    run(batch, engine)
    assert engine.loaded == ["demo", "other"]
    assert len(engine.spoken) == 3
    engine = FakeEngine()
    run([*batch, replace(line("one more.", "4"), model=second)], engine)
    assert engine.loaded == ["other"]
